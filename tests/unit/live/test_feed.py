"""A room in one process: nobody gets an event twice, or misses one without a word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from vivace.live.brokers.memory import MemoryBroker
from vivace.live.brokers.protocol import BrokerUnavailable, Entry, History
from vivace.live.feed import RECENT, Feed
from vivace.live.frames import MESSAGE, Frame, pack, unpack
from vivace.live.member import Guest, Member
from vivace.live.messages import Messages
from vivace.live.outlets import Buffering, ReplyOutlet
from vivace.live.settings import LiveSettings

from .chat import Said

pytestmark = pytest.mark.anyio

SENDS = Messages(Said, "test")


class Listener:
    """A member, and what has come to it."""

    def __init__(self, feed: Feed, user: str = "ada") -> None:
        self.outlet = ReplyOutlet(Buffering(10_000, "disconnect", 1))
        self.member = Member(Guest(user), SENDS, self.outlet)
        self._feed = feed

    async def join(self, after: str) -> None:
        self._feed.members.add(self.member)
        async for frames in self._feed.missed(self.member, after):
            for frame in frames:
                self.member.tell(frame)
            await asyncio.sleep(0)

    @property
    def got(self) -> list[str]:
        return [frame.type for frame in self.outlet.frames()]


async def append(broker: MemoryBroker, *types: str) -> list[str]:
    return [await broker.append("tea", entry(type)) for type in types]


def entry(type: str, to: str | None = None) -> bytes:
    return pack(MESSAGE, b'{"type":"%b"}' % type.encode(), type=type, to=to)


def numbers(start: int, stop: int) -> list[str]:
    return [f"n{number}" for number in range(start, stop)]


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@asynccontextmanager
async def following(
    broker: MemoryBroker, settings: LiveSettings | None = None
) -> AsyncIterator[Feed]:
    feed = Feed("tea", broker, settings or LiveSettings(), asyncio.Semaphore(2), None)
    await feed.started()
    try:
        yield feed
    finally:
        await feed.stop()


async def test_between_what_was_missed_and_what_comes_there_is_no_seam() -> None:
    """Events come all the time, also while pages of what was missed are read."""
    broker = MemoryBroker(count=10_000)
    ids = await append(broker, *numbers(0, 500))
    async with following(broker) as feed:
        total = 500

        async def talk() -> None:
            nonlocal total
            while total < 1500:
                await append(broker, *numbers(total, total + 7))
                total += 7
                await asyncio.sleep(0)

        talking = asyncio.create_task(talk())
        listeners = [Listener(feed) for _ in range(5)]
        joining = [
            asyncio.create_task(one.join(after))
            for one, after in zip(listeners, ["0", ids[100], ids[499], ids[0], ids[250]])
        ]
        await asyncio.wait([talking, *joining])
        await turn()
        for one, first in zip(listeners, [0, 101, 500, 1, 251]):
            assert one.got == numbers(first, total)


async def test_recent_events_are_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = MemoryBroker()
    async with following(broker) as feed:
        start = feed.position
        ids = await append(broker, *numbers(0, RECENT))
        await turn()

        async def read(room: str, after: str | None, limit: int) -> History:
            raise AssertionError("It is at hand")

        monkeypatch.setattr(broker, "read", read)
        for after, first in ((start, 0), (ids[0], 1), (ids[-1], RECENT)):
            one = Listener(feed)
            await one.join(after)
            assert one.got == numbers(first, RECENT)


async def test_an_id_that_has_not_come_here_yet_is_asked_for() -> None:
    broker = MemoryBroker()
    async with following(broker) as feed:
        ids = await append(broker, "a", "b")
        one = Listener(feed)
        # Before this process has been told of any, as by a client that was with another.
        await one.join(ids[0])
        await turn()
        assert one.got == ["b"]
        await append(broker, "c")
        await turn()
        assert one.got == ["b", "c"]


async def test_what_is_lost_is_told_and_ids_may_begin_anew() -> None:
    broker = MemoryBroker()
    async with following(broker) as feed:
        await append(broker, "a")
        await turn()
        one = Listener(feed)
        await one.join(feed.position)
        feed._lose()
        feed._take(Entry("01-new", entry("b")))
        feed._take(Entry("02-new", entry("c")))
        assert one.got == ["gap", "b", "c"]
        other = Listener(feed)
        await other.join("01-new")
        assert other.got == ["c"]


async def test_what_is_for_one_user_comes_to_no_other() -> None:
    broker = MemoryBroker()
    async with following(broker) as feed:
        ada, bob = Listener(feed), Listener(feed, "bob")
        start = feed.position
        await ada.join(start)
        await bob.join(start)
        await broker.append("tea", entry("secret", "bob"))
        await turn()
        late = Listener(feed)
        await late.join(start)
        assert (ada.got, bob.got, late.got) == ([], ["secret"], [])


async def test_entries_of_other_kinds_are_passed_over() -> None:
    broker = MemoryBroker()
    async with following(broker) as feed:
        one = Listener(feed)
        await one.join(feed.position)
        broken = (b"", b"{}\n{}", b"\xff\n", b"[]\n{}", pack(MESSAGE), pack(MESSAGE, b'{"\xff'))
        for data in (*broken, pack("of a later version")):
            await broker.append("tea", data)
        await append(broker, "a")
        await turn()
        assert one.got == ["a"]
        assert unpack(Entry("1", b"null\n{}")) is None


async def test_one_that_could_not_begin_begins_when_it_is_asked_again() -> None:
    class Away(MemoryBroker):
        is_away = True

        async def read(self, room: str, after: str | None, limit: int) -> History:
            if self.is_away:
                raise BrokerUnavailable
            return await super().read(room, after, limit)

    broker = Away()
    feed = Feed("tea", broker, LiveSettings(), asyncio.Semaphore(1), None)
    with pytest.raises(BrokerUnavailable):
        await feed.started()
    broker.is_away = False
    await feed.started()
    one = Listener(feed)
    await one.join(await feed.newest())
    await append(broker, "a")
    await turn()
    assert one.got == ["a"]
    await feed.stop()


async def test_a_frame_is_written_once_for_all() -> None:
    frame = Frame("said", b'{"type":"said"}', "1-2")
    assert frame.text == '{"event_id":"1-2","type":"said"}'
    assert frame.text is frame.text
    assert frame.event == b'event: said\ndata: {"type":"said"}\nid: 1-2\n\n'
    assert frame.event is frame.event
