"""Rooms in Redis, for all processes that use it.

The log of a room is a stream, and its entries are published, too: see :mod:`.following`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from secrets import token_hex
from typing import Any, TypeVar

from vivace.extras import MissingPackage
from vivace.live.brokers import redis_scripts
from vivace.live.brokers.following import Follower
from vivace.live.brokers.limits import (
    KEY_MEMORY,
    LONGEST_PRESENCE,
    Keeping,
    check_limit,
    check_ttl,
)
from vivace.live.brokers.names import name_bytes, quoted_name
from vivace.live.brokers.protocol import (
    START,
    BrokerUnavailable,
    Deliver,
    Entry,
    History,
    Lost,
    UnknownId,
)
from vivace.per_loop import PerLoop
from vivace.waiting import within

try:
    from redis.asyncio import BlockingConnectionPool, Redis
    from redis.asyncio.connection import parse_url
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import ConnectionError as RedisConnectionError, RedisError

    from vivace.live.brokers.redis_subscriptions import Subscriptions
except ModuleNotFoundError:
    raise MissingPackage("redis", "redis") from None

T = TypeVar("T")

#: What Redis being away, or being of no use, looks like.
FAILURES = (RedisError, OSError, TimeoutError)

#: Rooms that are read at once after a connection was cut.
READERS = 10

#: Members, or rooms, that go in one command, or one go.
CHUNK = 200

ID = re.compile(r"([0-9a-f]{12})([0-9a-f]{8})")


class RedisBroker:
    """Carries entries and presence over Redis, from version 6.2 on.

    It may be made at import: connections are made in each process, for each event loop. One of
    them follows all rooms of the process.

    All keys of a room are in one slot, as Redis Cluster wants it, but the client is one of a single
    server: with replicas and Sentinel or a proxy it goes on at the new primary, where those who
    follow are told of a gap if that has not got all entries.

    Args:
        url: The address, as ``redis://:password@localhost:6379/0``, or ``rediss://`` over TLS.
        prefix: What the name of each key and channel begins with, before a colon.
        count: How many entries of a room are kept at least; up to some hundred more may be.
        age: Seconds for which they are kept.
        timeout: Seconds that Redis may take to answer, connecting included.
        pause: Seconds until the connection that follows is tried again when it was cut.
        options: For ``redis.asyncio.BlockingConnectionPool``, as ``{"max_connections": 50}``.

    Raises:
        ValueError: This is no address of Redis, no prefix, or nothing would be kept.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "vivace:live",
        count: int = 1000,
        age: float = 3600.0,
        timeout: float = 2.0,
        pause: float = 0.5,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._database = parse_url(url).get("db", (options or {}).get("db", 0))
        if not prefix or prefix != prefix.strip(": ") or set("{}") & set(prefix):
            raise ValueError(
                f"The prefix {prefix!r} is empty, begins or ends with a colon, or has braces."
            )
        self._url = url
        self._prefix = prefix
        self._keeping = Keeping(count, age)
        self._timeout = timeout
        self._pause = pause
        self._options = dict(options or {})
        # What was the last entry is known for longer, so that whoever comes back to a quiet room is
        # not told that something may be missing.
        self._memory = _milliseconds(age + LONGEST_PRESENCE)
        self._links: PerLoop[_Link] = PerLoop(self._make_link, _Link.close)

    def __repr__(self) -> str:
        return f"RedisBroker(prefix={self._prefix!r})"

    async def open(self) -> None:
        await self._answer(self._links.get().redis.ping)

    async def close(self) -> None:
        await self._links.close()

    async def append(self, room: str, data: bytes, *, key: str | None = None) -> str:
        # Without a key of the caller's, one for as long as it may be asked again here: a connection
        # that has waited in the pool may have been cut, after Redis had the entry or before.
        token, memory = ("key", KEY_MEMORY) if key is not None else ("once", 2 * self._timeout)
        given = quoted_name(key) if key is not None else token_hex(8)
        keys = self._keys(room, "log", "last", f"{token}:{given}")
        arguments = [
            *(self._channel(room), data),
            *(self._keeping.count, _milliseconds(self._keeping.age)),
            *(self._memory, _milliseconds(memory)),
        ]
        id: bytes = await self._answer(partial(self._links.get().append, keys, arguments))
        return _from_redis(id)

    def follow(self, room: str, deliver: Deliver, lost: Lost) -> AbstractAsyncContextManager[None]:
        name_bytes(room)
        return self._follow(room, deliver, lost)

    @asynccontextmanager
    async def _follow(self, room: str, deliver: Deliver, lost: Lost) -> AsyncIterator[None]:
        link = self._links.get()
        follower = Follower(room, deliver, lost, read=self.read, gate=link.gate, pause=self._pause)
        channel = self._channel(room)
        await link.subscriptions.add(channel, follower)
        try:
            await follower.start()
            yield
        finally:
            link.subscriptions.remove(channel, follower)
            await follower.close()

    async def read(self, room: str, after: str | None, limit: int) -> History:
        check_limit(limit)
        past = b"" if after is None else _to_redis(after)
        link = self._links.get()
        arguments = [past, limit, _milliseconds(self._keeping.age)]
        last, found = await self._answer(
            partial(link.read, self._keys(room, "log", "last"), arguments)
        )
        if after is None:
            found.reverse()
        entries = [Entry(_from_redis(id), fields[3]) for id, fields in found]
        # Of the first one, the one before it is known.
        previous = found[0][1][1] if found else last
        position = entries[-1].id if entries else _from_redis(last)
        return History(entries, after is None or previous == past, position)

    async def enter(self, room: str, member: str, data: bytes, ttl: float) -> bool:
        check_ttl(ttl, LONGEST_PRESENCE)
        arguments = [self._memory, _milliseconds(ttl), name_bytes(member), data]
        script = self._links.get().enter
        return bool(await self._answer(partial(script, self._keys(room, "seen", "who"), arguments)))

    async def renew(
        self, members: Collection[tuple[str, str]], ttl: float
    ) -> list[tuple[str, str]]:
        check_ttl(ttl, LONGEST_PRESENCE)
        by_room: dict[str, list[bytes]] = {}
        for room, member in members:
            by_room.setdefault(room, []).append(name_bytes(member))
        parts = [
            (room, names[first : first + CHUNK])
            for room, names in by_room.items()
            for first in range(0, len(names), CHUNK)
        ]
        absent: list[tuple[str, str]] = []
        for first in range(0, len(parts), CHUNK):
            some = parts[first : first + CHUNK]
            answers = await self._answer(partial(self._renew, some, ttl))
            for (room, _), missing in zip(some, answers, strict=True):
                absent += [(room, name.decode()) for name in missing]
        return absent

    async def _renew(self, parts: list[tuple[str, list[bytes]]], ttl: float) -> list[Any]:
        link = self._links.get()
        async with link.redis.pipeline(transaction=False) as pipeline:
            for room, names in parts:
                keys = self._keys(room, "seen", "who")
                arguments = [self._memory, _milliseconds(ttl), *names]
                await link.renew(keys, arguments, client=pipeline)
            answers: list[Any] = await pipeline.execute()
        return answers

    async def leave(self, room: str, member: str) -> bool:
        script = self._links.get().leave
        return bool(
            await self._answer(
                partial(script, self._keys(room, "seen", "who"), [name_bytes(member)])
            )
        )

    async def present(self, room: str) -> dict[str, bytes]:
        script = self._links.get().present
        return _members(await self._answer(partial(script, self._keys(room, "seen", "who"))))

    async def expire(self, room: str) -> dict[str, bytes]:
        script = self._links.get().expire
        return _members(await self._answer(partial(script, self._keys(room, "seen", "who"))))

    def _keys(self, room: str, *parts: str) -> list[str]:
        # In braces, so that the keys of one room are in one slot.
        quoted = quoted_name(room)
        return [f"{self._prefix}:{{{quoted}}}:{part}" for part in parts]

    def _channel(self, room: str) -> str:
        # Unlike keys, channels are those of all databases of a Redis.
        return f"{self._prefix}:{self._database}:room:{quoted_name(room)}"

    async def _answer(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What Redis answers to what may be asked twice.

        Raises:
            BrokerUnavailable: It does not answer, in time or at all.
        """

        async def ask_again() -> T:
            try:
                return await ask()
            except RedisConnectionError:
                # One that has waited in the pool may have been cut long ago.
                return await ask()

        try:
            return await within(self._timeout, ask_again())
        except FAILURES as error:
            raise BrokerUnavailable(f"Redis is out of reach: {error!r}") from error

    def _make_link(self) -> _Link:
        options = {
            "max_connections": 20,
            # Nothing is tried again by itself: an entry would be appended twice, and a subscription
            # made again without anybody knowing that there was a gap.
            "retry": Retry(NoBackoff(), 0, supported_errors=()),
            # What `_answer` has given up is to end, too.
            "timeout": self._timeout,
            "socket_timeout": self._timeout,
            "socket_connect_timeout": self._timeout,
            **self._options,
        }
        redis: Any = Redis.from_pool(BlockingConnectionPool.from_url(self._url, **options))
        control = f"{self._prefix}:control"
        subscriptions = Subscriptions(
            redis, control, _tell, timeout=self._timeout, pause=self._pause
        )
        return _Link(redis, subscriptions)


class _Link:
    """What belongs to one event loop."""

    def __init__(self, redis: Any, subscriptions: Subscriptions) -> None:
        self.redis = redis
        self.subscriptions = subscriptions
        self.gate = asyncio.Semaphore(READERS)
        self.append = redis.register_script(redis_scripts.APPEND)
        self.read = redis.register_script(redis_scripts.READ)
        self.enter = redis.register_script(redis_scripts.ENTER)
        self.renew = redis.register_script(redis_scripts.RENEW)
        self.leave = redis.register_script(redis_scripts.LEAVE)
        self.present = redis.register_script(redis_scripts.PRESENT)
        self.expire = redis.register_script(redis_scripts.EXPIRE)

    async def close(self) -> None:
        await self.subscriptions.close()
        await self.redis.aclose()


def _tell(follower: Follower, published: bytes) -> None:
    id, before, data = published.split(b" ", 2)
    follower.take(Entry(_from_redis(id), data), _from_redis(before))


def _from_redis(id: bytes) -> str:
    """An id of a stream, as text that is in order: ``1-2`` comes before ``10-1``."""
    time, _, number = id.partition(b"-")
    return START if id == b"0-0" else f"{int(time):012x}{int(number):08x}"


def _to_redis(id: str) -> bytes:
    if id == START:
        return b"0-0"
    match = ID.fullmatch(id)
    if match is None:
        raise UnknownId("This is no id of an entry.")
    return b"%d-%d" % (int(match[1], 16), int(match[2], 16))


def _members(pairs: list[bytes]) -> dict[str, bytes]:
    return {name.decode(): data for name, data in zip(pairs[::2], pairs[1::2], strict=True)}


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


__all__ = ["RedisBroker"]
