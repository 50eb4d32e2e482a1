"""Rooms in memory."""

from __future__ import annotations

from functools import cache

import pytest

from vivace.live.brokers import memory
from vivace.live.brokers.memory import MemoryBroker
from vivace.live.brokers.protocol import START, Broker

from .contract import BrokerContract, Heard, Make

pytestmark = pytest.mark.anyio


@pytest.fixture
def make() -> Make:
    # All of a process is one broker.
    @cache
    def make(*, count: int = 1000, age: float = 3600.0) -> Broker:
        return MemoryBroker(count=count, age=age)

    return make


class TestMemoryBroker(BrokerContract):
    """It is as all brokers are."""


class Clock:
    """What the broker takes for the time."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(memory, "monotonic", clock)
    return clock


async def test_entries_are_kept_for_so_long(clock: Clock) -> None:
    broker = MemoryBroker(age=10)
    first = await broker.append("room", b"1")
    clock.now += 6
    second = await broker.append("room", b"2")
    clock.now += 6
    history = await broker.read("room", START, 10)
    assert [entry.id for entry in history.entries] == [second]
    assert not history.is_complete
    assert (await broker.read("room", first, 10)).is_complete


async def test_rooms_without_anything_in_them_are_forgotten(clock: Clock) -> None:
    broker = MemoryBroker(age=10)
    ids = [await broker.append(f"room {n}", b"", key="key") for n in range(100)]
    await broker.enter("entered", "ada", b"", 5)
    clock.now += 1000
    await broker.append("room", b"")
    assert list(broker._rooms) == ["room"]
    # What is no longer known is not taken for nothing.
    assert not (await broker.read("room 0", ids[0], 10)).is_complete
    assert (await broker.read("room 99", ids[99], 10)).is_complete


async def test_of_rooms_that_nobody_is_in_there_are_only_so_many(clock: Clock) -> None:
    broker, heard = MemoryBroker(rooms=10), Heard()
    first = await broker.append("room 0", b"")
    await broker.enter("entered", "ada", b"", 3600)
    async with broker.follow("followed", heard.deliver, heard.lost):
        for n in range(100):
            clock.now += 0.01
            await broker.append(f"room {n}", b"")
        clock.now += memory.SWEEP
        last = await broker.append("room 99", b"")
        assert list(broker._rooms) == [
            "entered",
            "followed",
            *(f"room {n}" for n in range(90, 100)),
        ]
    assert not (await broker.read("room 0", first, 10)).is_complete
    assert (await broker.read("room 99", last, 10)).is_complete


async def test_rooms_that_somebody_follows_or_is_in_are_not_forgotten(clock: Clock) -> None:
    broker, heard = MemoryBroker(age=10), Heard()
    await broker.enter("entered", "ada", b"", 3600)
    async with broker.follow("followed", heard.deliver, heard.lost):
        clock.now += 1000
        await broker.append("room", b"")
        assert sorted(broker._rooms) == ["entered", "followed", "room"]


async def test_a_key_is_forgotten(clock: Clock) -> None:
    broker = MemoryBroker()
    first = await broker.append("room", b"", key="key")
    clock.now += 119
    assert await broker.append("room", b"", key="key") == first
    clock.now += 2
    assert await broker.append("room", b"", key="key") > first


async def test_ids_of_another_run_are_not_those_of_this_one() -> None:
    broker = MemoryBroker()
    await broker.append("room", b"1")
    history = await broker.read("room", "0123456789ab-000000000001", 10)
    assert [entry.data for entry in history.entries] == [b"1"]
    assert not history.is_complete


async def test_a_loop_that_does_not_keep_up_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "WAITING", 10)
    broker, heard = MemoryBroker(), Heard()
    async with broker.follow("room", heard.deliver, heard.lost):
        for n in range(25):
            await broker.append("room", b"%d" % n)
        await heard.until_entry(b"24")
    assert heard.data == [None, *(b"%d" % n for n in range(20, 25))]


@pytest.mark.parametrize(("count", "age"), [(0, 1), (1, 0), (-1, 1)])
def test_something_is_kept(count: int, age: float) -> None:
    with pytest.raises(ValueError, match="Keep at least one entry"):
        MemoryBroker(count=count, age=age)
