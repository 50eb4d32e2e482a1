"""What waits for members, who take it as fast as they can."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from vivace.live.frames import Frame
from vivace.live.outlets import Buffering, ReplyOutlet, SocketOutlet, StreamOutlet
from vivace.live.settings import Overflow, check_overflow
from vivace.types import Message

pytestmark = pytest.mark.anyio


class Peer:
    """A client that reads when it is told to."""

    def __init__(self, *, is_reading: bool = True) -> None:
        self.got: list[str] = []
        self.codes: list[int] = []
        self.abandoned = 0
        self.reads = asyncio.Event()
        if is_reading:
            self.reads.set()

    async def send(self, message: Message) -> None:
        await self.reads.wait()
        if message["type"] == "websocket.close":
            self.codes.append(message["code"])
        else:
            self.got.append(message["text"])

    def abandon(self) -> None:
        self.abandoned += 1

    def outlet(self, overflow: Overflow = "disconnect", closing: float = 30.0) -> SocketOutlet:
        return SocketOutlet(Buffering(3, overflow, closing), self.send, self.abandon)


def frame(number: int, key: str | None = None) -> Frame:
    return Frame("n", b'{"type":"n"}', f"{number:03}", key=key)


def texts(*numbers: int) -> list[str]:
    return [frame(number).text for number in numbers]


async def turn() -> None:
    """Let all tasks run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_it_holds_nothing_for_one_who_keeps_up() -> None:
    peer = Peer()
    outlet = peer.outlet()
    for number in range(3):
        outlet.put(frame(number))
    await outlet.drain()
    assert peer.got == texts(0, 1, 2)
    assert not outlet.is_busy
    assert outlet._waiting is None
    assert outlet._task is None


async def test_one_who_is_too_slow_is_disconnected_and_told_so_if_it_takes_that() -> None:
    peer = Peer(is_reading=False)
    outlet = peer.outlet()
    outlet.put(frame(0))
    await turn()  # It is on its way; three more wait.
    for number in range(1, 5):
        outlet.put(frame(number))
    assert outlet.closed is not None
    outlet.put(frame(5))
    peer.reads.set()
    await outlet.drain()
    assert (peer.got, peer.codes, peer.abandoned) == ([], [4008], 0)


async def test_many_at_once_are_not_too_many_for_one_who_takes_them() -> None:
    peer = Peer()
    outlet = peer.outlet()
    for burst in range(2):
        for number in range(20):
            outlet.put(frame(20 * burst + number))
            outlet.put_own(frame(100))
        await outlet.drain()
    assert outlet.closed is None
    assert len(peer.got) == 80


async def test_a_stream_takes_many_at_once() -> None:
    outlet = StreamOutlet(Buffering(3, "disconnect", 1), lambda: None)
    got: list[Any] = []

    async def read() -> None:
        got.extend([one.id async for one in outlet.frames()])

    reading = asyncio.create_task(read())
    await turn()
    for number in range(20):
        outlet.put(frame(number))
    await turn()
    outlet.end(1012)
    await reading
    assert len(got) == 20


async def test_one_who_does_not_even_take_that_is_abandoned() -> None:
    peer = Peer(is_reading=False)
    outlet = peer.outlet(closing=0.01)
    outlet.put(frame(0))
    await turn()
    for number in range(1, 9):
        outlet.put(frame(number))
    await outlet.drain()
    assert (peer.got, peer.codes, peer.abandoned) == ([], [], 1)
    assert outlet.has_abandoned


async def test_the_oldest_or_the_newest_can_be_left_out_and_that_is_said() -> None:
    expected: list[tuple[Overflow, list[str]]] = [
        ("drop_oldest", texts(3, 4, 5)),
        ("drop_newest", texts(1, 2, 3)),
    ]
    for overflow, rest in expected:
        peer = Peer(is_reading=False)
        outlet = peer.outlet(overflow)
        outlet.put(frame(0))
        await turn()
        for number in range(1, 6):
            outlet.put(frame(number))
        peer.reads.set()
        await outlet.drain()
        assert peer.got == [*texts(0), '{"type":"dropped","count":2}', *rest]


