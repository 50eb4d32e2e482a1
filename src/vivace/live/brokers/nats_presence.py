"""Who is present, in a stream of JetStream: of each room one message, with all its members.

It is replaced only by those who have read the last one, so that of several who would remove a
member one does. Changes that wait at the same time are made together.
"""

from __future__ import annotations

import asyncio
import json
import random
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Final, TypeAlias

from nats.js import JetStreamContext
from nats.js.api import StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError

from vivace.live.brokers.limits import LONGEST_PRESENCE, check_ttl
from vivace.live.brokers.names import name_bytes, name_token
from vivace.live.brokers.nats_link import Link
from vivace.live.brokers.nats_log import HEADERS
from vivace.live.brokers.protocol import BrokerUnavailable, EntryTooLarge
from vivace.waiting import end

#: JetStream says so where another message came first.
WRONG_LAST_SEQUENCE: Final = 10071

#: Seconds after which the clock of NATS is looked at again.
SETTING: Final = 60.0

#: How often a change is tried while others are made.
TRIES: Final = 50

#: Rooms whose members are renewed at once.
AT_ONCE: Final = 20

#: The members of a room: until when, in seconds since 1970 by the clock of NATS, and the data.
Members: TypeAlias = dict[str, tuple[float, str]]

#: Changes members in place; it may be called again with others.
Change: TypeAlias = Callable[[Members, float], Any]


@dataclass(eq=False)
class _Waiting:
    change: Change
    done: asyncio.Future[Any]


