"""The response of an endpoint: what its return annotation promises."""

from __future__ import annotations

import inspect
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
)
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic.fields import FieldInfo
from starlette.responses import Response, StreamingResponse

from vivace.analyse import annotations as kinds
from vivace.analyse.callables import special_calling
from vivace.analyse.fields import Field, InvalidField
from vivace.analyse.plan import Calling, ResponsePlan, StreamKind
from vivace.declare.defaults import DefaultPlaceholder
from vivace.responses import EventSourceResponse
from vivace.sse import ServerSentEvent

STREAMS = (
    *(AsyncIterable, AsyncIterator, AsyncGenerator),
    *(Iterable, Iterator, Generator),
)


def return_annotation(endpoint: Callable[..., Any]) -> Any:
    """The declared return type; ``inspect.Signature.empty`` for none, and for an unreadable one."""
    annotation = kinds.returned_by(endpoint)
    return annotation if kinds.unresolved_in(annotation) is None else inspect.Signature.empty


def unreadable_return(endpoint: Callable[..., Any]) -> str | None:
    """The declared return type as it is written, if it names what does not exist."""
    return kinds.unresolved_in(kinds.returned_by(endpoint))


def stream_kind(endpoint: Callable[..., Any], response_class: Any) -> StreamKind | None:
    """What an endpoint streams; ``None`` where what it gives is sent as a whole.

    Events may be yielded, or returned by something else that yields them.
    """
    is_default = isinstance(response_class, DefaultPlaceholder)
    cls = response_class.value if is_default else response_class
    if kinds.is_subclass(cls, EventSourceResponse):
        return StreamKind.SERVER_SENT_EVENTS
    if special_calling(endpoint) not in (Calling.GENERATOR, Calling.ASYNC_GENERATOR):
        return None
    if not is_default and kinds.is_subclass(cls, StreamingResponse):
        return StreamKind.RAW
    return StreamKind.JSON_LINES if is_default else None


def stream_item_type(endpoint: Callable[..., Any]) -> Any:
    """The ``T`` of ``AsyncIterable[T]``; ``None`` where it is not declared."""
    annotation = return_annotation(endpoint)
    if get_origin(annotation) in STREAMS:
        arguments = get_args(annotation)
        return arguments[0] if arguments and arguments[0] is not Any else None
    return None


def inferred_response_model(endpoint: Callable[..., Any]) -> Any:
    """The response model that the return annotation stands for; ``None`` for none."""
    annotation = return_annotation(endpoint)
    if annotation is inspect.Signature.empty:
        return None
    if kinds.is_subclass(annotation, Response) or kinds.is_subclass(
        get_origin(annotation), Response
    ):
        return None
    return annotation


@dataclass(frozen=True)
class Serialization:
    """Which parts of the response model are sent, in pydantic's terms."""

    include: Any = None
    exclude: Any = None
    by_alias: bool = True
    exclude_unset: bool = False
    exclude_defaults: bool = False
    exclude_none: bool = False


def response_plan(
    endpoint: Callable[..., Any],
    declared_model: Any,
    response_class: Any,
    how: Serialization,
    unique_id: str,
) -> tuple[Any, ResponsePlan]:
    """The response model and the plan of the response.

    Args:
        declared_model: What ``response_model`` says; a placeholder where nothing was said.
        unique_id: The operation's, after which the fields are named.
    """
    stream = stream_kind(endpoint, response_class)
    is_inferred = isinstance(declared_model, DefaultPlaceholder)
    item = None
    if is_inferred and stream in (StreamKind.SERVER_SENT_EVENTS, StreamKind.JSON_LINES):
        item_type = stream_item_type(endpoint)
        if item_type is not None and not kinds.is_subclass(item_type, ServerSentEvent):
            item = response_field(f"StreamItem_{unique_id}", item_type)
    model, unreadable = declared_model, None
    if is_inferred:
        model = None if stream is not None else inferred_response_model(endpoint)
        unreadable = None if stream is not None else unreadable_return(endpoint)
    plan = ResponsePlan(
        field=response_field(f"Response_{unique_id}", model) if model else None,
        **vars(how),
        stream=stream,
        stream_item=item,
        unreadable=unreadable,
    )
    return model, plan


def is_complete_response(plan: ResponsePlan) -> bool:
    """False where the type of the response names what did not exist yet when it was read."""
    fields = (plan.field, plan.stream_item)
    return plan.unreadable is None and all(f is None or f.is_complete for f in fields)


def complete_response(plan: ResponsePlan) -> None:
    """Read the type of the response to its end.

    Raises:
        InvalidField: It names what does not exist.
    """
    if plan.unreadable is not None:
        raise InvalidField(
            f"Its return type is written as {plan.unreadable!r}, which names something that does "
            "not exist where the function is declared. Define or import it in the module, and not "
            "only where `TYPE_CHECKING` is true; or set `response_model=None`."
        )
    for field in (plan.field, plan.stream_item):
        if field is not None:
            field.complete()


def response_field(name: str, model: Any) -> Field:
    """The field by which responses are checked, filtered and documented.

    Raises:
        InvalidField: pydantic has no schema for ``model``.
    """
    try:
        return Field(name, FieldInfo(annotation=model), mode="serialization")
    except InvalidField as error:
        raise InvalidField(
            f"Invalid args for response field! Hint: check that {model!r} is a valid Pydantic "
            "field type. If you are using a return type annotation that is not a valid Pydantic "
            "field (e.g. Union[Response, dict, None]) you can disable generating the response "
            "model from the type annotation with the path operation decorator parameter "
            "response_model=None."
        ) from error


__all__ = [
    "Serialization",
    "complete_response",
    "inferred_response_model",
    "is_complete_response",
    "response_field",
    "response_plan",
    "return_annotation",
    "stream_item_type",
    "stream_kind",
]
