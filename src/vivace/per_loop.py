"""Connections belong to the event loop that made them; a database object does not."""

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
        close: Closes it, in the loop that it was made in; ``None`` where there is nothing to close.
    """

    def __init__(
        self, make: Callable[[], T], close: Callable[[T], Awaitable[None]] | None = None
    ) -> None:
        self._make = make
        self._close = close
        self._made: WeakKeyDictionary[asyncio.AbstractEventLoop, T] = WeakKeyDictionary()
        self._holders: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncGenerator[None]] = (
            WeakKeyDictionary()
        )

    def get(self) -> T:
        """The one of the running loop.

        Raises:
            RuntimeError: No event loop is running.
        """
        loop = asyncio.get_running_loop()
        found = self._made.get(loop)
        if found is None:
            found = self._made[loop] = self._make()
            if self._close is None:
                return found
            # Loops close their asynchronous generators before they end (PEP 525), if these have
            # begun: this one has `close` called then.
            self._holders[loop] = holder = self._hold(loop, found, self._close)
            _begin(holder)
        return found

    async def close(self) -> None:
        """Close the one of the running loop, if there is one; the next is made when asked for."""
        made = self._made.pop(asyncio.get_running_loop(), None)
        if made is not None and self._close is not None:
            await self._close(made)

    async def _hold(
        self, loop: asyncio.AbstractEventLoop, made: T, close: Callable[[T], Awaitable[None]]
    ) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            if self._made.get(loop) is made:
                del self._made[loop]
                await close(made)


def _begin(generator: AsyncGenerator[None]) -> None:
    """Run ``generator`` up to its first ``yield``, before which it waits for nothing."""
    step = generator.__anext__()
    try:
        step.send(None)
    except StopIteration:
        return


__all__ = ["PerLoop"]
