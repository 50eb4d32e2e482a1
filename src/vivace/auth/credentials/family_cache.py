"""Token families that were found good a moment ago, so that the store is not asked each time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from vivace.auth.stores.records import TokenFamily, User

#: Room for so many families; those that came first go first.
CAPACITY = 4096


@dataclass(frozen=True)
class _Entry:
    user: User
    family: TokenFamily
    #: On the monotonic clock, in seconds.
    until: float


class FamilyCache:
    """What a process takes for true for a few seconds without asking the store.

    Args:
        trust: For how long. Zero keeps nothing.
        capacity: How many families, so that memory stays bounded.
    """

    def __init__(self, trust: timedelta, capacity: int = CAPACITY) -> None:
        self._trust = trust.total_seconds()
        self._capacity = capacity
        self._entries: dict[str, _Entry] = {}
        #: Goes up with each family that is forgotten; see :meth:`keep`.
        self.forgotten = 0

    def get(self, family_id: str) -> tuple[User, TokenFamily] | None:
        """User and family as they were a moment ago; ``None`` where the store has to be asked."""
        entry = self._entries.get(family_id)
        if entry is None:
            return None
        if entry.until <= monotonic():
            del self._entries[family_id]
            return None
        return entry.user, entry.family

    def keep(self, user: User, family: TokenFamily, *, forgotten: int) -> None:
        """Remember what the store has just said.

        Args:
            forgotten: The cache's ``forgotten`` before the store was asked. Where it has gone up
                since, the family may have been ended after the store had answered: then nothing is
                kept, or the end would go unseen.
        """
        if self._trust <= 0 or forgotten != self.forgotten:
            return
        self._entries.pop(family.id, None)
        if len(self._entries) >= self._capacity:
            del self._entries[next(iter(self._entries))]
        self._entries[family.id] = _Entry(user, family, monotonic() + self._trust)

    def forget(self, family_id: str) -> None:
        """To be called when the store knows that this family has ended."""
        self.forgotten += 1
        self._entries.pop(family_id, None)

    def forget_user(self, user_id: str) -> None:
        """To be called when the store knows something new of a user."""
        self.forgotten += 1
        for id in [id for id, entry in self._entries.items() if entry.user.id == user_id]:
            del self._entries[id]


__all__ = ["FamilyCache"]
