"""What a store of counters does."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from vivace.outages import StoreUnavailable
from vivace.ratelimit.decision import Level
from vivace.ratelimit.rules import Rule


@runtime_checkable
class Store(Protocol):
    """Keeps counters; a class with these methods will do.

    No method blocks the event loop, and each is one step for all processes that share the store.

    Raises:
        StoreUnavailable: By all methods, soon, where the counters are out of reach.
    """

    async def take(self, rule: Rule, key: str, cost: int) -> Level:
        """Count ``cost``, if it fits, and tell what is left."""

    async def read(self, rule: Rule, key: str, cost: int) -> Level:
        """Tell what is left, and whether ``cost`` would fit, without counting."""

    async def clear(self, part: str = "") -> None:
        """Forget the counters with ``part`` in their key: all of them, if nothing is given."""

    async def close(self) -> None:
        """Close what is open; what is needed later is opened again."""


__all__ = ["Store", "StoreUnavailable"]
