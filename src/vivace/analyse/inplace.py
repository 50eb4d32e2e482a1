"""The proof that a synchronous function cannot block, so that it needs no worker thread.

A thread hop costs more than most dependencies do. A class that only stores its arguments, or a
function that only picks values apart, can run on the event loop; anything that calls code which
is not known, or touches an attribute that might be computed, cannot. What is not proven is
assumed to block, so the proof may miss harmless functions but never admits a harmful one.

It reads the function's syntax tree. Three kinds of values are told apart:

* numbers, and plain values: built-in immutable types, whose operators and methods are known;
* opaque values: anything else. They may be passed on, stored and compared with ``is``;
  every other use could run unknown code.
"""

from __future__ import annotations

import ast
import builtins
import dataclasses
import datetime
import decimal
import enum
import inspect
import textwrap
import uuid
from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo
from starlette.exceptions import HTTPException as StarletteHTTPException

from vivace.analyse.annotations import members_of, signature_of, without_metadata
from vivace.exceptions import HTTPException

NUMBERS = (int, float, bool, complex, decimal.Decimal)
PLAIN = (
    *(str, bytes, type(None), uuid.UUID),
    *(datetime.date, datetime.time, datetime.datetime, datetime.timedelta),
)
#: Built-in functions that run no code but that of their (plain) arguments.
SAFE_CALLS = {
    *("str", "int", "float", "bool", "bytes", "len", "abs", "min", "max", "round", "repr"),
    *("dict", "list", "tuple", "set", "frozenset"),
}
#: Exceptions whose constructors only store their arguments.
PLAIN_EXCEPTIONS = (StarletteHTTPException, HTTPException)
NUMBER, VALUE, OPAQUE = "number", "value", "opaque"


def cannot_block(call: Callable[..., Any]) -> bool:
    """True where calling ``call`` provably neither waits nor runs code that is not known."""
    try:
        if inspect.isclass(call):
            return _class_only_stores(call)
        if inspect.isfunction(call):
            return _function_is_harmless(call, receiver=None)
        return False
    except (OSError, TypeError, SyntaxError, ValueError, AttributeError):
        return False


def _class_only_stores(cls: Any) -> bool:
    if type(cls) is not type or _is_overridden(cls, "__new__", "__setattr__"):
        return False
    if any(_runs_code_when_set(value) for base in cls.__mro__ for value in vars(base).values()):
        return False
    if not _is_overridden(cls, "__init__"):
        return True
    if dataclasses.is_dataclass(cls) and "__init__" in vars(cls):
        return not hasattr(cls, "__post_init__") and all(
            field.default_factory is dataclasses.MISSING
            or field.default_factory in (list, dict, set)
            for field in dataclasses.fields(cls)
        )
    return _function_is_harmless(vars(_owner(cls, "__init__"))["__init__"], receiver="self")


def _is_overridden(cls: type, *names: str) -> bool:
    return any(_owner(cls, name) is not object for name in names)


def _owner(cls: type, name: str) -> type:
    """The class that defines ``name`` for ``cls``."""
    return next(base for base in cls.__mro__ if name in vars(base))


def _runs_code_when_set(attribute: Any) -> bool:
    """True for a property or another descriptor that a class's author has written."""
    return hasattr(type(attribute), "__set__") and not (
        inspect.ismemberdescriptor(attribute) or inspect.isgetsetdescriptor(attribute)
    )


def _function_is_harmless(function: Callable[..., Any], receiver: str | None) -> bool:
    if hasattr(function, "__wrapped__") or not inspect.isfunction(function):
        return False
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    if not isinstance(tree, ast.FunctionDef) or tree.name != function.__name__:
        return False
    parameters = list(signature_of(function).parameters.values())
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        return False
    kinds = {p.name: _kind_of_parameter(p) for p in parameters}
    if receiver is not None:
        receiver = parameters[0].name
    proof = _Proof(kinds, receiver, function)
    return all(proof.statement(statement) for statement in tree.body)


def _kind_of_parameter(parameter: inspect.Parameter) -> str:
    """The kind of a parameter that is filled from validated input; others are opaque."""
    markers = [parameter.default] if parameter.default is not parameter.empty else []
    annotation = parameter.annotation
    if get_origin(annotation) is Annotated:
        markers += get_args(annotation)[1:]
    known = (FieldInfo, annotated_types.BaseMetadata, annotated_types.GroupedMetadata)
    if not all(isinstance(marker, (*known, *NUMBERS, *PLAIN)) for marker in markers):
        return OPAQUE
    return _kind_of_type(annotation)


def _kind_of_type(annotation: Any) -> str:
    kinds: set[str] = set()
    for member in members_of(without_metadata(annotation)):
        if get_origin(member) is Literal:
            kinds.update(NUMBER if isinstance(a, NUMBERS) else VALUE for a in get_args(member))
        elif member in NUMBERS:
            kinds.add(NUMBER)
        elif member is None or member in PLAIN or _is_plain_enum(member):
            kinds.add(VALUE)
        else:
            return OPAQUE
    return NUMBER if kinds == {NUMBER} else VALUE


