"""The proof that a synchronous function cannot block, so that it needs no worker thread.

A thread hop costs more than most dependencies do. A class that only stores its arguments, or a
function that only picks values apart, can run on the event loop; anything that calls code which
is not known, or touches an attribute that might be computed, cannot. What is not proven is
assumed to block, so the proof may miss harmless functions but never admits a harmful one.

It holds for the program as it is written. What another module puts in the place of a name or of
a method later on, as tests do, is called in place too.
"""

from __future__ import annotations

import ast
import builtins
import dataclasses
import inspect
import linecache
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from types import CodeType, FunctionType, MemberDescriptorType
from typing import Any

from vivace.analyse.plan import Parameter
from vivace.analyse.proof import Proof
from vivace.analyse.value_kinds import Kind, joined, kind_of_parameter

#: What is raised where there is no source to read, or it cannot be read.
UNREADABLE = (OSError, TypeError, SyntaxError, ValueError, AttributeError, RecursionError)


NO_INSTANCES: Mapping[str, type] = {}


def cannot_block(
    call: Callable[..., Any],
    parameters: Iterable[Parameter] = (),
    instances: Mapping[str, type] = NO_INSTANCES,
) -> bool:
    """True where calling ``call`` provably neither waits nor runs code that is not known.

    Args:
        parameters: The parameters of ``call`` that are filled with what a client sent.
        instances: Those that are filled with what calling a class returns. Nothing is known of
            the others, whatever their annotations say.
    """
    return returned_kind(call, parameters, instances) is not None


def returned_kind(
    call: Callable[..., Any],
    parameters: Iterable[Parameter] = (),
    instances: Mapping[str, type] = NO_INSTANCES,
) -> Kind | None:
    """The kind of what ``call`` returns; ``None`` where it may block."""
    try:
        kinds = {parameter.name: kind_of_parameter(parameter) for parameter in parameters}
        if isinstance(call, FunctionType):
            return _returned_kind(call, kinds, instances)
        if inspect.isclass(call) and _only_stores(call, kinds):
            return Kind.OPAQUE
    except UNREADABLE:
        pass
    return None


# Classes.


def _only_stores(cls: type, kinds: Mapping[str, Kind]) -> bool:
    """True for a class of which an instance is made by nothing more than setting attributes."""
    if type(cls) is not type or vars_of("__new__", cls) is not vars_of("__new__", object):
        return False
    if any(_runs_code_when_set(value) for value in _attributes(cls)):
        return False
    if _has_generated_init(cls):
        return _is_plain_dataclass(cls)
    if vars_of("__setattr__", cls) is not object.__setattr__:
        return False
    init = vars_of("__init__", cls)
    if init is object.__init__:
        return True
    return (
        isinstance(init, FunctionType) and _returned_kind(init, kinds, is_method=True) is not None
    )


def vars_of(name: str, cls: type) -> Any:
    """The attribute ``name`` as the class that has it holds it."""
    return next(vars(base)[name] for base in cls.__mro__ if name in vars(base))


def _attributes(cls: type) -> Iterator[Any]:
    for base in cls.__mro__:
        for name, value in vars(base).items():
            if not name.startswith("__"):
                yield value


def _runs_code_when_set(attribute: Any) -> bool:
    """True for a property or another descriptor, except the slots that Python makes."""
    # By its type: an object may say that it is of another class, and load it to say so.
    kind = type(attribute)
    return hasattr(kind, "__set__") and kind is not MemberDescriptorType


def _reads_plainly(cls: type, attribute: str) -> bool:
    """True where reading ``attribute`` of an instance made by ``cls`` only looks it up."""
    if type(cls) is not type or attribute.startswith("__"):
        return False
    if vars_of("__getattribute__", cls) is not object.__getattribute__:
        return False
    holders = [vars(base) for base in cls.__mro__]
    if any("__getattr__" in holder for holder in holders):
        return False
    kind = type(next((holder[attribute] for holder in holders if attribute in holder), None))
    return kind is MemberDescriptorType or not hasattr(kind, "__get__")


def _has_generated_init(cls: type) -> bool:
    """True for a class whose own ``__init__`` was written by :mod:`dataclasses`."""
    params = vars(cls).get("__dataclass_params__")
    init = vars(cls).get("__init__")
    return (
        getattr(params, "init", False)
        and isinstance(init, FunctionType)
        and not hasattr(init, "__wrapped__")
        # Whoever puts another function there has written it in a file.
        and init.__code__.co_filename == "<string>"
    )


