"""Who is in a room, over all processes.

Each process enters a user once, however many connections the user has there, under a name that is
the process's. What it enters and removes it also appends to a room beside the room, which every
process follows. So each knows the same, and tells its members when the first name of a user comes
and when the last one goes. Names of a process that is killed expire: the broker tells one of the
others, which appends that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from pydantic_core import from_json, to_json

from vivace.live.brokers.protocol import Broker, BrokerUnavailable, Entry
from vivace.live.changes import Changes, FrameFor
from vivace.live.errors import RoomFull
from vivace.live.settings import LiveSettings

log = logging.getLogger("vivace.live")


@dataclass(slots=True)
class _Local:
    """A user in this process, and how many connections it has."""

    data: bytes
    connections: int = 0


class Roster:
    """Who is in one room.

    Args:
        broker: Knows of all processes.
        room: The name of the room.
        process: A name of this process, without a colon.
        settings: How long names are present.
        tell: Tells members, each with its own frame, and says whether anybody is told.

    Attributes:
        room: What brokers know as the room in which is told who comes and goes.
        changes: What members are told.
    """

    def __init__(
        self,
        broker: Broker,
        room: str,
        process: str,
        settings: LiveSettings,
        tell: Callable[[FrameFor], bool],
    ) -> None:
        self.room = presence_of(room)
        self.changes = Changes(settings.presence_window, tell)
        self._broker = broker
        self._process = process
        self._settings = settings
        #: What each user shows, under each of its names.
        self._users: dict[str, dict[str, Any]] = {}
        self._local: dict[str, _Local] = {}
        #: What has been appended while the names are asked for; ``None`` while they are not.
        self._meanwhile: dict[str, bytes | None] | None = None
        # What is asked of the broker about a user has to be done there in the same order. Users do
        # not wait for each other: with a broker that is away each would wait for its turn to fail.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        #: Users who are about to be known.
        self._entering: set[str] = set()
        self._refreshing = asyncio.Lock()
        self._following: AbstractAsyncContextManager[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Follow who comes and goes.

        Raises:
            BrokerUnavailable: It is away.
        """
        following = self._broker.follow(self.room, self._take, self._lost)
        await following.__aenter__()
        self._following = following
        await self.sweep()
        await self.refresh()

    async def stop(self) -> None:
        self.changes.stop()
        for task in tuple(self._tasks):
            task.cancel()
        following, self._following = self._following, None
        if following is not None:
            await following.__aexit__(None, None, None)

    @property
    def members(self) -> list[dict[str, Any]]:
        """All users, each once, as clients are told of them."""
        return [_member(user, names) for user, names in self._users.items()]

    async def enter(self, user: str, shows: Any, most: int | None = None) -> None:
        """Another connection of a user is here.

        Args:
            most: How many users the room may have.

        Raises:
            BrokerUnavailable: It is away, and nobody has been told.
            RoomFull: The user would be one too many.
        """
        data = to_json({"user": user, "shows": shows})
        async with self._lock_of(user):
            local = self._local.get(user)
            if local is None:
                local = _Local(data)
                await self._enter_first(user, local, most)
            elif local.data != data:
                await self._announce(user, data)
                local.data = data
            local.connections += 1

    async def _enter_first(self, user: str, local: _Local, most: int | None) -> None:
        known = self._users.keys() | self._entering
        if most is not None and user not in known and len(known) >= most:
            raise RoomFull
        self._entering.add(user)
        try:
            await self._announce(user, local.data)
        finally:
            self._entering.discard(user)
        self._local[user] = local

    async def leave(self, user: str, *, lingers: bool) -> None:
        """A connection of a user has ended.

        Args:
            lingers: Whether it broke, so that the user may be back soon.

        Raises:
            BrokerUnavailable: It is away; the others see it when the name expires.
        """
        local = self._local[user]
        local.connections -= 1
        if local.connections:
            return
        # Before the turn of this: who gives up waiting for it has left, and is not renewed.
        del self._local[user]
        async with self._lock_of(user):
            if user in self._local:
                return
            name = self._name(user)
            if lingers:
                await self._broker.renew([(self.room, name)], self._settings.linger)
                return
            self._apply(name, None)
            if await self._broker.leave(self.room, name):
                await self._append(name, None)

    def names(self) -> Iterable[tuple[str, str]]:
        """The names that are to be renewed, each with the room."""
        return [(self.room, self._name(user)) for user in self._local]

    def is_here(self, name: str) -> bool:
        """Whether it is a name of a user that has a connection to this process."""
        process, _, user = name.partition(":")
        return process == self._process and user in self._local

    async def enter_again(self, name: str) -> None:
        """Enter a name of this process's which the broker has no longer."""
        user = name.partition(":")[2]
        async with self._lock_of(user):
            local = self._local.get(user)
            if local is not None:
                await self._announce(user, local.data)

    async def linger(self, name: str) -> None:
        """Have a name be there as long as one whose user has just left, though it was renewed."""
        user = name.partition(":")[2]
        async with self._lock_of(user):
            if user not in self._local:
                await self._broker.renew([(self.room, name)], self._settings.linger)

    async def sweep(self) -> None:
        """Tell of names whose time is over."""
        for name in await self._broker.expire(self.room):
            if not self.is_here(name):
                self._apply(name, None)
            await self._append(name, None)

    async def refresh(self) -> None:
        """Ask who is present: for what was not told, since a process was killed in between."""
        async with self._refreshing:
            self._meanwhile = {}
            try:
                present: dict[str, bytes | None] = {**await self._broker.present(self.room)}
                present.update(self._meanwhile)
            finally:
                self._meanwhile = None
        known = [name for names in self._users.values() for name in names]
        for name in {*known, *present}:
            if not self.is_here(name):
                self._apply(name, present.get(name))

    async def _announce(self, user: str, data: bytes) -> None:
        name = self._name(user)
        await self._broker.enter(self.room, name, data, self._settings.presence)
        # Also where it was there: what it shows may be new, or nobody may have been told.
        await self._append(name, data)
        self._apply(name, data)

    async def _append(self, name: str, data: bytes | None) -> None:
        said = {"name": name, "data": None if data is None else data.decode()}
        await self._broker.append(self.room, to_json(said))

    def _lock_of(self, user: str) -> asyncio.Lock:
        lock = self._locks.get(user)
        if lock is None:
            lock = self._locks[user] = asyncio.Lock()
        return lock

    def _name(self, user: str) -> str:
        return f"{self._process}:{user}"

    def _take(self, entry: Entry) -> None:
        """What a process has appended."""
        try:
            said = from_json(entry.data)
            name, data = str(said["name"]), said["data"]
            data = None if data is None else str(data).encode()
        except (ValueError, TypeError, KeyError):
            return
        if self._meanwhile is not None:
            self._meanwhile[name] = data
        if not self.is_here(name):
            self._apply(name, data)
        elif data is None:
            # It has expired, though it is here: this process, or the engine, was held up.
            self._start(self.enter_again(name))

    def _lost(self) -> None:
        self._start(self.refresh())

    def _start(self, work: Any) -> None:
        async def attempt() -> None:
            try:
                await work
            except BrokerUnavailable:
                log.warning("Who is in %s is not known for now: the broker is away", self.room)

        task = asyncio.create_task(attempt())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _apply(self, name: str, data: bytes | None) -> None:
        """Know a name with its data, or no longer; tell where that makes a difference."""
        user = name.partition(":")[2]
        names = self._users.get(user, {})
        before = _member(user, names) if names else None
        if data is None:
            names.pop(name, None)
            if not names:
                self._users.pop(user, None)
        else:
            shows = from_json(data).get("shows")
            if name not in names or names[name] != shows:
                # What is shown last is last.
                names.pop(name, None)
                names[name] = shows
            self._users[user] = names
        after = _member(user, names) if names else None
        if after != before:
            self.changes.add(user, before, after)


def presence_of(room: str) -> str:
    """The room beside a room, in which is told who comes and goes."""
    # No name of a room has this sign: values in it are quoted.
    return f"{room}#"


def _member(user: str, names: dict[str, Any]) -> dict[str, Any]:
    """A user, with what it has shown last."""
    return {"user": user, "shows": next(reversed(names.values()))}


__all__ = ["Roster", "presence_of"]
