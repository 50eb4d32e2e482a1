"""All rooms of an event loop: three tasks, however many sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest

from vivace.live.brokers.memory import MemoryBroker
from vivace.live.brokers.protocol import BrokerUnavailable
from vivace.live.errors import TooManyMessages
from vivace.live.hub import SLOTS, Hub
from vivace.live.member import Guest, Member
from vivace.live.messages import Messages
from vivace.live.outlets import Buffering, ReplyOutlet
from vivace.live.settings import LiveSettings

from .chat import Said

pytestmark = pytest.mark.anyio

SENDS = Messages(Said, "test")


def make_member() -> tuple[Member, ReplyOutlet]:
    outlet = ReplyOutlet(Buffering(10, "disconnect", 1))
    return Member(Guest("ada"), SENDS, outlet), outlet


@asynccontextmanager
async def hub(broker: MemoryBroker | None = None, **settings: Any) -> AsyncIterator[Hub]:
    made = Hub(broker or MemoryBroker(), LiveSettings(**settings))
    try:
        yield made
    finally:
        await made.close()


async def test_a_room_is_followed_once_for_all_of_its_members() -> None:
    broker = MemoryBroker()
    async with hub(broker) as one:
        feeds = [await one.use("tea", has_roster=True) for _ in range(5)]
        assert len({id(feed) for feed in feeds}) == 1
        assert len(broker._rooms["tea"].followers) == 1
        for feed in feeds:
            assert one.find("tea") is feed
            await one.release(feed)
        assert one.find("tea") is None
        assert broker._rooms["tea"].followers == []
        assert broker._rooms["tea#"].followers == []


async def test_there_are_three_tasks_however_many_members() -> None:
    async with hub() as one:
        before = asyncio.all_tasks()
        for number in range(50):
            await one.use(f"room {number}", has_roster=True)
            one.add(make_member()[0])
        assert len([task for task in asyncio.all_tasks() - before if not task.done()]) == 3


async def test_a_member_is_pinged_late_and_closed_when_it_is_silent() -> None:
    async with hub() as one:
        member, outlet = make_member()
        one.add(member)
        # Visited last, of all slots: those of the first round are a heartbeat away, nearly.
        assert member.slot >= SLOTS * 3 // 4 - 1
        for _ in range(3):
            member.visit(3)
        assert outlet.closed is None
        member.heard()
        for _ in range(3):
            member.visit(3)
        assert outlet.closed is None
        member.visit(3)
        assert outlet.closed == (4408, "Pings are not answered")
        one.remove(member)


async def test_all_members_are_sent_elsewhere_when_it_closes() -> None:
    async with hub() as one:
        member, outlet = make_member()
        one.add(member)
    assert outlet.closed == (1012, "The service restarts")


async def test_messages_are_counted_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("vivace.live.member.monotonic", lambda: now)
    member, _ = make_member()
    for _ in range(3):
        member.count(0.5, 3)
    with pytest.raises(TooManyMessages) as refused:
        member.count(0.5, 3)
    assert refused.value.headers == {"Retry-After": "2"}
    now += 2
    member.count(0.5, 3)
    with pytest.raises(TooManyMessages):
        member.count(0.5, 3)
    now += 1000
    for _ in range(3):
        member.count(0.5, 3)
    with pytest.raises(TooManyMessages):
        member.count(0.5, 3)


async def test_presence_is_renewed_again_when_the_broker_is_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Away(MemoryBroker):
        is_away = False
        renewed = 0

        async def renew(self, members: Any, ttl: float) -> list[tuple[str, str]]:
            if self.is_away:
                raise BrokerUnavailable
            self.renewed += 1
            return await super().renew(members, ttl)

    broker = Away()
    sleep = asyncio.sleep
    monkeypatch.setattr("vivace.live.hub.asyncio.sleep", lambda seconds: sleep(0))
    async with hub(broker) as one:
        feed = await one.use("tea", has_roster=True)
        assert feed.roster is not None
        await feed.roster.enter("ada", None)
        broker.is_away = True
        while "the broker is away" not in caplog.text:
            await sleep(0)
        broker.renewed, broker.is_away = 0, False
        # As by an engine that has forgotten all.
        await broker.leave("tea#", next(iter(feed.roster.names()))[1])
        while broker.renewed < 3:
            await sleep(0)
        assert list(await broker.present("tea#")) == [f"{one.process}:ada"]


async def test_presence_is_renewed_however_long_it_takes_to_look_for_those_who_are_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Slow(MemoryBroker):
        looks = renewed = 0

        async def expire(self, room: str) -> dict[str, bytes]:
            self.looks += 1
            if self.looks > 1:
                await asyncio.Event().wait()
            return await super().expire(room)

        async def renew(self, members: Any, ttl: float) -> list[tuple[str, str]]:
            self.renewed += 1
            return await super().renew(members, ttl)

    broker = Slow()
    sleep = asyncio.sleep
    monkeypatch.setattr("vivace.live.hub.asyncio.sleep", lambda seconds: sleep(0))
    async with hub(broker) as one:
        feed = await one.use("tea", has_roster=True)
        assert feed.roster is not None
        await feed.roster.enter("ada", None)
        async with asyncio.timeout(10):
            while broker.renewed < 5 or broker.looks < 2:
                await sleep(0)


async def test_one_who_leaves_while_presence_is_renewed_is_shown_no_longer_for_it() -> None:
    class Slow(MemoryBroker):
        asked, goes_on = asyncio.Event(), asyncio.Event()
        lifetimes: ClassVar[list[float]] = []

        async def renew(
            self, members: Collection[tuple[str, str]], ttl: float
        ) -> list[tuple[str, str]]:
            if ttl == 30 and not self.asked.is_set():
                self.asked.set()
                await self.goes_on.wait()
            self.lifetimes.append(ttl)
            return await super().renew(members, ttl)

    async with hub(Slow(), presence=30, linger=10) as one:
        for leaves in (True, False):
            Slow.asked.clear()
            Slow.goes_on.clear()
            Slow.lifetimes.clear()
            feed = await one.use("tea", has_roster=True)
            assert feed.roster is not None
            await feed.roster.enter("ada", None)
            renewing = asyncio.create_task(one._renew())
            await Slow.asked.wait()
            await feed.roster.leave("ada", lingers=True)
            await one.release(feed)
            if not leaves:
                # She is back at once.
                again = await one.use("tea", has_roster=True)
                assert again.roster is not None
                await again.roster.enter("ada", None)
            Slow.goes_on.set()
            await renewing
            assert Slow.lifetimes == ([10, 30, 10] if leaves else [10, 30])