class Presence:
    """The members of rooms."""

    def __init__(self, link: Link, stream: str) -> None:
        self._link = link
        self._stream = stream
        self._waiting: dict[str, list[_Waiting]] = {}
        self._working: set[asyncio.Task[None]] = set()
        # What is added to the clock of this machine, and when that was found.
        self._offset = 0.0
        self._set = -SETTING
        self._setting = asyncio.Lock()

    def config(self, storage: StorageType, replicas: int) -> StreamConfig:
        """What the stream is to be like."""
        return StreamConfig(
            name=self._stream,
            subjects=[f"{self._stream}.room.*", f"{self._stream}.clock"],
            max_msgs_per_subject=1,
            max_age=2 * LONGEST_PRESENCE,
            storage=storage,
            num_replicas=replicas,
        )

    async def enter(self, room: str, member: str, data: bytes, ttl: float) -> bool:
        check_ttl(ttl, LONGEST_PRESENCE)
        name_bytes(member)
        text = b64encode(data).decode()

        def enter(members: Members, now: float) -> bool:
            is_new = member not in members
            members[member] = (now + ttl, text)
            return is_new

        return bool(await self._change(room, enter))

    async def renew(
        self, members: Collection[tuple[str, str]], ttl: float
    ) -> list[tuple[str, str]]:
        check_ttl(ttl, LONGEST_PRESENCE)
        by_room: dict[str, list[str]] = {}
        for room, member in members:
            by_room.setdefault(room, []).append(member)
        absent: list[tuple[str, str]] = []
        rooms = list(by_room.items())
        for first in range(0, len(rooms), AT_ONCE):
            some = rooms[first : first + AT_ONCE]
            changes = [self._change(room, _renewal(names, ttl)) for room, names in some]
            for (room, _), missing in zip(some, await asyncio.gather(*changes), strict=True):
                absent += [(room, name) for name in missing]
        return absent

    async def leave(self, room: str, member: str) -> bool:
        name_bytes(member)
        return bool(
            await self._change(room, lambda members, _: members.pop(member, None) is not None)
        )

    async def present(self, room: str) -> dict[str, bytes]:
        members, _ = await self._read(self._subject(room))
        now = await self._now()
        return {name: b64decode(data) for name, (until, data) in members.items() if until > now}

    async def expire(self, room: str) -> dict[str, bytes]:
        def expire(members: Members, now: float) -> dict[str, bytes]:
            over = [name for name, (until, _) in members.items() if until <= now]
            return {name: b64decode(members.pop(name)[1]) for name in over}

        found: dict[str, bytes] = await self._change(room, expire)
        return found

    async def close(self) -> None:
        """End what is under way."""
        for task in list(self._working):
            await end(task)

    async def _change(self, room: str, change: Change) -> Any:
        subject = self._subject(room)
        waiting = _Waiting(change, asyncio.get_running_loop().create_future())
        others = self._waiting.get(subject)
        if others is not None:
            others.append(waiting)
        else:
            self._waiting[subject] = [waiting]
            task = asyncio.create_task(self._work(subject))
            self._working.add(task)
            task.add_done_callback(self._working.discard)
        return await waiting.done

    async def _work(self, subject: str) -> None:
        """Make all changes that wait, until there is none."""
        try:
            while self._waiting[subject]:
                batch, self._waiting[subject] = self._waiting[subject], []
                try:
                    await self._settle(subject, batch)
                finally:
                    # What is cancelled here is not to be waited for.
                    for one in batch:
                        one.done.cancel()
        finally:
            for one in self._waiting.pop(subject):
                one.done.cancel()

    async def _settle(self, subject: str, batch: list[_Waiting]) -> None:
        try:
            results = await self._make(subject, [one.change for one in batch])
        except EntryTooLarge as error:
            if len(batch) == 1:
                _fail(batch, error)
            else:
                # The others are not to fail because of one.
                for one in batch:
                    await self._settle(subject, [one])
        except Exception as error:
            _fail(batch, error)
        else:
            for one, result in zip(batch, results, strict=True):
                if not one.done.done():
                    one.done.set_result(result)

    async def _make(self, subject: str, changes: list[Change]) -> list[Any]:
        for attempt in range(TRIES):
            members, number = await self._read(subject)
            now = await self._now()
            before = dict(members)
            results = [change(members, now) for change in changes]
            if members == before or await self._replace(subject, members, number):
                return results
            await asyncio.sleep(random.uniform(0, 0.01 * min(attempt + 1, 10)))
        raise BrokerUnavailable("Too many change who is present in this room.")

    async def _read(self, subject: str) -> tuple[Members, int]:
        async def get(jetstream: JetStreamContext) -> tuple[Members, int]:
            try:
                message = await jetstream.get_msg(self._stream, subject=subject)
            except NotFoundError:
                return {}, 0
            found = json.loads(message.data or b"{}")
            members = {name: (until, data) for name, (until, data) in found.items()}
            return members, message.seq or 0

        return await self._link.answer(get)

    async def _replace(self, subject: str, members: Members, number: int) -> bool:
        """Write what is to come after a number; whether nothing came between."""
        text = json.dumps(members, separators=(",", ":")).encode() if members else b""
        if len(text) > self._link.max_payload - HEADERS:
            raise EntryTooLarge("NATS does not take so many members, or so much of each.")

        async def publish(jetstream: JetStreamContext) -> bool:
            expected = {"Nats-Expected-Last-Subject-Sequence": str(number)}
            try:
                await jetstream.publish(subject, text, stream=self._stream, headers=expected)
            except APIError as error:
                if error.err_code == WRONG_LAST_SEQUENCE:
                    return False
                raise
            return True

        return await self._link.answer(publish)

    async def _now(self) -> float:
        """The time, by the clock of NATS: that of this machine may be another."""
        if monotonic() - self._set >= SETTING:
            async with self._setting:
                if monotonic() - self._set >= SETTING:
                    await self._set_clock()
        return monotonic() + self._offset

    async def _set_clock(self) -> None:
        async def ask(jetstream: JetStreamContext) -> datetime | None:
            subject = f"{self._stream}.clock"
            await jetstream.publish(subject, stream=self._stream)
            # It may be that of another process, which has looked after this one.
            return (await jetstream.get_msg(self._stream, subject=subject)).time

        begun = monotonic()
        time = await self._link.answer(ask)
        if time is not None:
            # Somewhere in between it was asked and answered.
            self._offset = time.timestamp() - (begun + monotonic()) / 2
            self._set = monotonic()

    def _subject(self, room: str) -> str:
        return f"{self._stream}.room.{name_token(room)}"


def _fail(batch: list[_Waiting], error: Exception) -> None:
    for one in batch:
        if not one.done.done():
            one.done.set_exception(error)


def _renewal(names: list[str], ttl: float) -> Change:
    def renew(members: Members, now: float) -> list[str]:
        for name in names:
            if name in members:
                members[name] = (now + ttl, members[name][1])
        return [name for name in names if name not in members]

    return renew


__all__ = ["Presence"]
