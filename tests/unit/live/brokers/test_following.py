"""What a follower passes on, whatever gets lost between it and the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given, settings, strategies as st

from vivace.live.brokers import following
from vivace.live.brokers.following import BATCH, Follower
from vivace.live.brokers.protocol import START, BrokerUnavailable, Entry, History

from .contract import Heard

pytestmark = pytest.mark.anyio


def id_of(number: int) -> str:
    return f"{number:06d}" if number else START


class Engine:
    """A log in memory, which tells of its entries where a test says so."""

    def __init__(self, *, keeps: int = 1_000_000) -> None:
        self._keeps = keeps
        self.last = 0
        self.reads = 0
        self.is_away = False
        self.reading: Callable[[], None] = lambda: None

    def append(self) -> tuple[Entry, str]:
        self.last += 1
        return Entry(id_of(self.last), b"%d" % self.last), id_of(self.last - 1)

    async def read(self, room: str, after: str | None, limit: int) -> History:
        self.reads += 1
        if self.is_away:
            raise BrokerUnavailable
        assert room == "room"
        past = self.last - 1 if after is None else int(after)
        first = max(past, self.last - self._keeps, 0)
        numbers = range(first + 1, min(self.last, first + limit) + 1)
        entries = [Entry(id_of(number), b"%d" % number) for number in numbers]
        position = entries[-1].id if entries else id_of(self.last)
        is_complete = first == past or after is None
        await asyncio.sleep(0)
        self.reading()
        return History(entries, is_complete, position)


def make_follower(engine: Engine, heard: Heard) -> Follower:
    gate = asyncio.Semaphore(1)
    return Follower("room", heard.deliver, heard.lost, read=engine.read, gate=gate, pause=0.0)


def numbers(first: int, last: int) -> list[bytes | None]:
    return [b"%d" % number for number in range(first, last + 1)]


async def test_what_is_told_is_passed_on_without_a_look_at_the_log() -> None:
    engine, heard = Engine(), Heard()
    follower = make_follower(engine, heard)
    engine.append()
    await follower.start()
    for _ in range(10):
        follower.take(*engine.append())
    assert heard.data == numbers(2, 11)
    assert engine.reads == 1
    await follower.close()


async def test_what_is_told_again_is_passed_on_once() -> None:
    engine, heard = Engine(), Heard()
    follower = make_follower(engine, heard)
    await follower.start()
    told = [engine.append() for _ in range(3)]
    for one in (*told, *told):
        follower.take(*one)
    assert heard.data == numbers(1, 3)
    await follower.close()


async def test_what_was_not_told_is_read() -> None:
    engine, heard = Engine(), Heard()
    follower = make_follower(engine, heard)
    await follower.start()
    engine.append()
    follower.take(*engine.append())
    follower.take(*engine.append())
    await heard.until_entry(b"3")
    follower.take(*engine.append())
    assert heard.data == numbers(1, 4)
    assert engine.reads == 2
    await follower.close()


async def test_what_is_told_while_the_log_is_read_is_held_back() -> None:
    engine, heard = Engine(), Heard()
    follower = make_follower(engine, heard)
    await follower.start()
    engine.append()

    def tell_of_some() -> None:
        for _ in range(3):
            follower.take(*engine.append())

    # After the log was read, and before the follower has what it says.
    engine.reading = tell_of_some
    follower.take(*engine.append())
    await heard.until_entry(b"5")
    assert heard.data == numbers(1, 5)
    assert engine.reads == 2
    await follower.close()


async def test_more_than_is_held_back_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "HELD", 5)
    engine, heard = Engine(), Heard()
    follower = make_follower(engine, heard)
    await follower.start()

    def tell_of_many() -> None:
        engine.reading = lambda: None
        for _ in range(20):
            follower.take(*engine.append())

    engine.append()
    engine.reading = tell_of_many
    follower.take(*engine.append())
    await heard.until_entry(b"22")
    assert heard.data == numbers(1, 22)
    await follower.close()


async def test_a_long_log_is_read_part_by_part() -> None:
    engine, heard = Engine(), Heard()
    follower = make_follower(engine, heard)
    await follower.start()
    for _ in range(3 * BATCH):
        engine.append()
    follower.check()
    await heard.until_entry(b"%d" % (3 * BATCH))
    assert heard.data == numbers(1, 3 * BATCH)
    await follower.close()


async def test_a_gap_is_told_before_what_comes_after_it() -> None:
    engine, heard = Engine(keeps=3), Heard()
    follower = make_follower(engine, heard)
    await follower.start()
    follower.take(*engine.append())
    for _ in range(10):
        engine.append()
    follower.check()
    await heard.until_entry(b"11")
    assert heard.data == [b"1", None, b"9", b"10", b"11"]
    await follower.close()


async def test_it_goes_on_when_the_log_can_be_read_again(caplog: pytest.LogCaptureFixture) -> None:
    engine, heard = Engine(), Heard()
    follower = make_follower(engine, heard)
    await follower.start()
    engine.append()
    engine.is_away = True
    follower.check()
    for _ in range(100):
        await asyncio.sleep(0)
    assert engine.reads > 2
    assert heard.told == []
    engine.is_away = False
    await heard.until_entry(b"1")
    assert caplog.records == []
    await follower.close()


async def test_nothing_is_passed_on_after_the_end() -> None:
    engine, heard = Engine(), Heard()
    follower = make_follower(engine, heard)
    await follower.start()
    engine.append()
    follower.check()
    await follower.close()
    follower.take(*engine.append())
    follower.check()
    await asyncio.sleep(0)
    assert heard.told == []


async def test_a_doubt_while_it_begins_has_the_log_read() -> None:
    engine, heard = Engine(), Heard()
    follower = make_follower(engine, heard)

    def cut() -> None:
        engine.reading = lambda: None
        engine.append()
        follower.check()

    engine.reading = cut
    await follower.start()
    await heard.until_entry(b"1")
    assert heard.data == [b"1"]
    await follower.close()


STEPS = st.lists(st.sampled_from(["told", "untold", "twice", "cut", "back", "wait"]), max_size=60)


@settings(max_examples=100, deadline=None)
@given(steps=STEPS)
def test_each_entry_is_passed_on_once_and_in_order_whatever_happens(steps: list[str]) -> None:
    asyncio.run(take(steps))


async def take(steps: list[str]) -> None:
    engine, heard = Engine(), Heard()
    follower = make_follower(engine, heard)
    await follower.start()
    for step in steps:
        if step == "cut":
            follower.doubt()
        elif step == "back":
            follower.check()
        elif step == "wait":
            await asyncio.sleep(0)
        else:
            told = engine.append()
            for _ in range({"untold": 0, "told": 1, "twice": 2}[step]):
                follower.take(*told)
    follower.check()
    follower.take(*engine.append())
    await heard.until_entry(b"%d" % engine.last)
    assert heard.data == numbers(1, engine.last)
    await follower.close()