def _is_plain_dataclass(cls: type) -> bool:
    params = vars(cls)["__dataclass_params__"]
    # Where it is frozen, `object.__setattr__` is called instead.
    if not params.frozen and vars_of("__setattr__", cls) is not object.__setattr__:
        return False
    return not hasattr(cls, "__post_init__") and all(
        any(field.default_factory is known for known in (dataclasses.MISSING, list, dict, set))
        and not field.name.startswith("__")
        for field in dataclasses.fields(cls)
    )


# Functions.


def _returned_kind(
    function: FunctionType,
    kinds: Mapping[str, Kind],
    instances: Mapping[str, type] = NO_INSTANCES,
    *,
    is_method: bool = False,
) -> Kind | None:
    code = function.__code__
    tree = _tree_of(function)
    if tree is None or not _is_ordinary(function):
        return None
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    receiver = names[0] if is_method else None
    parameters = {name: kinds.get(name, Kind.OPAQUE) for name in names}
    readable = {name: partial(_reads_plainly, cls) for name, cls in instances.items()}
    proof = Proof(function, parameters, receiver, partial(_bindings_of, function), readable)
    if not proof.accepts(tree.body):
        return None
    return joined(proof.returned or [Kind.VALUE])


def _is_ordinary(function: FunctionType) -> bool:
    """True where parameters are named and names mean what they usually do."""
    several = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
    return (
        not hasattr(function, "__wrapped__")
        and not function.__code__.co_flags & several
        and type(function.__globals__) is dict
        and getattr(function, "__builtins__", None) is vars(builtins)
    )


def _tree_of(function: FunctionType) -> ast.FunctionDef | None:
    """The syntax tree of ``function``; ``None`` where it is not that of the code which runs."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    if not isinstance(tree, ast.FunctionDef) or tree.name != function.__code__.co_name:
        return None
    return tree if _is_written(function.__code__, tree) else None


def _is_written(code: CodeType, tree: ast.FunctionDef) -> bool:
    """True where the code uses no name that the text does not: import hooks may add calls."""
    arguments = [*tree.args.posonlyargs, *tree.args.args, *tree.args.kwonlyargs]
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return names.issuperset(code.co_names) and code.co_varnames[: len(arguments)] == tuple(
        argument.arg for argument in arguments
    )


# Modules.


def _bindings_of(function: FunctionType) -> Mapping[str, int]:
    """How often the module of ``function`` binds each of its global names.

    Raises:
        OSError: That cannot be found out.
    """
    filename = function.__code__.co_filename
    module_file = function.__globals__.get("__file__")
    if module_file is None or Path(module_file).resolve() != Path(filename).resolve():
        raise OSError(f"{filename} is not the file of a module")
    return _bindings("".join(linecache.getlines(filename, function.__globals__)))


@lru_cache(maxsize=16)
def _bindings(text: str) -> Mapping[str, int]:
    """How often a module binds each of its global names, functions with ``global`` included.

    Raises:
        OSError: It binds names that are not written in it.
    """
    names = [name for node in ast.parse(text).body for name in _bound_by(node)]
    for line in re.findall(r"\bglobal\b((?:[^\n\\]|\\\n)*)", text):
        # Assigned once or many times: that takes a look at all of its function.
        names += 2 * re.findall(r"\w+", line)
    if "*" in names:
        raise OSError("a module that imports everything of another")
    return Counter(names)


def _bound_by(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        # What is bound inside is not global, except in decorators and defaults, by `:=`.
        yield statement.name
        inside: Iterable[ast.AST] = _evaluated_with(statement)
    else:
        inside = [statement]
    for node in (node for part in inside for node in ast.walk(part)):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                yield from ((alias.asname or alias.name).split(".")[0] for alias in aliases)
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
                | ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
                | ast.MatchMapping(rest=str(name))
            ):
                yield name


def _evaluated_with(
    statement: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
) -> Iterable[ast.AST]:
    if isinstance(statement, ast.ClassDef):
        return [*statement.decorator_list, *statement.bases, *statement.keywords]
    return [*statement.decorator_list, statement.args]
