"""A walk through a function's statements, which finds none that could wait or run unknown code."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Collection, Mapping, Sequence
from types import FunctionType
from typing import Any

from starlette import status as starlette_status
from starlette.exceptions import HTTPException as StarletteHTTPException

import vivace.status
from vivace.analyse.value_kinds import Kind, joined, kind_of_value
from vivace.exceptions import HTTPException

NUMBER, TEXT, VALUE, DATA, OPAQUE = Kind.NUMBER, Kind.TEXT, Kind.VALUE, Kind.DATA, Kind.OPAQUE

#: Built-in functions of one plain value, with the kind of what they return. ``bytes`` and
#: ``range`` of a client's number are not among them, nor is anything that looks up a codec.
CONVERSIONS: dict[str, Kind] = {
    **dict.fromkeys(("bool", "float", "len"), NUMBER),
    **dict.fromkeys(("str", "repr"), TEXT),
    **dict.fromkeys(("list", "tuple", "set", "frozenset"), DATA),
}
#: Methods of ``str`` that take time in proportion to the text.
TEXT_METHODS: dict[str, Kind] = {
    **dict.fromkeys(("strip", "lstrip", "rstrip", "removeprefix", "removesuffix"), TEXT),
    **dict.fromkeys(("lower", "upper", "title", "capitalize", "casefold", "swapcase"), TEXT),
    "replace": TEXT,
    **dict.fromkeys(("startswith", "endswith", "find", "rfind", "index", "count"), NUMBER),
    **dict.fromkeys(("isalpha", "isalnum", "isdigit", "isdecimal", "isnumeric"), NUMBER),
    **dict.fromkeys(("isascii", "islower", "isupper", "isspace", "isidentifier"), NUMBER),
    **dict.fromkeys(("split", "rsplit", "splitlines", "partition", "rpartition"), DATA),
}
#: Exceptions that only store their arguments, and those that look up the phrase of a status.
EXCEPTIONS = (ValueError, TypeError, RuntimeError, LookupError, KeyError, IndexError, Exception)
HTTP_EXCEPTIONS = (StarletteHTTPException, HTTPException)
STATUS_MODULES = (starlette_status, vivace.status)
#: Operators of numbers whose result may be as large as the client likes.
UNBOUNDED = (ast.Pow, ast.LShift)


class Proof:
    """Looks at one function; methods answer ``None`` or False for what is not harmless.

    Args:
        parameters: The kinds of the parameters, every one of them.
        receiver: The parameter on which attributes may be set.
        bindings: Gives the names that the function's module binds, with how often it does.
        readable: For parameters of which something is known, whether an attribute can be read.
    """

    def __init__(
        self,
        function: FunctionType,
        parameters: Mapping[str, Kind],
        receiver: str | None,
        bindings: Callable[[], Mapping[str, int]],
        readable: Mapping[str, Callable[[str], bool]],
    ) -> None:
        code = function.__code__
        self.kinds: dict[str, Kind] = dict(parameters)
        self.returned: list[Kind] = []
        self._receiver = receiver
        self._local: Collection[str] = {*code.co_varnames, *code.co_cellvars, *code.co_freevars}
        self._globals = function.__globals__
        self._bindings = bindings
        self._readable = dict(readable)

    def accepts(self, statements: Sequence[ast.stmt]) -> bool:
        return all(map(self._statement, statements))

    def _statement(self, node: ast.stmt) -> bool:
        match node:
            case ast.Pass():
                return True
            case ast.Return(value=value):
                kind = VALUE if value is None else self.kind(value)
                if kind is not None:
                    self.returned.append(kind)
                return kind is not None
            case ast.Expr(value=value):
                return self.kind(value) is not None
            case ast.Assign(targets=[target], value=value):
                return self._assign(target, self.kind(value))
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                return self._assign(target, self.kind(value))
            case ast.If(test=test, body=body, orelse=orelse):
                return self._is_plain(test) and self.accepts(body) and self.accepts(orelse)
            case ast.Raise(exc=ast.expr() as error, cause=None):
                # A class would be called here, and an instance may be anyone's.
                return self.kind(error) is Kind.EXCEPTION
        return False

    def _assign(self, target: ast.expr, kind: Kind | None) -> bool:
        match target:
            case ast.Name(id=name) if name != self._receiver and kind is not None:
                # A name that is assigned twice in branches keeps no knowledge.
                self.kinds[name] = OPAQUE if name in self.kinds else kind
                self._readable.pop(name, None)
                return True
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                # `__class__` and `__dict__` would turn it into something else.
                is_own = name == self._receiver and not attribute.startswith("__")
                return is_own and kind is not None
        return False

    def _is_plain(self, node: ast.expr) -> bool:
        kind = self.kind(node)
        return kind is not None and kind.is_plain

    def kind(self, node: ast.expr) -> Kind | None:
        """The kind of an expression's value; ``None`` where evaluating it is not harmless."""
        match node:
            case ast.Constant(value=value):
                return kind_of_value(value)
            case ast.Name(id=name):
                return self.kinds.get(name, OPAQUE)
            case ast.JoinedStr(values=parts):
                return TEXT if all(map(self._is_plain, parts)) else None
            case ast.FormattedValue(value=value, format_spec=None):
                return TEXT if self._is_plain(value) else None
            case ast.Tuple(elts=items) | ast.List(elts=items):
                return self._container(items)
            case ast.Set(elts=items):
                return DATA if all(map(self._is_plain, items)) else None
            case ast.Dict(keys=keys, values=values):
                if not all(key is not None and self._is_plain(key) for key in keys):
                    return None
                return self._container(values)
            case ast.Compare(left=left, ops=ops, comparators=others):
                return self._compare(ops, [left, *others])
            case ast.BoolOp(values=values):
                return self._joined_plain(values)
            case ast.UnaryOp(op=op, operand=operand):
                kind = self._joined_plain([operand])
                return NUMBER if kind is not None and isinstance(op, ast.Not) else kind
            case ast.BinOp(left=left, op=op, right=right):
                return self._arithmetic(op, self.kind(left), self.kind(right))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self._choice(test, body, orelse)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                if name in self._readable:
                    return OPAQUE if self._readable[name](attribute) else None
                return self._status(name, attribute)
            case ast.Call(func=func, args=args, keywords=keywords):
                return self._call(func, args, keywords)
        return None

    def _all(self, nodes: Sequence[ast.expr]) -> list[Kind] | None:
        """The kinds of ``nodes``, where each of them is harmless."""
        kinds = [self.kind(node) for node in nodes]
        return None if None in kinds else [kind for kind in kinds if kind is not None]

    def _container(self, items: Sequence[ast.expr]) -> Kind | None:
        kinds = self._all(items)
        if kinds is None:
            return None
        return DATA if all(kind.is_plain or kind is DATA for kind in kinds) else OPAQUE

    def _joined_plain(self, nodes: Sequence[ast.expr]) -> Kind | None:
        kinds = self._all(nodes)
        return joined(kinds) if kinds and all(kind.is_plain for kind in kinds) else None

    def _compare(self, ops: Sequence[ast.cmpop], operands: Sequence[ast.expr]) -> Kind | None:
        kinds = self._all(operands)
        if kinds is None:
            return None
        by_identity = all(isinstance(op, (ast.Is, ast.IsNot)) for op in ops)
        return NUMBER if by_identity or all(kind.is_plain for kind in kinds) else None

    def _arithmetic(self, op: ast.operator, left: Kind | None, right: Kind | None) -> Kind | None:
        if left is NUMBER and right is NUMBER:
            return None if isinstance(op, UNBOUNDED) else NUMBER
        if left is None or right is None or not isinstance(op, ast.Add):
            return None
        return joined((left, right)) if left.is_plain and right.is_plain else None

    def _choice(self, test: ast.expr, body: ast.expr, orelse: ast.expr) -> Kind | None:
        kinds = self._all([body, orelse])
        return joined(kinds) if kinds is not None and self._is_plain(test) else None

    def _status(self, name: str, attribute: str) -> Kind | None:
        """The status codes, which are modules' constants; other attributes may be computed."""
        module = self._global(name)
        if not _is_one_of(module, STATUS_MODULES):
            return None
        return NUMBER if type(vars(module).get(attribute)) is int else None

    def _call(
        self, func: ast.expr, args: Sequence[ast.expr], keywords: Sequence[ast.keyword]
    ) -> Kind | None:
        if any(keyword.arg is None for keyword in keywords):
            return None
        named = {str(keyword.arg): keyword.value for keyword in keywords}
        match func:
            case ast.Name(id=name):
                target = self._global(name)
                if _is_one_of(target, HTTP_EXCEPTIONS):
                    return self._http_exception(args, named)
                if _is_one_of(target, EXCEPTIONS) and not named:
                    return Kind.EXCEPTION if self._all(args) is not None else None
                if target is not None and target is getattr(builtins, name, None):
                    return self._builtin(name, args, named)
            case ast.Attribute(value=receiver, attr=method) if not named:
                constant = all(isinstance(argument, ast.Constant) for argument in args)
                if constant and self.kind(receiver) is TEXT:
                    return TEXT_METHODS.get(method)
        return None

    def _http_exception(
        self, args: Sequence[ast.expr], named: Mapping[str, ast.expr]
    ) -> Kind | None:
        status = args[0] if args else named.get("status_code")
        harmless = self._all([*args, *named.values()]) is not None
        if harmless and status is not None and self.kind(status) is NUMBER:
            return Kind.EXCEPTION
        return None

    def _builtin(
        self, name: str, args: Sequence[ast.expr], named: Mapping[str, ast.expr]
    ) -> Kind | None:
        kinds = self._all(args)
        if kinds is None or not all(kind.is_plain for kind in kinds):
            return None
        if name == "dict" and not args:
            return self._container(list(named.values()))
        if named:
            return None
        match name, kinds:
            case (("list" | "tuple" | "set" | "frozenset"), []):
                return DATA
            case (("min" | "max"), [_, *_]):
                return joined(kinds)
            case "int", [Kind.NUMBER | Kind.TEXT]:
                return NUMBER
            case (("abs" | "round"), [Kind.NUMBER]):
                return NUMBER
            case "round", [Kind.NUMBER, Kind.NUMBER] if _is_digit(args[1]):
                return NUMBER
            case _, [_]:
                return CONVERSIONS.get(name)
        return None

    def _global(self, name: str) -> Any:
        """What a global or built-in name means, if it means that for good."""
        if name in self._local:
            return None
        if name in self._globals:
            return self._globals[name] if self._bindings().get(name, 0) <= 1 else None
        found = getattr(builtins, name, None)
        return found if found is not None and name not in self._bindings() else None


def _is_one_of(found: Any, known: Sequence[Any]) -> bool:
    """By identity: an object that says that it is equal may be anything."""
    return any(found is item for item in known)


def _is_digit(node: ast.expr) -> bool:
    """True for a number of decimal places that is small, whoever sends the number to round."""
    return isinstance(node, ast.Constant) and type(node.value) is int and 0 <= node.value < 10
