"""The logs of rooms in a stream of JetStream, of which each room is a subject."""

from __future__ import annotations

import asyncio
import re
import sys
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Final

from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    RawStreamMsg,
    RePublish,
    StorageType,
    StreamConfig,
    StreamInfo,
)
from nats.js.errors import NotFoundError

from vivace.live.brokers.limits import KEY_MEMORY, Keeping
from vivace.live.brokers.names import name_token
from vivace.live.brokers.nats_link import FAILURES, Link
from vivace.live.brokers.protocol import (
    START,
    BrokerUnavailable,
    Entry,
    EntryTooLarge,
    History,
    UnknownId,
)

ID: Final = re.compile(r"([0-9a-f]{12})([0-9a-f]{12})")

#: Entries that are asked for one by one, before a consumer is made for the rest.
STEPS = 16

#: Entries that a consumer is asked for at once.
FETCH = 100

#: Seconds for which what is known of the stream will do.
FRESH = 1.0

#: Bytes of headers that a message may have in addition to its data.
HEADERS = 2048


@dataclass(frozen=True, slots=True)
class _State:
    """The stream at one time: when it was made, in milliseconds, and the number of its last one."""

    made: int
    last: int
    time: float


class Log:
    """Appends to rooms, and reads them.

    A number that the stream gives is preceded by when the stream was made, so that ids of a stream
    that was deleted are not those of the next.
    """

    def __init__(self, link: Link, stream: str, keeping: Keeping) -> None:
        self._link = link
        self._stream = stream
        self._keeping = keeping
        self._state: _State | None = None
        self._made = 0
        self._asking = asyncio.Lock()

    def config(self, storage: StorageType, replicas: int) -> StreamConfig:
        """What the stream is to be like."""
        return StreamConfig(
            name=self._stream,
            subjects=[f"{self._stream}.log.*"],
            # One more than is promised: where there are no more than promised, none was dropped.
            max_msgs_per_subject=self._keeping.count + 1,
            max_age=self._keeping.age,
            # As long as the age, at most.
            duplicate_window=min(KEY_MEMORY, self._keeping.age),
            storage=storage,
            num_replicas=replicas,
            # With the number of each, and of the one before it in the same subject.
            republish=RePublish(src=f"{self._stream}.log.>", dest=f"{self._stream}.live.>"),
        )

    def told_at(self, room: str) -> str:
        """The subject at which entries of a room are published."""
        return f"{self._stream}.live.{name_token(room)}"

    async def open(self) -> None:
        """Learn of the stream what :meth:`told` has to know."""
        await self._known()

    def forget(self) -> None:
        """The stream may be another now: ask again."""
        self._state = None

    def told(self, headers: dict[str, str], data: bytes) -> tuple[Entry, str]:
        """An entry that was published, and the id of the one before it."""
        # Of a stream that is another, entries are read before what is told of them counts.
        made = self._made
        entry = Entry(_id(made, int(headers["Nats-Sequence"])), data)
        before = int(headers["Nats-Last-Sequence"])
        return entry, _id(made, before) if before else START

    async def append(self, room: str, data: bytes, key: str | None) -> str:
        token = name_token(room)
        headers = {} if key is None else {"Nats-Msg-Id": f"{token}.{name_token(key)}"}
        await self._link.jetstream()
        if len(data) > self._link.max_payload - HEADERS:
            raise EntryTooLarge(f"NATS takes no entry of {len(data)} bytes.")
        made = (await self._known()).made
        given = await self._link.answer(
            lambda jetstream: jetstream.publish(
                f"{self._stream}.log.{token}", data, headers=headers, stream=self._stream
            )
        )
        return _id(made, given.seq)

    async def read(self, room: str, after: str | None, limit: int) -> History:
        subject = f"{self._stream}.log.{name_token(room)}"
        state = await self._known(fresh=True)
        past, is_of_this = (0, True) if after is None else _number(after, state.made)
        if past > state.last:
            state = await self._known(fresh=True, since=monotonic())
        # Asked for after the state: what it does not have comes after the last of that.
        newest = await self._get(subject, None)
        end = newest.seq or 0 if newest is not None else 0
        if after is None:
            entries = [] if newest is None else await self._newest(subject, newest, limit, state)
            is_complete = True
        elif past > max(state.last, end):
            # The stream has lost what it had: there is nothing to go on from but what it has now.
            entries, past, is_complete = [], 0, False
        elif end <= past:
            entries = []
            is_complete = is_of_this and (end > 0 or await self._kept_all(subject, past))
        else:
            entries = await self._range(subject, past + 1, end, limit, state)
            is_complete = is_of_this and await self._has_no_gap(subject, past, entries)
        position = entries[-1].id if entries else _id(state.made, max(past, end, state.last))
        return History(entries, is_complete, position)

    async def _has_no_gap(self, subject: str, past: int, entries: list[Entry]) -> bool:
        """Whether nothing that came after ``past`` had been dropped by the time it was read.

        What is dropped is what is oldest, so that all is there after an entry that still is.
        """
        first = await self._get(subject, 1)
        if first is None or not entries or first.seq is None:
            return False
        if first.seq <= past:
            return True
        if first.seq > int(entries[0].id[12:], 16):
            return False
        return await self._kept_all(subject, past)

    async def _kept_all(self, subject: str, past: int) -> bool:
        """Whether nothing after ``past`` has been dropped, for its age or for the number."""
        info = await self._info(subject)
        kept = (info.state.subjects or {}).get(subject, 0)
        return info.state.first_seq <= past + 1 and kept <= self._keeping.count

    async def _range(
        self, subject: str, start: int, end: int, limit: int, state: _State
    ) -> list[Entry]:
        entries: list[Entry] = []
        while start <= end and len(entries) < min(limit, STEPS):
            message = await self._get(subject, start)
            if message is None or message.seq is None:
                return entries
            entries.append(Entry(_id(state.made, message.seq), message.data or b""))
            start = message.seq + 1
        if start <= end and len(entries) < limit:
            rest: deque[Entry] = deque()
            await self._consume(subject, start, end, limit - len(entries), state, rest)
            entries += rest
        return entries

    async def _newest(
        self, subject: str, newest: RawStreamMsg, limit: int, state: _State
    ) -> list[Entry]:
        end = newest.seq or 0
        if limit == 1:
            return [Entry(_id(state.made, end), newest.data or b"")]
        first = await self._get(subject, 1)
        begin = first.seq or 1 if first is not None else end
        kept = ((await self._info(subject)).state.subjects or {}).get(subject, 1)
        # Where they would begin if all came evenly, and a little before that; else further back.
        span = int((end - begin + 1) * min(1, 1.25 * limit / kept)) + 1
        while True:
            start = max(begin, end - span)
            entries: deque[Entry] = deque(maxlen=limit)
            least = limit if start > begin else 0
            await self._consume(subject, start, end, sys.maxsize, state, entries, least=least)
            if len(entries) == limit or start == begin:
                return list(entries)
            span *= 4

    async def _consume(
        self,
        subject: str,
        start: int,
        end: int,
        limit: int,
        state: _State,
        into: deque[Entry],
        *,
        least: int = 0,
    ) -> None:
        """Read what there is from ``start`` to ``end``: ``limit`` entries at most.

        Nothing is read where there are not ``least`` of them.
        """
        config = ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=start,
            ack_policy=AckPolicy.NONE,
            filter_subject=subject,
            # It is deleted below, and, where that fails, after so many seconds by itself.
            inactive_threshold=30.0,
            mem_storage=True,
            num_replicas=1,
        )
        info = await self._link.answer(
            lambda jetstream: jetstream.add_consumer(self._stream, config)
        )
        pending = info.num_pending or 0
        try:
            if pending >= least:
                await self._drain(info.name, min(limit, pending), end, state, into)
        finally:
            with suppress(BrokerUnavailable):
                await self._link.answer(
                    lambda jetstream: jetstream.delete_consumer(self._stream, info.name)
                )

    async def _drain(
        self, consumer: str, left: int, end: int, state: _State, into: deque[Entry]
    ) -> None:
        jetstream = await self._link.jetstream()
        pull = await jetstream.pull_subscribe_bind(consumer=consumer, stream=self._stream)
        try:
            while left > 0:
                messages = await self._fetch(pull, min(left, FETCH))
                for message in messages:
                    number = message.metadata.sequence.stream
                    if number <= end:
                        into.append(Entry(_id(state.made, number), message.data))
                    if number >= end:
                        return
                left -= len(messages)
        finally:
            with suppress(*FAILURES):
                await pull.unsubscribe()

    async def _fetch(self, pull: JetStreamContext.PullSubscription, number: int) -> list[Msg]:
        return await self._link.answer(lambda _: pull.fetch(number, timeout=self._link.timeout))

    async def _get(self, subject: str, start: int | None) -> RawStreamMsg | None:
        """The first entry from a number on, or the last one of all; of the stream's leader."""

        async def get(jetstream: JetStreamContext) -> RawStreamMsg | None:
            try:
                return await jetstream.get_msg(
                    self._stream, subject=subject, seq=start, next=start is not None
                )
            except NotFoundError:
                return None

        return await self._link.answer(get)

    async def _info(self, subject: str | None = None) -> StreamInfo:
        return await self._link.answer(
            lambda jetstream: jetstream.stream_info(self._stream, subject)
        )

    async def _known(self, *, fresh: bool = False, since: float | None = None) -> _State:
        """The stream as it is known; ``fresh``: not too long ago, or ``since`` a time."""
        since = monotonic() - FRESH if since is None else since
        state = self._state
        if state is not None and (not fresh or state.time >= since):
            return state
        async with self._asking:
            state = self._state
            if state is None or (fresh and state.time < since):
                time = monotonic()
                info = await self._info()
                made = int(info.created.timestamp() * 1000) if info.created is not None else 0
                self._made = made
                state = self._state = _State(made, info.state.last_seq, time)
        return state


def _id(made: int, number: int) -> str:
    return f"{made:012x}{number:012x}"


def _number(after: str, made: int) -> tuple[int, bool]:
    """The number that an id stands for, and whether it is one of this stream."""
    if after == START:
        return 0, True
    match = ID.fullmatch(after)
    if match is None:
        raise UnknownId("This is no id of an entry.")
    is_of_this = int(match[1], 16) == made
    return (int(match[2], 16) if is_of_this else 0), is_of_this


__all__ = ["HEADERS", "Log"]