def _is_plain_enum(member: Any) -> bool:
    return (
        isinstance(member, type) and issubclass(member, enum.Enum) and "__eq__" not in vars(member)
    )


class _Proof:
    """Walks a function's statements; each method answers whether its node is harmless."""

    def __init__(self, kinds: dict[str, str], receiver: str | None, function: Any) -> None:
        self.kinds = kinds
        self.receiver = receiver
        self.names = {**vars(builtins), **function.__globals__}
        self.names.update(inspect.getclosurevars(function).nonlocals)

    def statement(self, node: ast.stmt) -> bool:
        match node:
            case ast.Pass():
                return True
            case ast.Return(value=None):
                return True
            case ast.Return(value=value) | ast.Expr(value=value):
                return self.kind(value) is not None  # type: ignore[arg-type]
            case ast.Assign(targets=[target], value=value):
                return self._assign(target, self.kind(value))
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                return self._assign(target, self.kind(value))
            case ast.If(test=test, body=body, orelse=orelse):
                return self._is_plain(test) and all(map(self.statement, [*body, *orelse]))
            case ast.Raise(exc=ast.expr() as exc, cause=None):
                return self.kind(exc) is not None
        return False

    def _assign(self, target: ast.expr, kind: str | None) -> bool:
        match target:
            case ast.Name(id=name):
                # A name that is assigned twice in branches keeps no knowledge.
                self.kinds[name] = OPAQUE if name in self.kinds else (kind or OPAQUE)
                return kind is not None
            case ast.Attribute(value=ast.Name(id=name)):
                return kind is not None and self.receiver is not None and name == self.receiver
        return False

    def _is_plain(self, node: ast.expr) -> bool:
        return self.kind(node) in (NUMBER, VALUE)

    def kind(self, node: ast.expr) -> str | None:
        """The kind of an expression's value; ``None`` where evaluating it is not harmless."""
        match node:
            case ast.Constant(value=value):
                return NUMBER if isinstance(value, NUMBERS) else VALUE
            case ast.Name(id=name):
                return self.kinds.get(name, OPAQUE)
            case ast.JoinedStr(values=parts):
                return VALUE if all(map(self._is_plain, parts)) else None
            case ast.FormattedValue(value=value, format_spec=spec):
                return VALUE if self._is_plain(value) and spec is None else None
            case ast.Tuple(elts=items) | ast.List(elts=items):
                return OPAQUE if all(self.kind(item) for item in items) else None
            case ast.Set(elts=items):
                return OPAQUE if all(map(self._is_plain, items)) else None
            case ast.Dict(keys=keys, values=values):
                return self._dict(keys, values)
            case ast.Compare(left=left, ops=ops, comparators=others):
                return self._compare(ops, [left, *others])
            case ast.BoolOp(values=values):
                return VALUE if all(map(self._is_plain, values)) else None
            case ast.UnaryOp(operand=operand):
                return self.kind(operand) if self._is_plain(operand) else None
            case ast.BinOp(left=left, op=op, right=right):
                return self._arithmetic(op, left, right)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self._choice(test, body, orelse)
            case ast.Call(func=func, args=args, keywords=keywords):
                return self._call(func, [*args, *(k.value for k in keywords)])
        return None

    def _dict(self, keys: list[ast.expr | None], values: list[ast.expr]) -> str | None:
        harmless = all(key is not None and self._is_plain(key) for key in keys)
        return OPAQUE if harmless and all(self.kind(value) for value in values) else None

    def _compare(self, ops: list[ast.cmpop], operands: list[ast.expr]) -> str | None:
        if all(isinstance(op, (ast.Is, ast.IsNot)) for op in ops):
            return VALUE if all(self.kind(o) for o in operands) else None
        return VALUE if all(map(self._is_plain, operands)) else None

    def _arithmetic(self, op: ast.operator, left: ast.expr, right: ast.expr) -> str | None:
        kinds = (self.kind(left), self.kind(right))
        if kinds == (NUMBER, NUMBER):
            return None if isinstance(op, (ast.Pow, ast.LShift)) else NUMBER
        if isinstance(op, ast.Add) and all(kind in (NUMBER, VALUE) for kind in kinds):
            return VALUE
        return None

    def _choice(self, test: ast.expr, body: ast.expr, orelse: ast.expr) -> str | None:
        kinds = {self.kind(body), self.kind(orelse)}
        if None in kinds or not self._is_plain(test):
            return None
        return kinds.pop() if len(kinds) == 1 else OPAQUE

    def _call(self, func: ast.expr, arguments: list[ast.expr]) -> str | None:
        match func:
            case ast.Name(id=name) if name not in self.kinds:
                target: Any = self.names.get(name)
                if inspect.isclass(target) and _owner(target, "__init__") in PLAIN_EXCEPTIONS:
                    return OPAQUE if all(map(self.kind, arguments)) else None
                if target is getattr(builtins, name, None) and name in SAFE_CALLS:
                    return OPAQUE if all(map(self._is_plain, arguments)) else None
            case ast.Attribute(value=receiver):
                # A method of a plain value, such as `q.strip()`.
                if self.kind(receiver) == VALUE and all(map(self._is_plain, arguments)):
                    return OPAQUE
        return None
