"""What is true of all brokers: the classes of tests for each of them have these tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import pytest

from vivace.live.brokers.protocol import (
    START,
    Broker,
    Entry,
    UnknownId,
)

#: Seconds that anything may take, on a machine that does much else.
PATIENCE = 60.0


class Make(Protocol):
    """Makes a broker, as another process would: of the same rooms as the others of the test."""

    def __call__(self, *, count: int = 1000, age: float = 3600.0) -> Broker: ...


@dataclass
class Heard:
    """What a follower was told; ``None`` stands for a gap."""

    told: list[Entry | None] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def deliver(self, entry: Entry) -> None:
        self.told.append(entry)
        self.news.set()

    def lost(self) -> None:
        self.told.append(None)
        self.news.set()

    @property
    def data(self) -> list[bytes | None]:
        return [None if entry is None else entry.data for entry in self.told]

    @property
    def ids(self) -> list[str | None]:
        return [None if entry is None else entry.id for entry in self.told]

    async def until(self, is_so: Callable[[Heard], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not is_so(self):
                self.news.clear()
                await self.news.wait()

    async def until_entry(self, data: bytes) -> None:
        await self.until(lambda heard: data in heard.data)


#: Of what a test runs in a loop of its own.
InLoop: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


def run_in_thread(function: InLoop) -> None:
    """Run to its end in another thread, in a loop of its own."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(function())
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert failures == []


ODD_NAMES = [
    "a.b",
    "a b",
    "*",
    ">",
    "a:b{c}d",
    "ü",
    "日本",
    "\x00\r\n",
    "%",
    "/../",
    "a" * 512,
    "🎹" * 128,
]
ODD_DATA = [b"", b" ", b"\r\n\x00", bytes(range(256)), "ü".encode(), b"x" * 900_000]
BAD_IDS = [
    "",
    "1",
    "x" * 24,
    "0" * 23,
    "-1",
    "ü" * 24,
    "0-0",
    "1-1",
    " ",
    "g" * 20,
    "$",
    "+",
    "٣" * 20,
]


