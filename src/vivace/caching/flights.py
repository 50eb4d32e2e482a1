"""Of requests for one answer in one event loop, one makes it and the others wait."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from vivace.per_loop import PerLoop


class Flight:
    """An answer that is being made.

    Attributes:
        is_kept: Whether it has been kept, once it has ended.
    """

    def __init__(self) -> None:
        self.is_kept = False
        self._ended = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Wait until it has ended, or for ``seconds``."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ended.wait()

    @property
    def has_ended(self) -> bool:
        return self._ended.is_set()

    def end(self) -> None:
        self._ended.set()


class Flights:
    """The answers that are being made, by their keys."""

    def __init__(self) -> None:
        self._flights: PerLoop[dict[str, Flight]] = PerLoop(dict)

    def find(self, key: str) -> Flight | None:
        """The one that the answer of ``key`` is made by."""
        return self._flights.get().get(key)

    def begin(self, key: str) -> Flight:
        """Be the one: there is no other."""
        flight = self._flights.get()[key] = Flight()
        return flight

    def end(self, key: str, flight: Flight, *, is_kept: bool = False) -> None:
        """Let those who wait go on."""
        flight.is_kept = is_kept
        flight.end()
        flights = self._flights.get()
        if flights.get(key) is flight:
            del flights[key]


__all__ = ["Flight", "Flights"]
