"""How many connections a user has, over all processes.

A tenth of what a user may have, a process lets in by itself: most users have no more, and cost the
broker nothing. The others are present there, in a room that is the user's, and so are counted over
all processes.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex

from anyio import CancelScope

from vivace.live.brokers.protocol import Broker, BrokerUnavailable
from vivace.live.errors import TooManySockets
from vivace.live.member import ANONYMOUS


@dataclass(frozen=True, slots=True)
class Place:
    """A connection that was let in; ``name`` is what the broker knows it by, if it does."""

    user: str
    name: str | None


class Quota:
    """The connections of users in one process.

    Args:
        broker: Knows of all processes.
        most: How many a user may have.
        ttl: Seconds for which those of a process that was killed are still counted.
    """

    def __init__(self, broker: Broker, most: int, ttl: float) -> None:
        self._broker = broker
        self._own = most // 10
        self._shared = most - self._own
        self._ttl = ttl
        #: Of each user, those that the broker does not know.
        self._uncounted: Counter[str] = Counter()
        self._counted: set[tuple[str, str]] = set()

    async def take(self, user: str) -> Place:
        """Another connection of a user.

        Of several at the same moment each may be one too many for the others: there never are more
        than there may be.

        Raises:
            TooManySockets: The user has as many as one may.
            BrokerUnavailable: The broker is away.
        """
        if user.startswith(ANONYMOUS) or self._uncounted[user] < self._own:
            self._uncounted[user] += 1
            return Place(user, None)
        place = Place(user, token_hex(8))
        room, name = self._entry(place)
        try:
            await self._broker.enter(room, name, b"", self._ttl)
            self._counted.add((room, name))
            # Those of processes that were killed would be kept otherwise.
            await self._broker.expire(room)
            if len(await self._broker.present(room)) > self._shared:
                raise TooManySockets
        except BaseException:
            with CancelScope(shield=True):
                await self.give_back(place)
            raise
        return place

    async def give_back(self, place: Place) -> None:
        """A connection has ended; where the broker is away, it is counted for its ``ttl`` more."""
        if place.name is None:
            self._uncounted[place.user] -= 1
            if not self._uncounted[place.user]:
                del self._uncounted[place.user]
            return
        entry = self._entry(place)
        self._counted.discard(entry)
        with suppress(BrokerUnavailable):
            await self._broker.leave(*entry)

    async def renew(self) -> None:
        """Have the connections counted for another ``ttl``.

        Raises:
            BrokerUnavailable: The broker is away.
        """
        if not self._counted:
            return
        for room, name in await self._broker.renew([*self._counted], self._ttl):
            # It was held up, or has lost them; meanwhile they may have been given back.
            if (room, name) in self._counted:
                await self._broker.enter(room, name, b"", self._ttl)

    def _entry(self, place: Place) -> tuple[str, str]:
        # No room of an app has such a name: it is a path.
        return f"@{place.user}", place.name or ""


__all__ = ["Place", "Quota"]
