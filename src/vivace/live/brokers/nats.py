"""Rooms in NATS JetStream, for all processes that use it.

The log of all rooms is a stream, and its entries are published, too: see :mod:`.following`.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Literal

from vivace.extras import MissingPackage
from vivace.live.brokers.following import Follower
from vivace.live.brokers.limits import Keeping, check_limit
from vivace.live.brokers.names import name_bytes
from vivace.live.brokers.protocol import Deliver, History, Lost
from vivace.per_loop import PerLoop

try:
    from nats.aio.msg import Msg
    from nats.js import JetStreamContext
    from nats.js.api import StorageType, StreamConfig
    from nats.js.errors import APIError

    from vivace.live.brokers.nats_link import Followed, Link
    from vivace.live.brokers.nats_log import Log
    from vivace.live.brokers.nats_presence import Presence
except ModuleNotFoundError:
    raise MissingPackage("nats-py", "nats") from None

#: JetStream says so of a stream that is there, and is another.
NAME_IN_USE = 10058


class NatsBroker:
    """Carries entries and presence over NATS with JetStream, from version 2.9 on.

    It may be made at import: connections are made in each process, for each event loop. Two streams
    are made, or changed where they were made with other settings.

    Args:
        servers: The address, as ``nats://user:password@localhost:4222``, or several.
        name: What the streams are called, and what their subjects begin with.
        count: How many entries of a room are kept.
        age: Seconds for which they are kept.
        storage: Where: in ``"file"`` on the disks of NATS, or in its ``"memory"``.
        replicas: On how many servers of a cluster.
        timeout: Seconds that NATS may take to answer, connecting included.
        pause: Seconds until a connection that was cut is tried again.
        options: For ``nats.connect``, as ``{"user_credentials": "app.creds"}``.

    Raises:
        ValueError: This can be no name, or nothing would be kept.
    """

    def __init__(
        self,
        servers: str | Sequence[str],
        *,
        name: str = "vivace_live",
        count: int = 1000,
        age: float = 3600.0,
        storage: Literal["file", "memory"] = "file",
        replicas: int = 1,
        timeout: float = 2.0,
        pause: float = 0.5,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,200}", name):
            raise ValueError(
                f"The name {name!r} is not one of 1 to 200 ASCII letters, digits, _ and -."
            )
        self._servers = [servers] if isinstance(servers, str) else list(servers)
        self._name = name
        self._keeping = Keeping(count, age)
        self._storage = StorageType(storage)
        self._replicas = replicas
        self._timeout = timeout
        self._pause = pause
        self._options = dict(options or {})
        self._parts: PerLoop[_Parts] = PerLoop(self._make_parts, _Parts.close)

    def __repr__(self) -> str:
        return f"NatsBroker(name={self._name!r})"

    async def open(self) -> None:
        await self._parts.get().log.open()

    async def close(self) -> None:
        await self._parts.close()

    async def append(self, room: str, data: bytes, *, key: str | None = None) -> str:
        return await self._parts.get().log.append(room, data, key)

    def follow(self, room: str, deliver: Deliver, lost: Lost) -> AbstractAsyncContextManager[None]:
        name_bytes(room)
        return self._follow(room, deliver, lost)

    @asynccontextmanager
    async def _follow(self, room: str, deliver: Deliver, lost: Lost) -> AsyncIterator[None]:
        link, log = self._parts.get().link, self._parts.get().log
        await log.open()
        follower = Follower(room, deliver, lost, read=log.read, gate=link.gate, pause=self._pause)

        async def told(message: Msg) -> None:
            follower.take(*log.told(message.headers or {}, message.data))

        followed = Followed(follower, log.told_at(room), told)
        await link.follow(followed)
        try:
            await follower.start()
            yield
        finally:
            link.unfollow(followed)
            await follower.close()

    async def read(self, room: str, after: str | None, limit: int) -> History:
        check_limit(limit)
        return await self._parts.get().log.read(room, after, limit)

    async def enter(self, room: str, member: str, data: bytes, ttl: float) -> bool:
        return await self._parts.get().presence.enter(room, member, data, ttl)

    async def renew(
        self, members: Collection[tuple[str, str]], ttl: float
    ) -> list[tuple[str, str]]:
        return await self._parts.get().presence.renew(members, ttl)

    async def leave(self, room: str, member: str) -> bool:
        return await self._parts.get().presence.leave(room, member)

    async def present(self, room: str) -> dict[str, bytes]:
        return await self._parts.get().presence.present(room)

    async def expire(self, room: str) -> dict[str, bytes]:
        return await self._parts.get().presence.expire(room)

    def _make_parts(self) -> _Parts:
        async def prepare(jetstream: JetStreamContext) -> None:
            log.forget()
            for config in (
                log.config(self._storage, self._replicas),
                presence.config(self._storage, self._replicas),
            ):
                await _make_stream(jetstream, config)

        link = Link(self._servers, self._options, prepare, timeout=self._timeout, pause=self._pause)
        log = Log(link, self._name, self._keeping)
        presence = Presence(link, f"{self._name}_presence")
        return _Parts(link, log, presence)


class _Parts:
    """What belongs to one event loop."""

    def __init__(self, link: Link, log: Log, presence: Presence) -> None:
        self.link = link
        self.log = log
        self.presence = presence

    async def close(self) -> None:
        await self.presence.close()
        await self.link.close()


async def _make_stream(jetstream: JetStreamContext, config: StreamConfig) -> None:
    try:
        await jetstream.add_stream(config)
    except APIError as error:
        if error.err_code != NAME_IN_USE:
            raise
        try:
            await jetstream.update_stream(config)
        except APIError as refusal:
            raise RuntimeError(
                f"The stream {config.name} is there, and cannot be changed to these settings: "
                f"{refusal.description}. Give the broker another name, or delete the stream."
            ) from refusal


__all__ = ["NatsBroker"]
