"""The body of a request, read by a middleware and again by the app inside of it."""

from __future__ import annotations

from collections import deque

import anyio

from vivace import HTTPException
from vivace.types import Message, Receive

GONE: Message = {"type": "http.disconnect"}


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
        # Both may wait at once: who gets a message that is for the other one hands it on.
        self._turn = anyio.Lock(fast_acquire=True)

    async def read(self) -> Message:
        """The next message, which is kept.

        Raises:
            HTTPException: 413: More than the limit would have to be kept.
        """
        async with self._turn:
            message = await self._next()
            if message["type"] == "http.request":
                self._size += len(message.get("body", b""))
                if self._size > self._limit:
                    raise HTTPException(413, "Content Too Large")
                self._kept.append(message)
            return message

    async def replay(self) -> Message:
        """The oldest message that was kept, else the next one."""
        if not self._kept:
            async with self._turn:
                if not self._kept:
                    return await self._next()
        message = self._kept.popleft()
        self._size -= len(message.get("body", b""))
        return message

    async def _next(self) -> Message:
        if self.is_gone:
            return GONE
        message = await self._receive()
        self.is_gone = message["type"] == "http.disconnect"
        return message


__all__ = ["Replay"]