class BrokerContract:
    """The tests; each broker's own fixture ``make`` makes the brokers."""

    async def test_each_entry_comes_to_all_who_follow_in_order(self, make: Make) -> None:
        brokers = [make(), make()]
        heard = [Heard(), Heard()]
        async with AsyncExitStack() as stack:
            for broker, one in zip(brokers, heard, strict=True):
                await stack.enter_async_context(broker.follow("room", one.deliver, one.lost))
            ids = [await brokers[n % 2].append("room", b"%d" % n) for n in range(50)]
            for one in heard:
                await one.until_entry(b"49")
        for one in heard:
            assert one.data == [b"%d" % n for n in range(50)]
            assert one.ids == ids
        assert ids == sorted(set(ids))

    async def test_followers_hear_of_their_room_alone_and_not_of_what_was(self, make: Make) -> None:
        broker, heard = make(), Heard()
        await broker.append("room", b"before")
        async with broker.follow("room", heard.deliver, heard.lost):
            await broker.append("other", b"other")
            await broker.append("room", b"in it")
            await heard.until_entry(b"in it")
        await broker.append("room", b"after")
        async with broker.follow("room", heard.deliver, heard.lost):
            await broker.append("room", b"again")
            await heard.until_entry(b"again")
        assert heard.data == [b"in it", b"again"]

    async def test_what_was_appended_is_read(self, make: Make) -> None:
        broker = make()
        ids = [await broker.append("room", b"%d" % n) for n in range(60)]
        for first in (0, 3, 40, 58):
            history = await make().read("room", ids[first], 100)
            assert [entry.id for entry in history.entries] == ids[first + 1 :]
            assert history.entries[-1].data == b"59"
            assert (history.is_complete, history.position) == (True, ids[-1])
        everything = await broker.read("room", START, 100)
        assert [entry.id for entry in everything.entries] == ids
        assert everything.is_complete
        nothing = await broker.read("room", ids[-1], 100)
        assert (nothing.entries, nothing.is_complete) == ([], True)

    async def test_so_much_is_read_and_no_more(self, make: Make) -> None:
        broker = make()
        ids = [await broker.append("room", b"%d" % n) for n in range(60)]
        some = await broker.read("room", ids[0], 30)
        assert [entry.id for entry in some.entries] == ids[1:31]
        assert (some.is_complete, some.position) == (True, ids[30])
        for limit in (1, 7, 60, 1000):
            newest = await broker.read("room", None, limit)
            assert [entry.id for entry in newest.entries] == ids[-limit:]
            assert (newest.is_complete, newest.position) == (True, ids[-1])
        with pytest.raises(ValueError, match="limit"):
            await broker.read("room", None, 0)

    async def test_a_position_of_a_room_without_entries_is_one_to_read_on_from(
        self, make: Make
    ) -> None:
        broker = make()
        await broker.append("other", b"other")
        for after in (None, START):
            empty = await broker.read("room", after, 10)
            assert (empty.entries, empty.is_complete) == ([], True)
        await broker.append("other", b"other")
        appended = await broker.append("room", b"first")
        later = await broker.read("room", empty.position, 10)
        assert (later.entries, later.is_complete) == ([Entry(appended, b"first")], True)

    async def test_it_is_told_that_entries_are_no_longer_kept(self, make: Make) -> None:
        broker = make(count=100)
        ids = [await broker.append("room", b"%d" % n) for n in range(400)]
        for after in (START, ids[0], ids[100]):
            history = await broker.read("room", after, 1000)
            assert not history.is_complete
            assert 100 <= len(history.entries) <= 300
            assert history.entries[-1].id == ids[-1]
        kept = await broker.read("room", ids[-100], 1000)
        assert [entry.id for entry in kept.entries] == ids[-99:]
        assert kept.is_complete

    async def test_an_id_that_nobody_was_given_is_not_followed_by_all_there_is(
        self, make: Make
    ) -> None:
        broker = make()
        first = await broker.append("room", b"1")
        later = first[:-1] + ("0" if first[-1] == "f" else "f")
        earlier = "0" * 11 + "1" + first[12:]
        for unknown in (later, earlier):
            assert not (await broker.read("room", unknown, 10)).is_complete

    @pytest.mark.parametrize("bad", BAD_IDS)
    async def test_what_is_no_id_is_told(self, make: Make, bad: str) -> None:
        with pytest.raises(UnknownId):
            await make().read("room", bad, 10)

    @pytest.mark.parametrize("name", ODD_NAMES)
    async def test_rooms_and_members_may_have_any_name(self, make: Make, name: str) -> None:
        broker, heard = make(), Heard()
        async with broker.follow(name, heard.deliver, heard.lost):
            await broker.append("room", b"elsewhere")
            await broker.append(name, b"here", key=name)
            await heard.until_entry(b"here")
        assert heard.data == [b"here"]
        assert [entry.data for entry in (await broker.read(name, None, 10)).entries] == [b"here"]
        assert await broker.enter(name, name, b"data", 60)
        assert await broker.renew([(name, name)], 60) == []
        assert await broker.present(name) == {name: b"data"}
        assert await broker.expire(name) == {}
        assert await broker.leave(name, name)

    @pytest.mark.parametrize("name", ["", "a" * 513, "🎹" * 129, "\ud800"])
    async def test_names_that_are_none_are_refused(self, make: Make, name: str) -> None:
        broker, heard = make(), Heard()
        with pytest.raises(ValueError):
            await broker.append(name, b"")
        with pytest.raises(ValueError):
            await broker.read(name, None, 1)
        with pytest.raises(ValueError):
            async with broker.follow(name, heard.deliver, heard.lost):
                pass
        with pytest.raises(ValueError):
            await broker.enter("room", name, b"", 60)
        with pytest.raises(ValueError):
            await broker.enter(name, "member", b"", 60)

    async def test_data_may_be_any_bytes(self, make: Make) -> None:
        broker, heard = make(), Heard()
        async with broker.follow("room", heard.deliver, heard.lost):
            for data in ODD_DATA:
                await broker.append("room", data)
            await heard.until_entry(ODD_DATA[-1])
        assert heard.data == ODD_DATA
        read = await broker.read("room", START, 10)
        assert [entry.data for entry in read.entries] == ODD_DATA
        for data in ODD_DATA[:-1]:
            await broker.enter("room", "member", data, 60)
            assert await broker.present("room") == {"member": data}

    async def test_the_same_key_is_the_same_entry(self, make: Make) -> None:
        one, other = make(), make()
        first = await one.append("room", b"1", key="key")
        assert await other.append("room", b"2", key="key") == first
        elsewhere = await other.append("other", b"3", key="key")
        later = await one.append("room", b"4", key="other key")
        read = await one.read("room", START, 10)
        assert read.entries == [Entry(first, b"1"), Entry(later, b"4")]
        read = await one.read("other", START, 10)
        assert read.entries == [Entry(elsewhere, b"3")]

    async def test_nothing_is_missing_between_what_is_read_and_what_is_delivered(
        self, make: Make
    ) -> None:
        brokers = [make() for _ in range(3)]
        begun = await brokers[0].append("room", b"begun")

        async def append(broker: Broker, name: bytes) -> None:
            for n in range(60):
                await broker.append("room", b"%b %d" % (name, n))

        async def come_and_stay(broker: Broker, delay: int) -> list[Entry]:
            for _ in range(delay):
                await broker.read("room", None, 1)
            heard = Heard()
            async with broker.follow("room", heard.deliver, heard.lost):
                history = await broker.read("room", begun, 1000)
                assert history.is_complete
                await appending
                last = (await broker.read("room", None, 1)).entries[0].id
                if last > history.position:
                    await heard.until(lambda heard: last in heard.ids)
            delivered = [entry for entry in heard.told if entry is not None]
            assert len(delivered) == len(heard.told)
            assert delivered == sorted(delivered, key=lambda entry: entry.id)
            rest = [entry for entry in delivered if entry.id > history.position]
            return [*history.entries, *rest]

        appending = asyncio.ensure_future(
            asyncio.gather(*(append(brokers[n % 3], b"%d" % n) for n in range(6)))
        )
        come = [come_and_stay(brokers[n % 3], n * 3) for n in range(6)]
        found = await asyncio.gather(*come)
        everything = (await brokers[0].read("room", begun, 1000)).entries
        assert len(everything) == 360
        for n in range(6):
            own = [entry.data for entry in everything if entry.data.startswith(b"%d " % n)]
            assert own == [b"%d %d" % (n, i) for i in range(60)]
        assert all(one == everything for one in found)

    async def test_many_rooms_are_followed_at_once(self, make: Make) -> None:
        follower, other = make(), make()
        heard = {f"room {n}": Heard() for n in range(300)}
        async with AsyncExitStack() as stack:
            await asyncio.gather(
                *(
                    stack.enter_async_context(follower.follow(room, one.deliver, one.lost))
                    for room, one in heard.items()
                )
            )
            for n in range(2):
                for room in heard:
                    await other.append(room, f"{n} {room}".encode())
            for room, one in heard.items():
                await one.until_entry(f"1 {room}".encode())
        for room, one in heard.items():
            assert one.data == [f"0 {room}".encode(), f"1 {room}".encode()]

    async def test_rooms_are_left_and_entered_again_without_a_gap(self, make: Make) -> None:
        broker, other = make(), make()

        async def come_and_go() -> None:
            for n in range(30):
                heard = Heard()
                async with broker.follow("room", heard.deliver, heard.lost):
                    data = b"%d" % n
                    id = await other.append("room", data)
                    await heard.until(lambda heard, id=id: id in heard.ids)  # type: ignore[misc]
                assert None not in heard.told

        await asyncio.gather(come_and_go(), come_and_go())

    async def test_following_that_is_given_up_leaves_nothing_behind(self, make: Make) -> None:
        broker, heard = make(), Heard()

        async def follow() -> None:
            async with broker.follow("room", heard.deliver, heard.lost):
                await asyncio.Event().wait()

        for steps in (0, 1, 2, 3, 5, 8, 50):
            task = asyncio.create_task(follow())
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        again = Heard()
        async with broker.follow("room", again.deliver, again.lost):
            await broker.append("room", b"again")
            await again.until_entry(b"again")
        assert heard.told == []
        assert again.data == [b"again"]

    async def test_it_closes_while_rooms_are_followed(self, make: Make) -> None:
        broker, heard = make(), Heard()
        async with broker.follow("room", heard.deliver, heard.lost):
            await broker.append("room", b"1")
            await heard.until_entry(b"1")
            await broker.close()
            await broker.append("room", b"2")
        again = Heard()
        async with broker.follow("room", again.deliver, again.lost):
            await broker.append("room", b"3")
            await again.until_entry(b"3")
        assert heard.data == [b"1"]
        assert again.data == [b"3"]

    async def test_it_is_used_in_several_event_loops(self, make: Make) -> None:
        broker, heard = make(), Heard()

        async def elsewhere() -> None:
            there = Heard()
            await broker.open()
            async with broker.follow("room", there.deliver, there.lost):
                await broker.append("room", b"from there")
                await there.until_entry(b"from there")
            await broker.enter("room", "there", b"", 60)
            await broker.close()

        async with broker.follow("room", heard.deliver, heard.lost):
            await asyncio.to_thread(run_in_thread, elsewhere)
            await asyncio.to_thread(run_in_thread, elsewhere)
            await heard.until(lambda heard: len(heard.told) == 2)
        assert heard.data == [b"from there"] * 2
        assert await broker.present("room") == {"there": b""}

    async def test_members_come_and_go(self, make: Make) -> None:
        one, other = make(), make()
        assert await one.present("room") == {}
        assert await one.enter("room", "ada", b"1", 60)
        assert not await other.enter("room", "ada", b"2", 60)
        assert await other.enter("room", "bob", b"3", 60)
        assert await one.present("room") == {"ada": b"2", "bob": b"3"}
        assert await one.present("other") == {}
        assert await other.leave("room", "ada")
        assert not await one.leave("room", "ada")
        assert await one.present("room") == {"bob": b"3"}
        assert await one.expire("room") == {}
        assert await one.enter("room", "ada", b"4", 60)

    async def test_who_leaves_is_told_to_one_caller(self, make: Make) -> None:
        brokers = [make() for _ in range(4)]
        await brokers[0].enter("room", "ada", b"", 60)
        left = await asyncio.gather(*(broker.leave("room", "ada") for broker in brokers))
        assert sorted(left) == [False, False, False, True]

    async def test_members_whose_time_is_over_are_told_to_one_caller(self, make: Make) -> None:
        brokers = [make() for _ in range(4)]
        names = [f"member {n}" for n in range(20)]
        await asyncio.gather(
            *(brokers[n % 4].enter("room", name, b"data", 0.05) for n, name in enumerate(names))
        )
        await brokers[0].enter("room", "stays", b"", 60)
        told: list[str] = []
        async with asyncio.timeout(PATIENCE):
            while len(told) < 20:
                for one in await asyncio.gather(*(broker.expire("room") for broker in brokers)):
                    assert set(one.values()) <= {b"data"}
                    told += one
        assert sorted(told) == sorted(names)
        assert await brokers[1].expire("room") == {}
        assert await brokers[1].present("room") == {"stays": b""}

    async def test_members_whose_time_is_over_are_present_for_nobody(self, make: Make) -> None:
        broker = make()
        await broker.enter("room", "ada", b"1", 0.02)
        for _ in range(1000):
            if not await broker.present("room"):
                break
            await asyncio.sleep(0.01)
        # Nobody has been told, so that she has been there all the time.
        assert not await broker.enter("room", "ada", b"2", 60)
        assert await broker.present("room") == {"ada": b"2"}
        assert await broker.expire("room") == {}

    async def test_members_are_renewed_many_at_once(self, make: Make) -> None:
        broker = make()
        members = [(f"room {n % 30}", f"member {n}") for n in range(300)]
        await asyncio.gather(*(broker.enter(room, name, b"1", 0.3) for room, name in members))
        strangers = [("room 1", "stranger"), ("no such room", "member 1")]
        assert sorted(await broker.renew([*members, *strangers], 60)) == sorted(strangers)
        await asyncio.sleep(0.35)
        assert await broker.expire("room 1") == {}
        assert len(await broker.present("room 1")) == 10
        assert await broker.renew([], 60) == []

    @pytest.mark.parametrize("ttl", [0, -1, 100_000])
    async def test_nobody_is_present_for_no_time_or_for_ever(self, make: Make, ttl: float) -> None:
        broker = make()
        with pytest.raises(ValueError, match="present for up to"):
            await broker.enter("room", "ada", b"", ttl)
        with pytest.raises(ValueError, match="present for up to"):
            await broker.renew([("room", "ada")], ttl)


__all__ = ["PATIENCE", "BrokerContract", "Heard", "InLoop", "Make", "run_in_thread"]
