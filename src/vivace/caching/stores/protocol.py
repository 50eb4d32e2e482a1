"""What a store of answers does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from vivace.caching.entry import Entry
from vivace.outages import StoreUnavailable


@dataclass(frozen=True)
class Lead:
    """The right to make an answer, while others wait for it.

    Attributes:
        token: Tells it from all others.
        versions: Those of the tags when it was given: what is invalidated since is not kept.
    """

    token: str
    versions: tuple[str, ...]


@runtime_checkable
class Store(Protocol):
    """Keeps answers under keys; a class with these methods will do.

    Every tag has a version, which changes when it is invalidated. An entry is only found as long
    as the versions of its tags are those of when its making began. So invalidating takes one step,
    whatever has the tag, and what was being made meanwhile is never found.

    No method blocks the event loop, and each is one step for all processes that share the store.

    Raises:
        StoreUnavailable: By all methods, soon, where the store is away.
    """

    async def find(self, key: str, tags: Sequence[str]) -> Entry | None:
        """The entry of ``key``, also a stale one; ``None`` where there is none to be given."""

    async def lead(
        self, key: str, tags: Sequence[str], seconds: float, kept_for: float
    ) -> Lead | None:
        """Become the one who makes the answer; ``None`` where another one does.

        Args:
            seconds: After these another one may, as this one may be gone.
            kept_for: Seconds for which the answer is of use, and so the versions of its tags.
        """

    async def keep(self, key: str, entry: Entry, lead: Lead) -> bool:
        """Keep the answer, and give the lead back; false where another one has it by now."""

    async def release(self, key: str, lead: Lead) -> None:
        """Give the lead back without an answer."""

    async def invalidate(self, tags: Sequence[str]) -> None:
        """Have nothing found any more that has one of ``tags``."""

    async def close(self) -> None:
        """Close what is open; what is needed later is opened again."""


__all__ = ["Lead", "Store", "StoreUnavailable"]
