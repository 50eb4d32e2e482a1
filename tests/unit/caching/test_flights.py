"""Who makes an answer, and who waits."""

from __future__ import annotations

import asyncio

from vivace.caching.flights import Flights


def test_who_waits_is_told_what_has_come_of_it() -> None:
    async def fly() -> list[tuple[bool, bool]]:
        flights = Flights()
        results = []
        for is_kept in (True, False):
            flight = flights.begin("a")
            assert flights.find("a") is flight
            assert flights.find("b") is None
            waiting = asyncio.create_task(flight.wait(60))
            await asyncio.sleep(0)
            flights.end("a", flight, is_kept=is_kept)
            await waiting
            results.append((flight.has_ended, flight.is_kept))
            assert flights.find("a") is None
        return results

    assert asyncio.run(fly()) == [(True, True), (True, False)]


def test_nobody_waits_for_ever() -> None:
    async def fly() -> bool:
        flight = Flights().begin("a")
        await flight.wait(0)
        await flight.wait(-1)
        return flight.has_ended

    assert asyncio.run(fly()) is False


def test_each_event_loop_has_its_own() -> None:
    flights = Flights()

    async def fly() -> bool:
        known = flights.find("a") is not None
        flights.begin("a")
        return known

    assert [asyncio.run(fly()) for _ in range(2)] == [False, False]
