"""One parameter of a signature, sorted: data of the request, a dependency, or injected."""

from __future__ import annotations

import inspect
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
from vivace.analyse.fields import Field, InvalidField, alias_names
from vivace.analyse.plan import Injected, Parameter, Source
from vivace.analyse.source_models import members_of_model
from vivace.declare.dependencies import Depends
from vivace.declare.params import Body, File, Form, Header, Param, Path, Query
from vivace.forms import ensure_multipart_is_installed
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

    @property
    def type(self) -> Any:
        return kinds.without_metadata(self.annotation)

    @property
    def has_default(self) -> bool:
        return self.default is not inspect.Parameter.empty


def declared(parameter: inspect.Parameter) -> Declared:
    """Read annotation and default of ``parameter`` together.

    Raises:
        AssertionError: They contradict each other.
        TypeError: It cannot be passed by name.
    """
    if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
        raise TypeError("Arguments are passed by name. Take the `/` out of the signature.")
    annotation = kinds.expand_alias(parameter.annotation)
    if annotation is inspect.Parameter.empty:
        annotation = Any
    default = parameter.default
    marker = _marker_in(annotation)
    _check_markers(marker, default, parameter.name)
    if isinstance(default, FieldInfo):
        # What is said of a parameter is read in one place, wherever it was written.
        is_alone = getattr(default, "is_alone", False)
        beside = kinds.without_metadata(annotation) if is_alone else annotation
        annotation = Annotated[beside, default]
    if isinstance(default, (FieldInfo, Depends)):
        marker, default = default, inspect.Parameter.empty
    return Declared(parameter.name, annotation, marker, default)


def _check_markers(marker: Any, default: Any, name: str) -> None:
    """Refuse two markers for one parameter, and two defaults."""
    if isinstance(default, Depends):
        assert not isinstance(marker, Depends), (
            f"Cannot specify `Depends` in `Annotated` and default value together for {name!r}. "
            "Keep one of the two."
        )
        assert marker is None, (
            "Cannot specify a FastAPI annotation in `Annotated` and `Depends` as a default value "
            f"together for {name!r}. A value comes from the request or from a dependency."
        )
    elif isinstance(default, FieldInfo):
        assert marker is None, (
            f"Cannot specify annotations in `Annotated` and default value together for {name!r}. "
            "Keep one of the two."
        )
    elif isinstance(marker, (Param, Body)):
        assert marker.default is PydanticUndefined or marker.default is ..., (
            f"`{type(marker).__name__}` default value cannot be set in `Annotated` for {name!r}. "
            "Set the default value with `=` instead."
        )


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
        if kinds.is_unresolved(kind) or kind is Any or not callable(kind):
            raise TypeError(
                f"It is declared with `Depends()`, but its type {kind!r} cannot be called. Name "
                "the dependency: `Depends(get_it)`."
            )
        return marker.with_dependency(kind)
    return marker


def request_parameter(declaration: Declared, path_names: frozenset[str]) -> Parameter:
    """A parameter that is filled from the data of the request.

    Raises:
        AssertionError: The type does not fit the place it is to come from.
        InvalidField: pydantic cannot validate the type, or it names what does not exist.
        VivaceError: It comes from a form, and the parser of forms is not installed.
    """
    check_resolved(declaration.annotation)
    info = _field_info(declaration, path_names)
    if isinstance(info, Form):
        ensure_multipart_is_installed()
    parameter = parameter_of(Field(declaration.name, info))
    _check_shape(parameter.field, parameter.source, path_names)
    return parameter


def parameter_of(field: Field) -> Parameter:
    """The parameter that a field with a marker for its description stands for."""
    info = field.info
    source = Source(info.source) if isinstance(info, Param) else Source.BODY
    return Parameter(field.name, source, field, members_of_model(field, source))


