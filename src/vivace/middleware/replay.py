"""The body of a request, read by a middleware and again by the app inside of it."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio

from vivace import HTTPException, Request
from vivace.types import Message, Receive, Scope, Send

GONE: Message = {"type": "http.disconnect"}
END: Message = {"type": "http.request", "body": b"", "more_body": False}


class Replay:
    """A ``receive`` for two: what :meth:`read` gives to the one, :meth:`replay` has for the other.

    Args:
        receive: The server's.
        limit: So many bytes may be kept for the other one.
    """

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._kept: deque[Message] = deque()
        self._size = 0
        #: Whether the client was seen to leave.
        self.is_gone = False
        #: What the other one has had, and :meth:`read` has not seen: some of the body, or its end.
        self._is_taken = False
        self._is_over = False
        # Both may wait at once: who gets a message that is for the other one hands it on.
        self._turn = anyio.Lock(fast_acquire=True)

    async def read(self) -> Message:
        """The next message, which is kept.

        Raises:
            HTTPException: 413: More than the limit would have to be kept.
        """
        async with self._turn:
            return await self._keep()

    async def read_body(self) -> Message:
        """The same for who wants all of the body.

        Raises:
            HTTPException: As :meth:`read`.
            RuntimeError: The other one has had some of it.
        """
        # Before it as well: the other one may wait in its turn until the client leaves.
        if not self._is_at_end():
            async with self._turn:
                if not self._is_at_end():
                    return await self._keep()
        return END

    async def replay(self) -> Message:
        """The oldest message that was kept, else the next one."""
        if not self._kept:
            async with self._turn:
                if not self._kept:
                    return await self._take()
        message = self._kept.popleft()
        self._size -= len(message.get("body", b""))
        return message

    def _is_at_end(self) -> bool:
        """Whether nothing of the body is to come, as the other one has had its end."""
        if self._is_taken:
            raise RuntimeError(
                "The app has read the body, and it is gone. Read it before call_next, as by "
                "`await request.body()`: then it is there for both."
            )
        return self._is_over

    async def _keep(self) -> Message:
        message = await self._next()
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            if self._size > self._limit:
                raise HTTPException(413, "Content Too Large")
            self._kept.append(message)
        return message

    async def _take(self) -> Message:
        message = await self._next()
        if message["type"] == "http.request":
            self._is_taken = self._is_taken or bool(message.get("body", b""))
            self._is_over = not message.get("more_body", False)
        return message

    async def _next(self) -> Message:
        if self.is_gone:
            return GONE
        message = await self._receive()
        self.is_gone = message["type"] == "http.disconnect"
        return message


class ReplayedRequest(Request):
    """The request of who reads first.

    Args:
        replay: Where its body comes from.
    """

    def __init__(self, scope: Scope, replay: Replay, send: Send) -> None:
        super().__init__(scope, replay.read, send)
        self._replay = replay

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The body, part by part.

        Raises:
            RuntimeError: The app has read some of it before.
        """
        # Others, as ``is_disconnected``, look for the end of the connection alone.
        self._receive = self._replay.read_body
        try:
            async with aclosing(super().stream()) as stream:
                async for chunk in stream:
                    yield chunk
        finally:
            self._receive = self._replay.read


__all__ = ["Replay", "ReplayedRequest"]
