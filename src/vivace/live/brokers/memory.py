"""Rooms in the memory of one process, for development, tests and apps of one process."""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic

from vivace.live.brokers.limits import (
    KEY_MEMORY,
    LONGEST_PRESENCE,
    Keeping,
    check_limit,
    check_ttl,
)
from vivace.live.brokers.names import name_bytes
from vivace.live.brokers.protocol import START, Deliver, Entry, History, Lost, UnknownId

#: How many entries wait for a loop that is busy; then a follower is told that it lost some.
WAITING = 10_000

#: Seconds between looks for rooms that nobody needs any more.
SWEEP = 10.0

ID = re.compile(r"[0-9a-f]{12}-[0-9a-f]{12}")


class MemoryBroker:
    """Carries entries between all event loops of this process, and none beyond it.

    Args:
        count: How many entries of a room are kept.
        age: Seconds for which they are kept. A room in which nothing has been appended for as long,
            and in which nobody is, is forgotten.
        rooms: How many rooms in which nobody is are kept: of more, those are forgotten, within
            seconds, in which nothing has happened for longest.

    Raises:
        ValueError: Nothing would be kept.
    """

    def __init__(self, *, count: int = 1000, age: float = 3600.0, rooms: int = 10_000) -> None:
        self._keeping = Keeping(count, age)
        self._most_rooms = rooms
        self._lock = Lock()
        self._rooms: dict[str, _Room] = {}
        # Ids of one run are not those of another.
        self._run = f"{time.time_ns() // 1_000_000:012x}"
        self._last = 0
        # Of rooms that are forgotten, no entry came after this one.
        self._forgotten = 0
        self._next_sweep = monotonic() + SWEEP

    def __repr__(self) -> str:
        return f"MemoryBroker(count={self._keeping.count}, age={self._keeping.age:g})"

    async def open(self) -> None:
        """There is nothing to open."""

    async def close(self) -> None:
        """End what this event loop follows; rooms are kept, for others."""
        loop = asyncio.get_running_loop()
        with self._lock:
            for place in self._rooms.values():
                for follower in place.followers:
                    follower.is_over |= follower.loop is loop

    async def append(self, room: str, data: bytes, *, key: str | None = None) -> str:
        name_bytes(room)
        now = monotonic()
        with self._lock:
            self._sweep(now)
            place = self._room(room)
            known = place.known(key, now)
            if known is not None:
                return known
            self._last += 1
            entry = Entry(self._id(self._last), data)
            place.log.append((self._last, now, entry))
            place.last = self._last
            place.touched = now
            place.trim(self._keeping, now)
            if key is not None:
                place.keys[key] = (now, entry.id)
            for follower in place.followers:
                follower.take(entry)
        return entry.id

    def follow(self, room: str, deliver: Deliver, lost: Lost) -> AbstractAsyncContextManager[None]:
        name_bytes(room)
        return self._follow(room, deliver, lost)

    @asynccontextmanager
    async def _follow(self, room: str, deliver: Deliver, lost: Lost) -> AsyncIterator[None]:
        follower = _Follower(self._lock, deliver, lost)
        with self._lock:
            place = self._room(room)
            place.followers.append(follower)
        try:
            yield
        finally:
            with self._lock:
                place.followers.remove(follower)
                place.touched = monotonic()
            follower.is_over = True

    async def read(self, room: str, after: str | None, limit: int) -> History:
        name_bytes(room)
        check_limit(limit)
        past = None if after is None else self._number(after)
        now = monotonic()
        with self._lock:
            place = self._rooms.get(room, _Room(self._forgotten))
            place.trim(self._keeping, now)
            if past is None:
                return self._history([entry for _, _, entry in place.log][-limit:], True, place)
            entries = [entry for number, _, entry in place.log if number > past]
            return self._history(entries[:limit], place.trimmed <= past <= self._last, place)

    async def enter(self, room: str, member: str, data: bytes, ttl: float) -> bool:
        name_bytes(room)
        name_bytes(member)
        check_ttl(ttl, LONGEST_PRESENCE)
        with self._lock:
            self._sweep(monotonic())
            members = self._room(room).members
            is_new = member not in members
            members[member] = (monotonic() + ttl, data)
        return is_new

    async def renew(
        self, members: Collection[tuple[str, str]], ttl: float
    ) -> list[tuple[str, str]]:
        check_ttl(ttl, LONGEST_PRESENCE)
        absent = []
        with self._lock:
            until = monotonic() + ttl
            for room, member in members:
                place = self._rooms.get(room)
                if place is None or member not in place.members:
                    absent.append((room, member))
                else:
                    place.members[member] = (until, place.members[member][1])
        return absent

    async def leave(self, room: str, member: str) -> bool:
        name_bytes(room)
        name_bytes(member)
        with self._lock:
            place = self._rooms.get(room)
            if place is None or place.members.pop(member, None) is None:
                return False
            if place.is_blank():
                del self._rooms[room]
            return True

    async def present(self, room: str) -> dict[str, bytes]:
        name_bytes(room)
        with self._lock:
            place = self._rooms.get(room)
            if place is None:
                return {}
            now = monotonic()
            return {name: data for name, (until, data) in place.members.items() if until > now}

    async def expire(self, room: str) -> dict[str, bytes]:
        name_bytes(room)
        with self._lock:
            place = self._rooms.get(room)
            if place is None:
                return {}
            now = monotonic()
            over = {name: data for name, (until, data) in place.members.items() if until <= now}
            for name in over:
                del place.members[name]
            return over

    def _room(self, name: str) -> _Room:
        place = self._rooms.get(name)
        if place is None:
            place = self._rooms[name] = _Room(self._forgotten)
        return place

    def _sweep(self, now: float) -> None:
        """Forget rooms of which nothing is left to know."""
        if now < self._next_sweep:
            return
        self._next_sweep = now + SWEEP
        empty = []
        for name, place in list(self._rooms.items()):
            place.trim(self._keeping, now)
            if place.is_idle(now, self._keeping.age):
                self._forget(name)
            elif place.is_empty(now):
                empty.append((place.touched, name))
        for _, name in sorted(empty)[: max(0, len(empty) - self._most_rooms)]:
            self._forget(name)

    def _forget(self, name: str) -> None:
        self._forgotten = max(self._forgotten, self._rooms.pop(name).last)

    def _id(self, number: int) -> str:
        return f"{self._run}-{number:012x}"

    def _number(self, after: str) -> int:
        """The number of an entry; one before all others for those of another run."""
        if after == START:
            return 0
        if ID.fullmatch(after) is None:
            raise UnknownId("This is no id of an entry.")
        run, _, number = after.partition("-")
        return int(number, 16) if run == self._run else -1

    def _history(self, entries: list[Entry], is_complete: bool, place: _Room) -> History:
        if entries:
            return History(entries, is_complete, entries[-1].id)
        return History(entries, is_complete, self._id(self._last) if self._last else START)


