"""Server-sent events (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, model_validator
from starlette.responses import StreamingResponse

from vivace.encoders import encode_json

#: Seconds without an event after which a comment is sent, so that proxies keep the connection.
PING_INTERVAL = 15.0
#: That comment: clients ignore it.
KEEPALIVE_COMMENT = b": ping\n\n"

# The only line ends of the format; ``str.splitlines`` knows more of them.
_LINE_END = re.compile(r"\r\n|\r|\n")


class EventSourceResponse(StreamingResponse):
    """A stream of server-sent events.

    As the ``response_class`` of an endpoint that yields, each value becomes an event. Made by
    hand, it sends the bytes that ``content`` gives.
    """

    media_type = "text/event-stream"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.headers.setdefault("cache-control", "no-cache")
        # Proxies of the nginx family would hold events back.
        self.headers.setdefault("x-accel-buffering", "no")


def _check_single_line(value: str | None, name: str) -> str | None:
    if value is not None and _LINE_END.search(value):
        raise ValueError(f"SSE '{name}' must be a single line")
    return value


def _check_event(value: str | None) -> str | None:
    return _check_single_line(value, "event")


def _check_id(value: str | None) -> str | None:
    if value is not None and "\0" in value:
        raise ValueError("SSE 'id' must not contain null characters, clients would ignore it")
    return _check_single_line(value, "id")


class ServerSentEvent(BaseModel):
    """One event of a stream.

    Raises:
        pydantic.ValidationError: ``event`` or ``id`` has several lines, ``id`` has a null
            character, ``retry`` is negative, or both ``data`` and ``raw_data`` are given.
    """

    #: Any value, sent as JSON: text too, and so in quotes.
    data: Any = None
    #: Text that is sent as it is.
    raw_data: str | None = None
    #: The type of the event; clients take ``message`` where there is none.
    event: Annotated[str | None, AfterValidator(_check_event)] = None
    #: What the client sends back in ``Last-Event-ID`` when it connects again.
    id: Annotated[str | None, AfterValidator(_check_id)] = None
    #: Milliseconds that the client waits before it connects again.
    retry: Annotated[int | None, Field(ge=0)] = None
    #: Text that clients ignore.
    comment: str | None = None

    @model_validator(mode="after")
    def _check_data(self) -> ServerSentEvent:
        if self.data is not None and self.raw_data is not None:
            raise ValueError("Cannot set both 'data' and 'raw_data' on one ServerSentEvent")
        return self


def format_sse_event(
    *,
    data_str: str | None = None,
    event: str | None = None,
    id: str | None = None,
    retry: int | None = None,
    comment: str | None = None,
) -> bytes:
    """An event as it is sent: UTF-8, one field a line, a blank line at the end.

    Args:
        data_str: The data as text; each of its lines becomes a ``data`` line.
        event: The type, in one line.
        id: The identifier, in one line without null characters.
        retry: Milliseconds, not negative.
        comment: Text that clients ignore; each of its lines becomes a comment.
    """
    lines: list[str] = []
    if comment is not None:
        lines += [f": {line}" for line in _LINE_END.split(comment)]
    if event is not None:
        lines.append(f"event: {event}")
    if data_str is not None:
        lines += [f"data: {line}" for line in _LINE_END.split(data_str)]
    if id is not None:
        lines.append(f"id: {id}")
    if retry is not None:
        lines.append(f"retry: {retry}")
    return "".join([f"{line}\n" for line in [*lines, ""]]).encode()


def encode_event(item: Any) -> bytes:
    """Any value that an endpoint yields as an event; one that is no event becomes its data.

    Raises:
        ValueError: the data cannot be encoded as JSON.
    """
    if not isinstance(item, ServerSentEvent):
        return format_sse_event(data_str=encode_json(item))
    data = item.raw_data
    if data is None and item.data is not None:
        data = encode_json(item.data)
    return format_sse_event(
        data_str=data, event=item.event, id=item.id, retry=item.retry, comment=item.comment
    )


__all__ = [
    "KEEPALIVE_COMMENT",
    "PING_INTERVAL",
    "EventSourceResponse",
    "ServerSentEvent",
    "encode_event",
    "format_sse_event",
]
