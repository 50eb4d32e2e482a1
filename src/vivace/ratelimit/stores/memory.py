"""Counters in the memory of one process."""

from __future__ import annotations

import asyncio
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING

from limits.aio.storage import MemoryStorage

from vivace.ratelimit.decision import Level
from vivace.ratelimit.rules import Rule
from vivace.ratelimit.stores.windows import Counting, FixedWindows, SlidingWindows

if TYPE_CHECKING:
    from throttled.asyncio import MemoryStoreBackend

    from vivace.ratelimit.stores.tokens import TokenBuckets

#: Seconds between two looks for counters that can be forgotten.
SWEEP_EVERY = 10.0


class MemoryStore:
    """Counts in this process alone, and forgets with it.

    For tests, and for a server of one process: of several, each lets the whole quota pass.

    Args:
        max_buckets: How many buckets of tokens are kept. Beyond that, those are forgotten that were
            not used for longest, and begin full again.
    """

    def __init__(self, *, max_buckets: int = 100_000) -> None:
        self._max_buckets = max_buckets
        self._storage = SweptStorage()
        self._fixed = FixedWindows(self._storage)
        self._sliding = SlidingWindows(self._storage)

    def __repr__(self) -> str:
        return f"MemoryStore(max_buckets={self._max_buckets})"

    async def take(self, rule: Rule, key: str, cost: int) -> Level:
        return await self._counting(rule).take(rule, key, cost)

    async def read(self, rule: Rule, key: str, cost: int) -> Level:
        return await self._counting(rule).read(rule, key, cost)

    async def clear(self, part: str = "") -> None:
        self._fixed.forget()
        for name in {*self._storage.expirations, *self._storage.events}:
            if part in name:
                await self._storage.clear(name)
        if "_buckets" in self.__dict__:
            for name in list(self._backend.get_client()):
                if part in name:
                    self._backend.delete(name)

    async def close(self) -> None:
        pass

    def _counting(self, rule: Rule) -> Counting:
        if rule.window == "fixed":
            return self._fixed
        return self._sliding if rule.window == "sliding" else self._buckets

    @cached_property
    def _buckets(self) -> TokenBuckets:
        from vivace.ratelimit.stores.tokens import TokenBuckets

        return TokenBuckets("memory", self._backend, "vivace")

    @cached_property
    def _backend(self) -> MemoryStoreBackend:
        from throttled.asyncio import MemoryStoreBackend

        return MemoryStoreBackend(options={"MAX_SIZE": self._max_buckets})


class SweptStorage(MemoryStorage):
    """The storage of ``limits``, which looks less often for what can be forgotten.

    It looks through all counters in a task of its own, after every request: with ten thousand
    clients, each request would then cost some milliseconds of the event loop. It begins another
    such task where ``timer``, the one before, is done; so that is kept from it for some seconds.
    """

    def __init__(self) -> None:
        self._sweep: asyncio.Task[None] | None = None
        self._next_sweep = 0.0
        super().__init__()

    # An attribute there, and read again each time.
    @property  # type: ignore[override]
    def timer(self) -> asyncio.Task[None] | _NotYet | None:
        if monotonic() < self._next_sweep:
            return NOT_YET
        if self._sweep is not None and self._sweep.get_loop().is_closed():
            return None  # It will never be done.
        return self._sweep

    @timer.setter
    def timer(self, sweep: asyncio.Task[None] | None) -> None:
        self._sweep = sweep
        self._next_sweep = monotonic() + SWEEP_EVERY if sweep else 0.0


class _NotYet:
    """Stands for a task that has not come to its end."""

    def done(self) -> bool:
        return False

    def cancel(self) -> None:
        pass


NOT_YET = _NotYet()


__all__ = ["MemoryStore"]
