"""Forgetting what has expired, so that stores do not fill up with it."""

from __future__ import annotations

from datetime import timedelta
from math import inf
from time import monotonic

from vivace.auth.stores.protocol import Store
from vivace.auth.stores.records import (
    Attempts,
    Challenge,
    PasswordReset,
    Record,
    RefreshToken,
    Session,
    TokenFamily,
)

#: Kinds of which nobody needs what has expired. Not API keys: their owners see in the list which
#: ones those were.
EXPIRING: tuple[type[Record], ...] = (
    RefreshToken,
    TokenFamily,
    PasswordReset,
    Challenge,
    Session,
    Attempts,
)

#: How often a process does it.
EVERY = timedelta(hours=1)


class Expiry:
    """Removes records whose time is over. They count for nothing before that, too."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._done_at = -inf

    async def remove_expired(self) -> int:
        """Remove all that there are; how many there were."""
        return sum([await self._store.remove_expired(kind) for kind in EXPIRING])

    async def remove_expired_if_due(self) -> None:
        """Do so where this process has not for an hour: for after an answer."""
        if monotonic() - self._done_at < EVERY.total_seconds():
            return
        self._done_at = monotonic()
        await self.remove_expired()


__all__ = ["EXPIRING", "Expiry"]
