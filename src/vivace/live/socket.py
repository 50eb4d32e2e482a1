"""Rooms over WebSockets (RFC 6455): frames of JSON, both ways."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from vivace import HTTPException, WebSocket, WebSocketDisconnect, WebSocketException
from vivace.exceptions import ValidationException
from vivace.live.brokers.protocol import BrokerUnavailable
from vivace.live.errors import (
    ABNORMAL,
    INVALID_DATA,
    POLICY_VIOLATION,
    TOO_BIG,
    TRY_AGAIN_LATER,
    UNSUPPORTED_DATA,
    TooManyMessages,
    as_http,
    close_code,
    error_frame,
)
from vivace.live.frames import PONG, own_frame
from vivace.live.handlers import Call
from vivace.live.messages import InvalidFrame, parse_object, take_ref
from vivace.live.outlets import SocketOutlet
from vivace.live.visit import Visit
from vivace.types import Receive

if TYPE_CHECKING:
    from vivace.live.rooms import Rooms


async def serve_socket(rooms: Rooms, websocket: WebSocket, after: str | None) -> None:
    """Serve one socket until it is closed.

    Raises:
        HTTPException: It is not let in, which can still be answered.
        WebSocketException: It is not let in, and the server cannot answer the handshake.
    """
    try:
        room, guest = await rooms.admit(websocket)
        task = asyncio.current_task()
        assert task is not None
        # Closed over as little as can be: there are thousands of these.
        outlet = SocketOutlet(rooms.buffering, websocket.send, task.cancel)
        visit = Visit(rooms, room, guest, outlet, websocket.scope)
        await visit.begin()
    except (HTTPException, ValidationException) as error:
        refusal = as_http(error)
        assert refusal is not None
        if "websocket.http.response" in (websocket.scope.get("extensions") or {}):
            raise refusal from None
        raise WebSocketException(close_code(refusal.status_code), str(refusal.detail)) from None
    code = ABNORMAL
    try:
        await websocket.accept()
        code = await _Conversation(rooms, visit, outlet, websocket).run(after)
    except asyncio.CancelledError:
        # By the outlet, of a socket that does not even take a close frame; or by others.
        if not outlet.has_abandoned or task.uncancel():
            raise
    except WebSocketDisconnect:
        # Before it was accepted.
        pass
    finally:
        if outlet.closed is not None:
            code = outlet.closed[0]
        outlet.stop()
        await visit.end(code)


class _Conversation:
    """What is said over one socket."""

    __slots__ = ("_errors", "_outlet", "_receive", "_rooms", "_scope", "_visit")

    def __init__(
        self, rooms: Rooms, visit: Visit, outlet: SocketOutlet, websocket: WebSocket
    ) -> None:
        self._rooms = rooms
        self._visit = visit
        self._outlet = outlet
        self._receive: Receive = websocket.receive
        self._scope = websocket.scope
        #: How many frames there were one after the other that are none.
        self._errors = 0

    async def run(self, after: str | None) -> int:
        """Until the socket is closed; gives the code with which it is."""
        member = self._visit.member
        try:
            async for frames in self._visit.events(after):
                self._outlet.put_missed(frames)
                await self._outlet.drain()
            await self._visit.joined()
        except BrokerUnavailable:
            member.close(TRY_AGAIN_LATER, "The room is out of reach")
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                code: int = message.get("code") or 1005
                return code
            if self._outlet.closed is None:
                member.heard()
                text = message.get("text")
                if text is None:
                    member.close(UNSUPPORTED_DATA, "Send text")
                elif _size(text) > self._rooms.settings.max_frame:
                    member.close(TOO_BIG, "The frame is too large")
                else:
                    await self._handle(text)

    async def _handle(self, text: str) -> None:
        """Handle one frame, and say what became of it."""
        member, settings = self._visit.member, self._rooms.settings
        ref: str | None = None
        try:
            content = parse_object(text)
            ref = take_ref(content)
            member.count(settings.messages_per_second, settings.burst)
            if content.get("type") == "pong":
                return
            if content.get("type") == "ping":
                member.tell(PONG)
                return
            message = self._rooms.read(content)
            room = self._visit.room
            room.last_event_id = None
            await self._rooms.handle(self._scope, Call(room, member, message))
        except Exception as error:
            member.tell(error_frame(error, ref))
            if isinstance(error, InvalidFrame):
                code = POLICY_VIOLATION if error.is_json else INVALID_DATA
                self._count_error(code, "Too many frames are not valid")
            elif isinstance(error, TooManyMessages):
                self._count_error(POLICY_VIOLATION, "Messages come too fast")
            elif isinstance(error, WebSocketException):
                member.close(error.code, error.reason)
            else:
                self._visit.close_if_unavailable(error)
            return
        self._errors = 0
        if ref is not None:
            member.tell(own_frame("ack", ref=ref, event_id=room.last_event_id))

    def _count_error(self, code: int, reason: str) -> None:
        self._errors += 1
        if self._errors >= self._rooms.settings.max_errors:
            self._visit.member.close(code, reason)


def _size(text: str) -> int:
    """The bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


__all__ = ["serve_socket"]
