"""Rooms without WebSockets: events as a stream, messages as requests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from anyio import CancelScope
from pydantic import BaseModel
from pydantic_core import to_json

from vivace import Request, Response
from vivace.exceptions import RequestValidationError
from vivace.live.brokers.protocol import BrokerUnavailable
from vivace.live.errors import ABNORMAL, as_http
from vivace.live.handlers import Call
from vivace.live.member import Guest, Member
from vivace.live.outlets import ReplyOutlet, StreamOutlet
from vivace.live.room import Room
from vivace.live.visit import Visit
from vivace.sse import EventSourceResponse
from vivace.types import Receive, Scope, Send

if TYPE_CHECKING:
    from vivace.live.rooms import Rooms


async def serve_stream(rooms: Rooms, request: Request, after: str | None) -> Response:
    """A response with the events of a room (WHATWG HTML, section 9.2).

    Raises:
        HTTPException: It is not let in.
    """
    room, guest = await rooms.admit(request)
    if request.method == "HEAD":
        return Response(media_type=EventSourceResponse.media_type)
    reading = CancelScope()
    outlet = StreamOutlet(rooms.buffering, reading.cancel)
    visit = Visit(rooms, room, guest, outlet, request.scope)
    await visit.begin()
    return _Events(visit, outlet, reading, after)


class _Events(EventSourceResponse):
    """The events that one reader gets, until it goes or is told to come back."""

    def __init__(
        self, visit: Visit, outlet: StreamOutlet, reading: CancelScope, after: str | None
    ) -> None:
        super().__init__(self._content(after))
        self._visit = visit
        self._outlet = outlet
        self._reading = reading

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._reading:
                await super().__call__(scope, receive, send)
        finally:
            # A reader that goes says nothing.
            self._outlet.end(ABNORMAL)
            await self._visit.end((self._outlet.closed or (ABNORMAL, ""))[0])

    async def _content(self, after: str | None) -> AsyncIterator[bytes]:
        with suppress(BrokerUnavailable):
            async for frames in self._visit.events(after):
                for frame in frames:
                    yield frame.event
            await self._visit.joined()
            async for frame in self._outlet.frames():
                self._visit.member.heard()
                yield frame.event


async def serve_message(
    rooms: Rooms, request: Request, room: Room, guest: Guest, message: BaseModel
) -> Response:
    """Handle a message that is sent as a request.

    Raises:
        HTTPException: It is refused, or the broker is away.
    """
    outlet = ReplyOutlet(rooms.buffering)
    member = Member(guest, rooms.sends, outlet)
    try:
        await rooms.handle(request.scope, Call(room, member, message))
    except Exception as error:
        told = as_http(error)
        if told is None or told is error or isinstance(error, RequestValidationError):
            raise
        raise told from error
    replies = b",".join(frame.json for frame in outlet.frames())
    start = to_json({"event_id": room.last_event_id})[:-1]
    content: Any = start + b',"replies":[' + replies + b"]}"
    return Response(content, media_type="application/json")


__all__ = ["serve_message", "serve_stream"]