async def test_of_what_says_the_latest_only_the_last_waits() -> None:
    peer = Peer(is_reading=False)
    outlet = peer.outlet()
    outlet.put(frame(0, "a"))
    await turn()
    for number in range(1, 50):
        outlet.put(frame(number, "ab"[number % 2]))
    peer.reads.set()
    await outlet.drain()
    # In the order of their ids.
    assert peer.got == texts(0, 48, 49)


async def test_answers_are_not_left_out_but_one_who_does_not_read_them_is_disconnected() -> None:
    peer = Peer(is_reading=False)
    outlet = peer.outlet("drop_newest")
    for number in range(7):
        outlet.put_own(frame(number))
        await turn()
    assert outlet.closed is None
    outlet.put_own(frame(7))
    assert outlet.closed == (4008, "Answers are not read")


async def test_what_waits_is_sent_before_it_is_closed() -> None:
    peer = Peer()
    outlet = peer.outlet()
    outlet.put(frame(0))
    outlet.end(1012, "ä" * 200)
    outlet.end(1000)
    outlet.put(frame(1))
    await outlet.drain()
    assert (peer.got, peer.codes) == (texts(0), [1012])
    assert outlet.closed is not None
    assert outlet.closed[1] == "ä" * 60


async def test_a_connection_that_is_lost_ends_it() -> None:
    async def fail(message: Message) -> None:
        raise OSError

    outlet = SocketOutlet(Buffering(3, "disconnect", 1), fail, lambda: None)
    outlet.put(frame(0))
    await outlet.drain()
    assert outlet.closed == (1006, "")


async def test_a_slow_member_holds_up_nobody() -> None:
    slow, fast = Peer(is_reading=False), Peer()
    outlets = [slow.outlet(), fast.outlet()]
    for number in range(3):
        for outlet in outlets:
            outlet.put(frame(number))
    await turn()
    assert (slow.got, fast.got) == ([], texts(0, 1, 2))
    outlets[0].stop()
    await outlets[0].drain()


async def test_a_stream_takes_its_events_until_it_is_closed() -> None:
    outlet = StreamOutlet(Buffering(3, "disconnect", 1), lambda: None)
    got: list[Any] = []

    async def read() -> None:
        got.extend([one.id async for one in outlet.frames()])

    reading = asyncio.create_task(read())
    for number in range(4):
        outlet.put(frame(number))
        await turn()
    outlet.put(frame(4))
    outlet.end(1012)
    await reading
    assert got == ["000", "001", "002", "003", "004"]


async def test_a_stream_that_is_stuck_is_abandoned() -> None:
    abandoned: list[int] = []
    outlet = StreamOutlet(Buffering(3, "disconnect", 1), lambda: abandoned.append(1))
    for number in range(4):
        outlet.put(frame(number))
    assert abandoned == [1]
    assert not outlet.is_busy


def test_replies_are_kept() -> None:
    outlet = ReplyOutlet(Buffering(3, "disconnect", 1))
    outlet.put_own(frame(0))
    assert [one.id for one in outlet.frames()] == ["000"]


def test_an_overflow_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="overflow='explode' is none of disconnect, drop_oldest"):
        check_overflow("explode")


async def test_what_was_missed_need_not_fit_into_the_buffer() -> None:
    peer = Peer(is_reading=False)
    outlet = peer.outlet()
    outlet.put_missed([frame(number) for number in range(20)])
    await turn()
    for number in range(20, 23):
        outlet.put(frame(number))
    assert outlet.closed is None
    peer.reads.set()
    await outlet.drain()
    assert peer.got == texts(*range(23))
    assert outlet._missed == 0
