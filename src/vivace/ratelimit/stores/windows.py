"""Fixed and sliding windows, counted by ``limits``."""

from __future__ import annotations

from time import time
from typing import Protocol

from limits.aio.storage import Storage
from limits.aio.strategies import MovingWindowRateLimiter

from vivace.ratelimit.decision import Level
from vivace.ratelimit.rules import Rule

#: How many windows' ends are remembered.
MOST_REMEMBERED = 10_000


class Counting(Protocol):
    """One way to count, in one place."""

    async def take(self, rule: Rule, key: str, cost: int) -> Level: ...

    async def read(self, rule: Rule, key: str, cost: int) -> Level: ...


class FixedWindows:
    """Counters that are forgotten at the end of their window.

    The strategy that ``limits`` has for them does not hand on the count that its storage answers
    with, and asks for it once more. So here the storage itself is called, as the strategy does.

    Args:
        storage: Where the counters are.
        rounding: By how many seconds the storage may be wrong about the end of a window.
    """

    def __init__(self, storage: Storage, rounding: float = 0) -> None:
        self._storage = storage
        self._rounding = rounding
        #: When windows end, so that it need not be asked for with each request.
        self._ends: dict[str, float] = {}

    async def take(self, rule: Rule, key: str, cost: int) -> Level:
        name = rule.item.key_for("fixed", key)
        count = await self._storage.incr(name, rule.seconds, amount=cost)
        if count == cost:
            self._remember(name, time() + rule.seconds)
        reset = await self._reset(rule, name)
        return Level(rule, count <= rule.quota, max(0, rule.quota - count), reset)

    async def read(self, rule: Rule, key: str, cost: int) -> Level:
        name = rule.item.key_for("fixed", key)
        count = await self._storage.get(name)
        remaining = max(0, rule.quota - count)
        reset = rule.seconds if count == 0 else await self._reset(rule, name)
        return Level(rule, remaining >= cost, remaining, reset)

    def forget(self) -> None:
        """Windows may end at other times than it was known."""
        self._ends.clear()

    async def _reset(self, rule: Rule, name: str) -> float:
        """In how many seconds a window that has begun ends."""
        ends_at = self._ends.get(name, 0.0)
        if ends_at <= time():
            ends_at = await self._storage.get_expiry(name) + self._rounding
            self._remember(name, ends_at)
        return _within(rule, ends_at - time())

    def _remember(self, name: str, ends_at: float) -> None:
        if len(self._ends) >= MOST_REMEMBERED:
            self._ends.clear()
        self._ends[name] = ends_at


class SlidingWindows:
    """What has passed, remembered until it has left the window.

    Args:
        storage: Where it is remembered.
    """

    def __init__(self, storage: Storage) -> None:
        self._strategy = MovingWindowRateLimiter(storage)

    async def take(self, rule: Rule, key: str, cost: int) -> Level:
        fits = await self._strategy.hit(rule.item, "sliding", key, cost=cost)
        remaining, reset = await self._stats(rule, key)
        return Level(rule, fits, remaining, reset)

    async def read(self, rule: Rule, key: str, cost: int) -> Level:
        remaining, reset = await self._stats(rule, key)
        return Level(rule, remaining >= cost, remaining, reset)

    async def _stats(self, rule: Rule, key: str) -> tuple[int, float]:
        """What is left, and in how many seconds the oldest request leaves the window."""
        stats = await self._strategy.get_window_stats(rule.item, "sliding", key)
        return max(0, stats.remaining), _within(rule, stats.reset_time - time())


def _within(rule: Rule, seconds: float) -> float:
    return min(max(seconds, 0.0), float(rule.seconds))


__all__ = ["Counting", "FixedWindows", "SlidingWindows"]
