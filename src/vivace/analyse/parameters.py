"""One parameter of a signature, sorted: data of the request, a dependency, or a framework object."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from starlette.background import BackgroundTasks
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from vivace.analyse import annotations as kinds
from vivace.analyse.fields import Field
from vivace.analyse.plan import Injected, Parameter, Source
from vivace.analyse.source_models import members_of_model
from vivace.declare.dependencies import Depends
from vivace.declare.params import Body, Cookie, File, Form, Header, Param, Path, Query
from vivace.security.scopes import SecurityScopes

#: Checked in this order: a Request is an HTTPConnection too.
INJECTED: tuple[tuple[type, Injected], ...] = (
    (Request, Injected.REQUEST),
    (WebSocket, Injected.WEBSOCKET),
    (HTTPConnection, Injected.CONNECTION),
    (Response, Injected.RESPONSE),
    (BackgroundTasks, Injected.BACKGROUND_TASKS),
    (SecurityScopes, Injected.SECURITY_SCOPES),
)
MARKERS = (Param, Body, Depends)


@dataclass(frozen=True)
class Declared:
    """What a parameter says of itself: its type, its marker and its default."""

    name: str
    #: With all its metadata, as written.
    annotation: Any
    marker: FieldInfo | Depends | None
    default: Any
    function: str

    @property
    def type(self) -> Any:
        return kinds.without_metadata(self.annotation)

    @property
    def has_default(self) -> bool:
        return self.default is not inspect.Parameter.empty


def declared(parameter: inspect.Parameter, call: Callable[..., Any]) -> Declared:
    """Read annotation and default of ``parameter`` together.

    Raises:
        AssertionError: They contradict each other.
    """
    annotation = kinds.expand_alias(parameter.annotation)
    if annotation is inspect.Parameter.empty:
        annotation = Any
    default = parameter.default
    marker = _marker_in(annotation)
    name = parameter.name
    if isinstance(default, Depends):
        assert not isinstance(marker, Depends), (
            f"Cannot specify `Depends` in `Annotated` and default value together for {name!r}"
        )
        assert marker is None, (
            "Cannot specify a FastAPI annotation in `Annotated` and `Depends` as a default value "
            f"together for {name!r}"
        )
        marker, default = default, inspect.Parameter.empty
    elif isinstance(default, FieldInfo):
        assert marker is None, (
            f"Cannot specify FastAPI annotations in `Annotated` and default value together for {name!r}"
        )
        marker, default = default, inspect.Parameter.empty
    elif isinstance(marker, (Param, Body)):
        assert marker.default is PydanticUndefined or marker.default is ..., (
            f"`{type(marker).__name__}` default value cannot be set in `Annotated` for {name!r}. "
            "Set the default value with `=` instead."
        )
    return Declared(name, annotation, marker, default, describe_call(call))


def describe_call(call: Callable[..., Any]) -> str:
    """How an error message names a function."""
    module = getattr(call, "__module__", None)
    name = getattr(call, "__qualname__", None) or type(call).__qualname__
    return f"{module}.{name}" if module else name


def _marker_in(annotation: Any) -> Any:
    if get_origin(annotation) is not Annotated:
        return None
    markers = [item for item in get_args(annotation)[1:] if isinstance(item, MARKERS)]
    return markers[-1] if markers else None


def injected_kind(declaration: Declared) -> Injected | None:
    """What the framework injects here; ``None`` where the value comes from elsewhere."""
    if declaration.marker is not None:
        return None
    for member in kinds.without_none(declaration.type):
        for cls, kind in INJECTED:
            if kinds.is_subclass(member, cls):
                return kind
    return None


def dependency_of(declaration: Declared) -> Depends | None:
    """The dependency declared here, with the class in the annotation where none is named."""
    marker = declaration.marker
    if not isinstance(marker, Depends):
        return None
    if marker.dependency is None:
        kind = declaration.type
        if kinds.is_unresolved(kind) or not callable(kind):
            raise TypeError(
                f"{declaration.function}: the parameter {declaration.name!r} is declared with "
                f"`Depends()` but its type {kind!r} cannot be called. Name the dependency: "
                "`Depends(get_it)`."
            )
        return marker.with_dependency(kind)
    return marker


def request_parameter(declaration: Declared, path_names: frozenset[str]) -> Parameter:
    """A parameter that is filled from the data of the request.

    Raises:
        AssertionError: The type does not fit the place it is to come from.
        InvalidField: pydantic cannot validate the type.
    """
    info = _field_info(declaration, in_path=declaration.name in path_names)
    if not info.alias and getattr(info, "convert_underscores", False):
        info.alias = declaration.name.replace("_", "-")
    field = Field(declaration.name, info)
    source = _source_of(info)
    _check_shape(declaration, info, source, path_names)
    members = members_of_model(field, source)
    return Parameter(declaration.name, source, field, members)


def _source_of(info: FieldInfo) -> Source:
    return Source(info.source) if isinstance(info, Param) else Source.BODY


def _field_info(declaration: Declared, *, in_path: bool) -> FieldInfo:
    marker = declaration.marker
    if isinstance(marker, (Param, Body)):
        info = _merged(copy(marker), declaration.annotation)
    else:
        info = _merged(_implied_marker(declaration, in_path), declaration.annotation)
        if isinstance(marker, FieldInfo):
            _take_over(info, marker)
    if isinstance(info, Path):
        # A path without the parameter does not match, so that a default would never be used.
        info.default = PydanticUndefined
    elif declaration.has_default:
        info.default = declaration.default
    elif info.default is ...:
        info.default = PydanticUndefined
    if in_path:
        assert isinstance(info, Path), (
            f"Cannot use `{type(info).__name__}` for path param {declaration.name!r}"
        )
    return info


def _merged(info: FieldInfo, annotation: Any) -> FieldInfo:
    """``info`` with the type, and with what else ``Annotated`` says about it."""
    merged = FieldInfo.from_annotation(annotation)
    own = list(info.metadata)
    info.metadata = list(merged.metadata) + [item for item in own if item not in merged.metadata]
    info.annotation = merged.annotation
    if info.discriminator is None:
        info.discriminator = merged.discriminator
    return info


def _take_over(info: FieldInfo, plain: FieldInfo) -> None:
    """Let ``x: int = pydantic.Field(...)`` mean what it says."""
    info.metadata = [*plain.metadata, *info.metadata]
    for attribute in ("default", "default_factory", "alias", "validation_alias", "title"):
        setattr(info, attribute, getattr(plain, attribute))
    info.description = plain.description


def _implied_marker(declaration: Declared, in_path: bool) -> FieldInfo:
    """Where a parameter without a marker comes from, by its name and type."""
    annotation = declaration.type
    if in_path:
        return Path()
    if kinds.is_file(annotation):
        return File()
    if kinds.is_scalar(annotation):
        return Query()
    return Body()


def _check_shape(
    declaration: Declared, info: FieldInfo, source: Source, path_names: frozenset[str]
) -> None:
    """Refuse types that a place in the request cannot hold."""
    annotation = info.annotation
    name = declaration.name
    if source is Source.PATH:
        if name not in path_names and info.alias not in path_names:
            return
        assert kinds.is_scalar(annotation), "Path params must be of one of the supported types"
    elif source in (Source.QUERY, Source.HEADER, Source.COOKIE):
        kind = type(info).__name__
        assert (
            kinds.is_scalar(annotation)
            or kinds.is_scalar_sequence(annotation)
            or kinds.model_of(annotation) is not None
        ), f"{kind} parameter {name!r} must be one of the supported types"


__all__ = [
    "Cookie", "Declared", "File", "Form", "Header", "declared", "dependency_of",
    "describe_call", "injected_kind", "request_parameter",
]
