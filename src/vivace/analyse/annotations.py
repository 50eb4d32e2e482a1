"""What a type annotation is: resolved from its string form, and sorted into kinds."""

from __future__ import annotations

import builtins
import inspect
import sys
import types
import typing
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from functools import partial
from types import SimpleNamespace
from typing import Annotated, Any, ForwardRef, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Json
from starlette.datastructures import UploadFile
from typing_extensions import TypeAliasType, get_type_hints

from vivace.exceptions import PydanticV1NotSupportedError

SEQUENCES: tuple[type, ...] = (list, tuple, set, frozenset, deque)
UNIONS = (Union, types.UnionType)
#: To type checkers it is no class.
JSON: Any = Json
ALIASES: Any = (TypeAliasType, getattr(typing, "TypeAliasType", TypeAliasType))


def signature_of(call: Callable[..., Any]) -> inspect.Signature:
    """The signature of ``call`` with every annotation that can be resolved resolved.

    An annotation that names something which only a type checker sees stays a string (PEP 563)
    or a forward reference (PEP 649).
    """
    signature = _lenient_signature(call)
    namespace = namespace_of(call)
    return signature.replace(
        parameters=[
            parameter.replace(annotation=resolve(parameter.annotation, namespace))
            for parameter in signature.parameters.values()
        ],
        return_annotation=resolve(signature.return_annotation, namespace),
    )


def returned_by(call: Callable[..., Any]) -> Any:
    """What :func:`signature_of` says that ``call`` returns, without reading its parameters."""
    return resolve(_lenient_signature(call).return_annotation, namespace_of(call))


def _lenient_signature(call: Callable[..., Any]) -> inspect.Signature:
    if sys.version_info >= (3, 14):
        from annotationlib import Format

        return inspect.signature(call, annotation_format=Format.FORWARDREF)
    return inspect.signature(call)


def namespace_of(call: Callable[..., Any]) -> dict[str, Any]:
    """The global names of the module in which ``call`` was written."""
    while isinstance(call, partial):
        call = call.func
    call = inspect.unwrap(call)
    if not hasattr(call, "__globals__"):
        target = getattr(call, "__init__" if inspect.isclass(call) else "__call__")
        call = inspect.unwrap(getattr(target, "__func__", target))
    return getattr(call, "__globals__", {})


def resolve(annotation: Any, namespace: Mapping[str, Any]) -> Any:
    """``annotation`` without strings in it, where ``namespace`` has all the names it uses."""
    if annotation is inspect.Parameter.empty:
        return annotation
    if isinstance(annotation, str):
        # Most are the name of a class, and need not be compiled to be read.
        named = namespace.get(annotation, vars(builtins).get(annotation))
        annotation = named if isinstance(named, type) else annotation
    if isinstance(annotation, type):
        return None if annotation is type(None) else annotation
    try:
        holder = SimpleNamespace(__annotations__={"it": annotation})
        resolved = get_type_hints(
            holder, globalns=dict(namespace), localns={}, include_extras=True
        )["it"]
    except Exception:
        # A name that exists only for the type checker: what is left may still be usable, as
        # in `Annotated["Session", Depends(...)]`.
        return annotation
    return None if resolved is type(None) else resolved


def expand_alias(annotation: Any) -> Any:
    """``type X = ...`` (PEP 695) taken apart where markers may hide in it."""
    while isinstance(annotation, ALIASES):
        annotation = annotation.__value__
    return annotation


def without_metadata(annotation: Any) -> Any:
    """``Annotated[T, ...]`` and named aliases reduced to ``T``, and ``Json[T]`` to text."""
    annotation = expand_alias(annotation)
    while get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        annotation = str if is_json(metadata) else expand_alias(inner)
    return annotation


def is_json(metadata: Iterable[Any]) -> bool:
    """True for the metadata of pydantic's ``Json``: a value that arrives as JSON in a string."""
    return any(item is JSON or isinstance(item, JSON) for item in metadata)


def is_union(annotation: Any) -> bool:
    return get_origin(annotation) in UNIONS


def is_subclass(annotation: Any, classes: Any) -> bool:
    """``issubclass`` that answers False for what is no class."""
    return isinstance(annotation, type) and issubclass(annotation, classes)