def check_resolved(annotation: Any) -> None:
    name = kinds.unresolved_in(annotation)
    if name is not None:
        raise InvalidField(
            f"Its type is written as {name!r}, which names something that does not exist where the "
            "function is declared. Define or import it before, in the module and not only where "
            "`TYPE_CHECKING` is true; what is local to a function can be named only without `from "
            "__future__ import annotations`."
        )


def _field_info(declaration: Declared, path_names: frozenset[str]) -> FieldInfo:
    """The marker of a parameter, completed with all that is said of it."""
    name = declaration.name
    in_path = name in path_names
    marker = declaration.marker
    declared = isinstance(marker, (Param, Body))
    info = copy(marker) if declared else _implied_marker(declaration.type, in_path=in_path)
    assert isinstance(info, (Param, Body))
    _take_over(info, FieldInfo.from_annotation(declaration.annotation))
    _settle_default(info, declaration)
    if isinstance(info, Path):
        _settle_path_name(info, name, path_names)
    elif isinstance(info, Header) and info.convert_underscores and not _has_alias(info):
        info.alias = name.replace("_", "-")
    assert isinstance(info, Path) or not in_path, (
        f"Cannot use `{type(info).__name__}` for path param {name!r}: there is a {{{name}}} in the "
        "path. Declare it with `Path()`, or give one of the two another name."
    )
    return info


def _implied_marker(annotation: Any, *, in_path: bool) -> Param | Body:
    """Where a parameter without a marker comes from, by its name and type."""
    if in_path:
        return Path()
    if kinds.is_file(annotation):
        return File()
    if kinds.is_scalar(annotation):
        return Query()
    return Body()


def _take_over(info: FieldInfo, merged: FieldInfo) -> None:
    """Let ``info`` say what pydantic makes of all that stands in the annotation.

    ``merged`` has the marker's own options too, but is not of the marker's class.
    """
    for attribute in FieldInfo.__slots__:
        setattr(info, attribute, getattr(merged, attribute))


def _settle_default(info: FieldInfo, declaration: Declared) -> None:
    if isinstance(info, Path):
        # A path without the parameter does not match, so that a default would never be used.
        info.default, info.default_factory = PydanticUndefined, None
    elif declaration.has_default:
        info.default, info.default_factory = declaration.default, None
    if info.default is ...:
        # A way to say that there is none.
        info.default = PydanticUndefined


def _settle_path_name(info: Path, name: str, path_names: frozenset[str]) -> None:
    """Of the names that a path parameter may go by, choose the one that stands in the path."""
    for candidate in (*alias_names(info), info.alias, name):
        if candidate in path_names:
            info.alias = info.validation_alias = candidate
            return


def _has_alias(info: FieldInfo) -> bool:
    return info.alias is not None or info.validation_alias is not None


def _check_shape(field: Field, source: Source, path_names: frozenset[str]) -> None:
    """Refuse types that a place in the request cannot hold."""
    kind = field.wire_type
    if source is Source.PATH:
        if field.validation_name in path_names:
            assert kinds.is_scalar(kind), (
                "Path params must be of one of the supported types: a part of the path holds one "
                f"value, and {kind!r} is more. Take it from the query or the body."
            )
    elif source is not Source.BODY:
        marker = type(field.info).__name__
        assert kinds.is_scalar(kind) or kinds.is_scalar_sequence(kind) or kinds.model_of(kind), (
            f"{marker} parameter {field.name!r} must be one of the supported types: a single "
            f"value, a list of them, or a model of all. Take {kind!r} from the body, with `Body()`."
        )
    if source is Source.HEADER:
        assert all(name.isascii() for name in field.validation_names), (
            f"Header parameter {field.name!r} has a name that no header can have (RFC 9110, "
            "section 5.1): write it in ASCII."
        )


__all__ = [
    "Declared",
    "check_resolved",
    "declared",
    "dependency_of",
    "injected_kind",
    "parameter_of",
    "request_parameter",
]
