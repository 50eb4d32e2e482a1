"""Connections belong to the event loop that made them; a store object does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


class PerLoop(Generic[T]):
    """One ``T`` for each event loop, made when it is first asked for.

    So an object that is made at import can be used in every process that the program starts, and
    in every event loop that a test runs. What was not closed by then is closed when its loop ends.

    Args:
        make: Makes one.
        close: Closes it, in the loop that it was made in.
    """

    def __init__(self, make: Callable[[], T], close: Callable[[T], Awaitable[None]]) -> None:
        self._make = make
        self._close = close
        self._made: WeakKeyDictionary[asyncio.AbstractEventLoop, T] = WeakKeyDictionary()
        self._holders: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncGenerator[None]] = (
            WeakKeyDictionary()
        )

    async def get(self) -> T:
        """The one of the running loop."""
        loop = asyncio.get_running_loop()
        found = self._made.get(loop)
        if found is None:
            found = self._made[loop] = self._make()
            # Loops close their asynchronous generators before they end (PEP 525): this one has
            # `close` called then. Its first step does not wait, so nobody comes in between.
            holder = self._holders[loop] = self._hold(loop, found)
            await anext(holder)
        return found

    async def close(self) -> None:
        """Close the one of the running loop, if there is one; the next is made when asked for."""
        holder = self._holders.pop(asyncio.get_running_loop(), None)
        if holder is not None:
            await holder.aclose()

    async def _hold(self, loop: asyncio.AbstractEventLoop, made: T) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            self._holders.pop(loop, None)
            if self._made.get(loop) is made:
                del self._made[loop]
            await self._close(made)


__all__ = ["PerLoop"]