def members_of(annotation: Any) -> tuple[Any, ...]:
    """The alternatives of a union (PEP 604), or the annotation alone."""
    annotation = without_metadata(annotation)
    if is_union(annotation):
        return tuple(item for arg in get_args(annotation) for item in members_of(arg))
    return (annotation,)


def without_none(annotation: Any) -> tuple[Any, ...]:
    return tuple(m for m in members_of(annotation) if m is not type(None) and m is not None)


def model_of(annotation: Any) -> type[BaseModel] | None:
    """The model in ``Model`` or ``Model | None``; ``None`` for anything else."""
    members = without_none(annotation)
    if len(members) == 1:
        candidate = get_origin(members[0]) or members[0]
        if is_subclass(candidate, BaseModel):
            return members[0]  # type: ignore[no-any-return]
    return None


def union_of_models(annotation: Any) -> bool:
    """True for a union of two or more models, ``None`` aside."""
    members = without_none(annotation)
    return len(members) > 1 and all(is_subclass(m, BaseModel) for m in members)


def is_sequence(annotation: Any) -> bool:
    """True for a type of which a client can send several values, such as ``list[int] | None``."""
    return any(_is_sequence_class(member) for member in members_of(annotation))


def _is_sequence_class(annotation: Any) -> bool:
    origin = get_origin(annotation) or annotation
    if origin is Sequence:
        return True
    return is_subclass(origin, (*SEQUENCES, Sequence)) and not is_subclass(
        origin, (str, bytes, bytearray, BaseModel)
    )


def is_complex(annotation: Any) -> bool:
    """True for what a single string cannot stand for: models, mappings, sequences, files."""
    for member in members_of(annotation):
        origin = get_origin(member) or member
        if is_subclass(origin, (BaseModel, Mapping, UploadFile)):
            return True
        if _is_sequence_class(member) or is_dataclass(origin):
            return True
    return False


def is_scalar(annotation: Any) -> bool:
    return not is_complex(annotation)


def is_scalar_sequence(annotation: Any) -> bool:
    """True for a sequence of scalars, alone or in a union with scalars or ``None``."""
    found = False
    for member in without_none(annotation):
        if _is_sequence_class(member):
            found = True
            if not all(is_scalar(arg) for arg in get_args(member) if arg is not Ellipsis):
                return False
        elif is_complex(member):
            return False
    return found


def is_file(annotation: Any) -> bool:
    """True for an upload, alone or as a sequence of uploads."""
    return _holds(annotation, UploadFile)


def is_bytes(annotation: Any) -> bool:
    """True for bytes, alone or as a sequence of bytes."""
    return _holds(annotation, bytes)


def _holds(annotation: Any, wanted: type) -> bool:
    return any(
        is_subclass(member, wanted)
        or (_is_sequence_class(member) and any(_holds(arg, wanted) for arg in get_args(member)))
        for member in members_of(annotation)
    )


def refuse_old_models(annotation: Any) -> None:
    """Refuse models of pydantic's first version, at any depth of ``annotation``.

    Raises:
        PydanticV1NotSupportedError: It names the model.
    """
    # Not imported: who has such a model has imported it, and importing it warns.
    old = sys.modules.get("pydantic.v1")
    if old is None:
        return
    if is_subclass(annotation, old.BaseModel):
        raise PydanticV1NotSupportedError(
            "pydantic.v1 models are not supported: make "
            f"{annotation.__name__!r} a subclass of pydantic.BaseModel."
        )
    for argument in get_args(annotation):
        refuse_old_models(argument)


def is_unresolved(annotation: Any) -> bool:
    return isinstance(annotation, (str, ForwardRef))


def unresolved_in(annotation: Any) -> str | None:
    """What is still a string somewhere in ``annotation``; ``None`` where it is all resolved."""
    if isinstance(annotation, ForwardRef):
        return annotation.__forward_arg__
    if isinstance(annotation, str):
        return annotation
    origin = get_origin(annotation)
    if origin is Literal:
        return None
    arguments = get_args(annotation)
    inner = arguments[:1] if origin is Annotated else arguments
    return next(filter(None, map(unresolved_in, inner)), None)


def allows_none(annotation: Any) -> bool:
    return any(member is type(None) or member is None for member in members_of(annotation))
