"""Who is in a room, over processes that come, go and are killed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest
from pydantic_core import from_json

from vivace.live.brokers.memory import MemoryBroker
from vivace.live.changes import FrameFor
from vivace.live.errors import RoomFull
from vivace.live.roster import Roster
from vivace.live.settings import LiveSettings

pytestmark = pytest.mark.anyio

# What is told is told in the next turn.
SETTINGS = LiveSettings(presence=30, linger=10, presence_window=1e-9)


class Process:
    """A process, as far as a roster knows."""

    def __init__(self, broker: MemoryBroker, name: str) -> None:
        self.told: list[tuple[str, str]] = []
        self.shown: list[Any] = []
        self.roster = Roster(broker, "tea", name, SETTINGS, self.tell)

    def tell(self, frame_for: FrameFor) -> bool:
        frame = frame_for(0)
        assert frame is not None
        said = from_json(frame.json)
        for type in ("joined", "left"):
            members = [said["member"]] if said["type"] == type else said.get(type, [])
            self.told += [(type, member["user"]) for member in members]
            self.shown += [member["shows"] for member in members]
        return True

    @property
    def users(self) -> list[str]:
        return sorted(one["user"] for one in self.roster.members)


async def turn() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@asynccontextmanager
async def two(broker: MemoryBroker | None = None) -> AsyncIterator[tuple[Process, Process]]:
    broker = broker or MemoryBroker()
    one, other = Process(broker, "one"), Process(broker, "other")
    await one.roster.start()
    await other.roster.start()
    try:
        yield one, other
    finally:
        await one.roster.stop()
        await other.roster.stop()


async def test_a_user_counts_once_however_many_connections_and_processes() -> None:
    async with two() as (one, other):
        await one.roster.enter("ada", {"color": "red"})
        await one.roster.enter("ada", {"color": "red"})
        await other.roster.enter("ada", {"color": "red"})
        await turn()
        assert one.told == other.told == [("joined", "ada")]
        await one.roster.leave("ada", lingers=False)
        await other.roster.leave("ada", lingers=False)
        await turn()
        assert one.users == other.users == ["ada"]
        await one.roster.leave("ada", lingers=False)
        await turn()
        assert one.told == other.told == [("joined", "ada"), ("left", "ada")]


async def test_one_who_comes_back_to_another_process_has_never_left() -> None:
    async with two() as (one, other):
        await one.roster.enter("ada", None)
        await one.roster.leave("ada", lingers=True)
        await other.roster.enter("ada", None)
        await turn()
        assert one.told == other.told == [("joined", "ada")]


async def test_one_whose_process_is_killed_is_told_to_have_left_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr("vivace.live.brokers.memory.monotonic", lambda: now)
    broker = MemoryBroker()
    killed = Process(broker, "killed")
    await killed.roster.start()
    await killed.roster.enter("ada", None)
    await killed.roster.stop()
    async with two(broker) as (one, other):
        await one.roster.enter("bob", None)
        assert one.users == ["ada", "bob"]
        now += 20
        await broker.renew(list(one.roster.names()), 30)
        now += 20
        for process in (one, other, one):
            await process.roster.sweep()
        await turn()
        assert one.told == other.told == [("joined", "ada"), ("joined", "bob"), ("left", "ada")]


async def test_a_process_that_was_held_up_enters_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("vivace.live.brokers.memory.monotonic", lambda: now)
    async with two() as (one, other):
        await one.roster.enter("ada", None)
        now += 60
        await other.roster.sweep()
        await turn()
        assert one.users == other.users == ["ada"]
        assert one.told == [("joined", "ada")]
        assert other.told == [("joined", "ada"), ("left", "ada"), ("joined", "ada")]


async def test_what_was_not_told_is_seen_when_all_are_asked_for() -> None:
    broker = MemoryBroker()
    async with two(broker) as (one, other):
        await one.roster.enter("ada", None)
        await turn()
        # As by a process that is killed between its two steps.
        await broker.enter("tea#", "third:bob", b'{"user":"bob","shows":null}', 30)
        await broker.leave("tea#", "one:ada")
        await other.roster.refresh()
        await one.roster.refresh()
        assert other.users == ["bob"]
        # It knows better of its own.
        assert one.users == ["ada", "bob"]


async def test_what_a_user_shows_is_told_when_it_changes() -> None:
    async with two() as (one, other):
        await one.roster.enter("ada", {"color": "red"})
        await turn()
        await other.roster.enter("ada", {"color": "blue"})
        await turn()
        # Another connection in the same process, or in the first one.
        await other.roster.enter("ada", {"color": "green"})
        await turn()
        await one.roster.enter("ada", {"color": "black"})
        await turn()
        colors = [one["color"] for one in other.shown]
        assert colors == ["red", "blue", "green", "black"]
        assert one.shown == other.shown
        await one.roster.refresh()
        await other.roster.refresh()
        await turn()
        assert len(one.shown) == len(other.shown) == 4


async def test_what_is_no_word_of_a_process_is_passed_over() -> None:
    broker = MemoryBroker()
    async with two(broker) as (one, _):
        for data in (b"", b"[]", b'{"name":"x"}', b"\xff"):
            await broker.append("tea#", data)
        await turn()
        assert one.users == []


async def test_a_room_that_is_full_takes_connections_of_those_who_are_there() -> None:
    async with two() as (one, other):
        entering = [one.roster.enter(user, None, 2) for user in ("ada", "bob", "cy", "ada")]
        found = await asyncio.gather(*entering, return_exceptions=True)
        assert [type(one) for one in found] == [type(None), type(None), RoomFull, type(None)]
        await turn()
        with pytest.raises(RoomFull):
            await other.roster.enter("dan", None, 2)
        await other.roster.enter("bob", None, 2)


async def test_users_do_not_wait_for_each_other_and_one_s_connections_do() -> None:
    class Slow(MemoryBroker):
        asked: ClassVar[list[str]] = []
        goes_on = asyncio.Event()

        async def enter(self, room: str, member: str, data: bytes, ttl: float) -> bool:
            self.asked.append(member)
            await self.goes_on.wait()
            return await super().enter(room, member, data, ttl)

    process = Process(Slow(), "one")
    await process.roster.start()
    users = ("ada", "bob", "cy", "ada")
    entering = [asyncio.create_task(process.roster.enter(user, None)) for user in users]
    await turn()
    assert Slow.asked == ["one:ada", "one:bob", "one:cy"]
    Slow.goes_on.set()
    await asyncio.gather(*entering)
    assert Slow.asked == ["one:ada", "one:bob", "one:cy"]
    await process.roster.leave("ada", lingers=False)
    await turn()
    assert process.users == ["ada", "bob", "cy"]
    assert len(process.roster._locks) == 0
    await process.roster.stop()


async def test_one_who_leaves_and_cannot_wait_is_not_shown_for_ever() -> None:
    class Hanging(MemoryBroker):
        hangs = False

        async def enter(self, room: str, member: str, data: bytes, ttl: float) -> bool:
            if self.hangs:
                await asyncio.Event().wait()
            return await super().enter(room, member, data, ttl)

    broker = Hanging()
    async with two(broker) as (one, _):
        await one.roster.enter("ada", None)
        broker.hangs = True
        entering = asyncio.create_task(one.roster.enter_again("one:ada"))
        await turn()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await one.roster.leave("ada", lingers=True)
        assert list(one.roster.names()) == []
        entering.cancel()
        broker.hangs = False
        await one.roster.enter("ada", None)
        await one.roster.leave("ada", lingers=False)
        assert one.users == []


async def test_one_who_comes_back_while_it_leaves_stays() -> None:
    async with two() as (one, other):
        await one.roster.enter("ada", None)
        await turn()
        lock = one.roster._lock_of("ada")
        async with lock:
            entering = asyncio.create_task(one.roster.enter("ada", None))
            await turn()
            leaving = asyncio.create_task(one.roster.leave("ada", lingers=False))
            await turn()
        await asyncio.gather(entering, leaving)
        await turn()
        assert (one.users, other.users) == (["ada"], ["ada"])
        assert other.told == [("joined", "ada")]
