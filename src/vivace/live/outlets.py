"""What waits to be sent to one member: bounded, and nothing at all for one who keeps up.

A member costs no queue and no task as long as nothing waits. The first frame begins a task that
sends until nothing is left, as fast as the connection takes it; all others only join what waits. So
a slow member holds up nobody.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from vivace.live.errors import SILENT, TOO_SLOW
from vivace.live.frames import Frame, own_frame
from vivace.live.settings import Overflow
from vivace.types import Send


@dataclass(frozen=True, slots=True)
class Buffering:
    """How much may wait, and what is done with more.

    Args:
        size: How many frames of the room.
        overflow: What becomes of a member for whom more than that wait.
        closing: Seconds that one who is disconnected has to take the close frame.
    """

    size: int
    overflow: Overflow
    closing: float


class Outlet:
    """The way to one member.

    Args:
        buffering: How much may wait.
    """

    __slots__ = ("_buffering", "_dropped", "_had_turn", "_missed", "_waiting", "closed")

    def __init__(self, buffering: Buffering) -> None:
        self._buffering = buffering
        self._waiting: deque[Frame] | None = None
        self._dropped = 0
        #: How many of those that wait are none that came too fast.
        self._missed = 0
        #: Whether what sends has had a turn since it was woken: many frames may come at once, and
        #: a member is slow only if it does not take them then.
        self._had_turn = True
        #: The code and the reason with which it was closed.
        self.closed: tuple[int, str] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether anything waits."""
        return bool(self._waiting)

    def put(self, frame: Frame) -> None:
        """Send an event of the room, unless there is no room for it."""
        if self.closed is not None:
            return
        waiting = self._waiting
        if waiting:
            if frame.key is not None and _replace(waiting, frame):
                return
            most = self._buffering.size + self._missed
            if len(waiting) >= most and self._had_turn and not self._make_room(waiting):
                return
        self._begin(frame)

    def put_own(self, frame: Frame) -> None:
        """Send what is for this member alone: an answer is not left out.

        One who asks on without taking the answers is disconnected.
        """
        if self.closed is not None:
            return
        waiting = self._waiting
        if waiting and frame.key is not None and _replace(waiting, frame):
            return
        most = 2 * self._buffering.size + self._missed
        if waiting and len(waiting) >= most and self._had_turn:
            self.end(TOO_SLOW, "Answers are not read")
        else:
            self._begin(frame)

    def put_missed(self, frames: Sequence[Frame]) -> None:
        """Send what the member has missed: a page of it, which need not fit into the buffer."""
        if self.closed is not None or not frames:
            return
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.extend(frames)
        self._missed += len(frames)
        self._wake()

    def end(self, code: int, reason: str = "") -> None:
        """Close; what waits is sent first, unless the member is too slow for it."""
        if self.closed is not None:
            return
        # A close frame takes 123 bytes of a reason (RFC 6455, section 5.5).
        self.closed = code, reason.encode()[:120].decode(errors="ignore")
        is_stuck = code in (TOO_SLOW, SILENT)
        if is_stuck:
            self._waiting, self._dropped, self._missed = None, 0, 0
        self._close(is_stuck=is_stuck)

    def _make_room(self, waiting: deque[Frame]) -> bool:
        """Whether a frame can be added to what waits."""
        match self._buffering.overflow:
            case "disconnect":
                self.end(TOO_SLOW, "Events are not read fast enough")
                return False
            case "drop_newest":
                self._dropped += 1
                return False
            case "drop_oldest":
                for frame in waiting:
                    if frame.id is not None:
                        waiting.remove(frame)
                        self._dropped += 1
                        return True
                self._dropped += 1
                return False

    def _take(self) -> Frame | None:
        """What is sent next."""
        self._had_turn = True
        if self._dropped:
            count, self._dropped = self._dropped, 0
            return own_frame("dropped", count=count)
        if not self._waiting:
            return None
        self._missed = max(0, self._missed - 1)
        return self._waiting.popleft()

    def _begin(self, frame: Frame) -> None:
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(frame)
        self._wake()

    def _wake(self) -> None:
        """Have what waits sent."""
        raise NotImplementedError

    def _close(self, *, is_stuck: bool) -> None:
        """Close when what waits is sent; at once, where the connection takes nothing."""
        raise NotImplementedError


