"""From a key to an answer, or to the decision who makes it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import anyio

from vivace.caching.entry import Entry
from vivace.caching.flights import Flight, Flights
from vivace.caching.stores.protocol import Lead, Store, StoreUnavailable

#: Seconds between two looks whether another process has made the answer: at first, and at most.
LOOK_AFTER: Final = 0.02
LOOK_AT_MOST_AFTER: Final = 0.25


@dataclass(frozen=True)
class Turn:
    """The task to make an answer, which others wait for."""

    key: str
    flight: Flight
    lead: Lead


@dataclass(frozen=True)
class Found:
    """What has come of looking.

    Attributes:
        entry: What there is, be it stale.
        turn: Whether the answer is to be made and kept.
        is_hit: Whether the entry is to be given.
    """

    entry: Entry | None = None
    turn: Turn | None = None
    is_hit: bool = False


class Lookup:
    """Finds answers in a store, and who makes those that there are not.

    Args:
        store: The store.
        wait: Seconds that a request waits for another one to make the answer.
        lead: Seconds that making it may take before another process makes it as well.
    """

    def __init__(self, store: Store, *, wait: float, lead: float) -> None:
        self._store = store
        self._wait = wait
        self._lead = lead
        self._flights = Flights()

    async def look(self, key: str, tags: Sequence[str], kept_for: float) -> Found:
        """Look for the answer of ``key``: wait for it, if someone makes it, but not for long.

        Args:
            kept_for: Seconds for which it will be of use, if it is made.

        Raises:
            StoreUnavailable: The store is away.
        """
        until = time.monotonic() + self._wait
        while True:
            entry = await self._store.find(key, tags)
            if entry is not None and entry.is_fresh(time.time()):
                return Found(entry, is_hit=True)
            flight = self._flights.find(key)
            if flight is None:
                return await self._lead_or_follow(key, tags, kept_for, entry, until)
            if _is_given_stale(entry):
                return Found(entry, is_hit=True)
            await flight.wait(until - time.monotonic())
            if not (flight.has_ended and flight.is_kept):
                # That took too long; or the answer is none that is kept, and all would wait for
                # each other in turn.
                return Found(entry)

    async def read(self, key: str, tags: Sequence[str]) -> Found:
        """What there is, without making anything.

        Raises:
            StoreUnavailable: The store is away.
        """
        entry = await self._store.find(key, tags)
        return Found(entry, is_hit=entry is not None and entry.is_fresh(time.time()))

    async def _lead_or_follow(
        self,
        key: str,
        tags: Sequence[str],
        kept_for: float,
        entry: Entry | None,
        until: float,
    ) -> Found:
        """For this process, make the answer or look whether another one has made it."""
        flight = self._flights.begin(key)
        turn: Turn | None = None
        try:
            after = LOOK_AFTER
            while True:
                # Whoever is cancelled meanwhile does not know whether it leads.
                with anyio.CancelScope(shield=True):
                    lead = await self._store.lead(key, tags, self._lead, kept_for)
                if lead is not None:
                    try:
                        # Who had the lead before may have kept the answer since it was looked for.
                        entry = await self._store.find(key, tags)
                        if entry is None or not entry.is_fresh(time.time()):
                            turn = Turn(key, flight, lead)
                            return Found(entry, turn)
                        return Found(entry, is_hit=True)
                    finally:
                        if turn is None:
                            await self._release(key, lead)
                if _is_given_stale(entry):
                    return Found(entry, is_hit=True)
                if time.monotonic() >= until:
                    return Found(entry)
                await asyncio.sleep(after)
                after = min(after * 2, LOOK_AT_MOST_AFTER)
                entry = await self._store.find(key, tags)
                if entry is not None and entry.is_fresh(time.time()):
                    return Found(entry, is_hit=True)
        finally:
            if turn is None:
                # Those who wait look for themselves.
                self._flights.end(key, flight, is_kept=True)

    async def keep(self, turn: Turn, entry: Entry) -> None:
        """Keep what was made; those who wait find it."""
        is_kept = False
        try:
            with anyio.CancelScope(shield=True):
                is_kept = await self._store.keep(turn.key, entry, turn.lead)
        except StoreUnavailable:
            pass  # It is made again.
        finally:
            self._flights.end(turn.key, turn.flight, is_kept=is_kept)

    async def give_up(self, turn: Turn) -> None:
        """Nothing was made that can be kept."""
        self._flights.end(turn.key, turn.flight)
        await self._release(turn.key, turn.lead)

    async def _release(self, key: str, lead: Lead) -> None:
        """End the lead, even if the request is cancelled: others wait for it."""
        # Where the store is away, it ends by itself.
        with anyio.CancelScope(shield=True), suppress(StoreUnavailable):
            await self._store.release(key, lead)


def _is_given_stale(entry: Entry | None) -> bool:
    return entry is not None and entry.may_be_stale(time.time())


__all__ = ["Found", "Lookup", "Turn"]
