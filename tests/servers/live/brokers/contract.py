"""What is true of brokers over an engine, besides what is of all: time passes there by itself."""

from __future__ import annotations

import asyncio

from tests.unit.live.brokers.contract import BrokerContract, Heard, Make


class EngineContract(BrokerContract):
    """The classes of tests for each of them have these tests."""

    async def test_entries_are_kept_for_so_long(self, make: Make) -> None:
        broker = make(age=1)
        first = await broker.append("room", b"1")
        await asyncio.sleep(1.5)
        second = await broker.append("room", b"2")
        history = await broker.read("room", first, 10)
        assert [entry.id for entry in history.entries] == [second]
        assert [entry.id for entry in (await broker.read("room", None, 10)).entries] == [second]

    async def test_those_who_follow_a_quiet_room_are_not_told_of_a_gap(self, make: Make) -> None:
        broker, heard = make(age=1), Heard()
        async with broker.follow("room", heard.deliver, heard.lost):
            await broker.append("room", b"1")
            await asyncio.sleep(1.5)
            await broker.append("room", b"2")
            await heard.until_entry(b"2")
        assert heard.data == [b"1", b"2"]