def _replace(waiting: deque[Frame], frame: Frame) -> bool:
    """Have a frame wait rather than an earlier one with its key, if that does."""
    for index, earlier in enumerate(waiting):
        if earlier.key == frame.key and earlier.to == frame.to:
            # Not in its place: ids come in order, or one who comes back with this one would miss
            # what stood between.
            del waiting[index]
            waiting.append(frame)
            return True
    return False


class SocketOutlet(Outlet):
    """The way over a WebSocket.

    Args:
        buffering: How much may wait.
        send: The ``send`` of the socket.
        abandon: Ends a connection that does not even take a close frame.
    """

    __slots__ = ("_abandon", "_send", "_task", "has_abandoned")

    def __init__(self, buffering: Buffering, send: Send, abandon: Callable[[], object]) -> None:
        super().__init__(buffering)
        #: Whether the connection has been ended without a close frame.
        self.has_abandoned = False
        self._send = send
        self._abandon = abandon
        self._task: asyncio.Task[None] | None = None

    async def drain(self) -> None:
        """Wait until nothing waits."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def stop(self) -> None:
        """The connection is over: forget what waits."""
        self.closed = self.closed or (1006, "")
        if self._task is not None:
            self._task.cancel()

    def _wake(self) -> None:
        if self._task is None:
            self._had_turn = False
            self._task = asyncio.create_task(self._flush())

    def _close(self, *, is_stuck: bool) -> None:
        if is_stuck and self._task is not None:
            self._task.cancel()
            self._task = None
        self._wake()

    async def _flush(self) -> None:
        try:
            while (frame := self._take()) is not None:
                await self._send({"type": "websocket.send", "text": frame.text})
            if self.closed is not None:
                await self._send_close(*self.closed)
        except Exception:
            # The connection is lost, which whoever receives from it is told, too. Servers have
            # exceptions of their own for it.
            self.closed = self.closed or (1006, "")
        finally:
            if self._task is asyncio.current_task():
                self._task = self._waiting = None

    async def _send_close(self, code: int, reason: str) -> None:
        try:
            async with asyncio.timeout(self._buffering.closing):
                await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except TimeoutError:
            self.has_abandoned = True
            self._abandon()


class StreamOutlet(Outlet):
    """The way over a response that never ends, which takes its events from here.

    Args:
        buffering: How much may wait.
        abandon: Ends the response.
    """

    __slots__ = ("_abandon", "_woken")

    def __init__(self, buffering: Buffering, abandon: Callable[[], object]) -> None:
        super().__init__(buffering)
        self._abandon = abandon
        self._woken: asyncio.Future[None] | None = None

    async def frames(self) -> AsyncIterator[Frame]:
        """What is put here, until it is closed."""
        while True:
            while (frame := self._take()) is not None:
                yield frame
            if self.closed is not None:
                return
            self._woken = asyncio.get_running_loop().create_future()
            try:
                await self._woken
            finally:
                self._woken = None

    def _wake(self) -> None:
        if self._woken is not None and not self._woken.done():
            self._had_turn = False
            self._woken.set_result(None)

    def _close(self, *, is_stuck: bool) -> None:
        self._wake()
        if is_stuck:
            with suppress(RuntimeError):
                self._abandon()


class ReplyOutlet(Outlet):
    """The way back to a request, whose answer has all that is put here."""

    __slots__ = ()

    def frames(self) -> list[Frame]:
        """What was put here."""
        return list(self._waiting or ())

    def put_own(self, frame: Frame) -> None:
        self._begin(frame)

    def _wake(self) -> None:
        """It is taken when the request is answered."""

    def _close(self, *, is_stuck: bool) -> None:
        """There is nothing to close."""


__all__ = ["Buffering", "Outlet", "ReplyOutlet", "SocketOutlet", "StreamOutlet"]
