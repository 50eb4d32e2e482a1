"""Waiting for connections on the event loop, where the code that uses them blocks its thread."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
import anyio.to_thread

from vivace.sql.errors import DETAILS, Fault, Unavailable
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

    @asynccontextmanager
    async def enter(self) -> AsyncIterator[None]:
        """Hold a place.

        Raises:
            Unavailable: There was none for too long.
        """
        try:
            with anyio.fail_after(self._settings.pool_timeout):
                await self._places.acquire()
        except TimeoutError as error:
            raise Unavailable(DETAILS[Fault.AWAY], self._settings.retry_after) from error
        try:
            yield
        finally:
            self._places.release()

    async def run(self, call: Callable[[], T]) -> T:
        """Call what ends a transaction, in a thread."""
        return await anyio.to_thread.run_sync(call, limiter=self._threads)


__all__ = ["Gate"]
