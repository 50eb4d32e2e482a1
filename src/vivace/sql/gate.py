"""Waiting for connections on the event loop, where the code that uses them blocks its thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread
from sqlalchemy.exc import TimeoutError as PoolTimeout

from vivace.sql.settings import DatabaseSettings

T = TypeVar("T")


class Gate:
    """Lets as many requests in as there are connections in the pool, in one event loop.

    If they waited in threads, those that hold a connection could find no thread left in which to
    go on and give it back. What ends a transaction has threads of its own, for the same reason.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        self._places = anyio.Semaphore(settings.max_connections, fast_acquire=True)
        self._threads = anyio.CapacityLimiter(settings.max_connections)

    async def enter(self) -> None:
        """Take a place, which is to be left.

        Raises:
            PoolTimeout: There was none for too long, as the pool itself says it.
        """
        try:
            with anyio.fail_after(self._settings.pool_timeout):
                await self._places.acquire()
        except TimeoutError as error:
            raise PoolTimeout("No connection came free.") from error

    def leave(self) -> None:
        """Give the place to another."""
        self._places.release()

    async def run(self, call: Callable[[], T]) -> T:
        """Call what ends a transaction, in a thread."""
        return await anyio.to_thread.run_sync(call, limiter=self._threads)


__all__ = ["Gate"]