@dataclass(slots=True, eq=False)
class _Room:
    """What is known of one room; ``trimmed`` is the number up to which entries may be missing."""

    trimmed: int
    last: int = 0
    touched: float = field(default_factory=lambda: monotonic())
    log: deque[tuple[int, float, Entry]] = field(default_factory=deque)
    keys: OrderedDict[str, tuple[float, str]] = field(default_factory=OrderedDict)
    members: dict[str, tuple[float, bytes]] = field(default_factory=dict)
    followers: list[_Follower] = field(default_factory=list)

    def trim(self, keeping: Keeping, now: float) -> None:
        log = self.log
        while log and (len(log) > keeping.count or log[0][1] <= now - keeping.age):
            self.trimmed = log.popleft()[0]
        while self.keys and (
            len(self.keys) > keeping.count or next(iter(self.keys.values()))[0] <= now - KEY_MEMORY
        ):
            self.keys.popitem(last=False)

    def known(self, key: str | None, now: float) -> str | None:
        found = None if key is None else self.keys.get(key)
        return found[1] if found is not None and found[0] > now - KEY_MEMORY else None

    def is_empty(self, now: float) -> bool:
        """Whether nobody is here."""
        return not self.followers and all(until <= now for until, _ in self.members.values())

    def is_blank(self) -> bool:
        """Whether there is nothing to know, and never was but of members who are gone."""
        return not (self.last or self.followers or self.members)

    def is_idle(self, now: float, age: float) -> bool:
        """Whether nothing is left; members whose time has long been over count as gone."""
        if self.followers or self.log or self.keys or self.touched > now - age:
            return False
        return all(until <= now - age for until, _ in self.members.values())


class _Follower:
    """Hands entries over to the loop that follows, which may be that of another thread."""

    def __init__(self, lock: Lock, deliver: Deliver, lost: Lost) -> None:
        self.loop = asyncio.get_running_loop()
        self._lock = lock
        self._deliver = deliver
        self._lost = lost
        self._waiting: deque[Entry] = deque()
        self._has_lost = False
        self.is_over = False

    def take(self, entry: Entry) -> None:
        """Under the broker's lock, in any thread."""
        if len(self._waiting) == WAITING:
            self._waiting.clear()
            self._has_lost = True
        self._waiting.append(entry)
        if len(self._waiting) == 1:
            # A loop that has ended follows no longer.
            with suppress(RuntimeError):
                self.loop.call_soon_threadsafe(self._hand_over)

    def _hand_over(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, deque()
            has_lost, self._has_lost = self._has_lost, False
        if has_lost and not self.is_over:
            self._lost()
        for entry in waiting:
            if self.is_over:
                return
            self._deliver(entry)


__all__ = ["MemoryBroker"]
