"""What is true of brokers over an engine, besides what is of all: time passes there by itself."""

from __future__ import annotations

import asyncio

from tests.unit.live.brokers.contract import BrokerContract, Heard, Make


class EngineContract(BrokerContract):
    """The classes of tests for each of them have these tests."""

    async def test_entries_are_kept_for_so_long_and_those_who_follow_miss_none(
        self, make: Make
    ) -> None:
        broker, heard = make(age=2), Heard()
        async with broker.follow("room", heard.deliver, heard.lost):
            first = await broker.append("room", b"1")
            await asyncio.sleep(2.5)
            second = await broker.append("room", b"2")
            history = await broker.read("room", first, 10)
            newest = await broker.read("room", None, 10)
            await heard.until_entry(b"2")
        for read in (history, newest):
            assert [entry.id for entry in read.entries] == [second]
        # That an earlier one is no longer kept is no gap.
        assert heard.data == [b"1", b"2"]
