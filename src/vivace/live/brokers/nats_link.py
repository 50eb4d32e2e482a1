"""The connection of one event loop to NATS, and what is followed over it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError, SlowConsumerError
from nats.js import JetStreamContext

from vivace.live.brokers.following import Follower
from vivace.live.brokers.protocol import BrokerUnavailable
from vivace.waiting import end, heed, within

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: What NATS being away, or being of no use, looks like.
FAILURES = (NatsError, OSError, TimeoutError)

#: Entries, and bytes of them, that wait for a loop that is busy; what is beyond is read later.
WAITING = 10_000
WAITING_BYTES = 32 * 1024 * 1024

#: Seconds between pings; after two without an answer, the connection counts as cut.
PING = 5

#: Seconds in which each room is compared with its log: for what servers of a cluster do not pass on
#: to each other while one of them takes over.
COMPARING = 30.0

#: Rooms that are read at once after a connection was cut.
READERS = 10


@dataclass(eq=False)
class Followed:
    """A follower, and the subscription that it is told by, if there is one."""

    follower: Follower
    subject: str
    told: Callable[[Msg], Awaitable[None]]
    subscription: Subscription | None = None


class Link:
    """One connection, which is made when it is needed, and again when it is cut.

    Args:
        servers: The addresses.
        options: For ``nats.connect``.
        prepare: Makes what is needed in NATS, at the first connection.
        timeout: Seconds that NATS may take.
        pause: Seconds until a connection is tried again.
    """

    def __init__(
        self,
        servers: Sequence[str],
        options: dict[str, Any],
        prepare: Callable[[JetStreamContext], Awaitable[None]],
        *,
        timeout: float,
        pause: float,
    ) -> None:
        self._servers = list(servers)
        self._options = options
        self._prepare = prepare
        self.timeout = timeout
        self._pause = pause
        self._client: Client | None = None
        self._connecting: asyncio.Task[Client] | None = None
        self._followed: set[Followed] = set()
        self._unsubscribing: set[asyncio.Task[None]] = set()
        self._comparing: asyncio.Task[None] | None = None
        self._returning: asyncio.Task[None] | None = None
        self.gate = asyncio.Semaphore(READERS)

    async def jetstream(self) -> JetStreamContext:
        """What speaks to JetStream, over a connection that is there.

        Raises:
            BrokerUnavailable: There is none.
        """
        client = self._client
        if client is None or client.is_closed:
            if self._connecting is None or self._connecting.done():
                self._connecting = asyncio.create_task(self._connect())
                heed(self._connecting)
            # Others wait for it, too.
            client = await asyncio.shield(self._connecting)
        if not client.is_connected:
            # What is sent now would be kept, and sent some time.
            raise BrokerUnavailable("NATS is out of reach.")
        return client.jetstream(timeout=self.timeout)

    async def answer(self, asked: Callable[[JetStreamContext], Awaitable[T]]) -> T:
        """What NATS answers.

        Raises:
            BrokerUnavailable: It does not, in time or at all.
        """
        try:
            return await within(self.timeout, asked(await self.jetstream()))
        except FAILURES as error:
            raise BrokerUnavailable(
                f"NATS is out of reach, or has no JetStream: {error!r}"
            ) from error

    @property
    def max_payload(self) -> int:
        """Bytes that NATS takes in a message, headers included."""
        return self._client.max_payload if self._client is not None else 0

    async def follow(self, followed: Followed) -> None:
        """Subscribe; what is asked of NATS after this is asked when it has the subscription."""
        await self.jetstream()
        self._followed.add(followed)
        # If it is given up here, it goes on to its end, and is undone.
        subscribing = asyncio.create_task(self._subscribe(followed))
        heed(subscribing)
        try:
            await within(self.timeout, asyncio.shield(subscribing))
        except BaseException as error:
            self.unfollow(followed)
            if isinstance(error, FAILURES):
                raise BrokerUnavailable("NATS does not take a subscription.") from error
            raise

    def unfollow(self, followed: Followed) -> None:
        """Unsubscribe, soon: whoever leaves does not wait for it, nor can give it up."""
        self._followed.discard(followed)
        if followed.subscription is not None:
            task = asyncio.create_task(self._unsubscribe(followed.subscription))
            self._unsubscribing.add(task)
            task.add_done_callback(self._unsubscribing.discard)

    async def _unsubscribe(self, subscription: Subscription) -> None:
        with suppress(*FAILURES):
            await within(self.timeout, subscription.unsubscribe())

    async def close(self) -> None:
        for task in (self._connecting, self._comparing, self._returning, *self._unsubscribing):
            if task is not None:
                await end(task)
        self._connecting = self._comparing = self._returning = None
        for followed in list(self._followed):
            await followed.follower.close()
        client, self._client = self._client, None
        if client is not None:
            await self._close(client)

    async def _connect(self) -> Client:
        client = Client()
        try:
            await within(self.timeout, self._start(client))
            await within(self.timeout, self._prepare(client.jetstream(timeout=self.timeout)))
            self._client = client
            for followed in list(self._followed):
                await self._subscribe(followed)
        except BaseException as error:
            self._client = None
            await self._close(client)
            if isinstance(error, FAILURES):
                raise BrokerUnavailable(
                    f"NATS is out of reach, or has no JetStream: {error!r}"
                ) from error
            raise
        self._check()
        if self._comparing is None:
            self._comparing = asyncio.create_task(self._compare())
        return client

    async def _start(self, client: Client) -> None:
        options = {
            "servers": self._servers,
            "connect_timeout": self.timeout,
            "max_reconnect_attempts": -1,
            "reconnect_time_wait": self._pause,
            "ping_interval": PING,
            "max_outstanding_pings": 2,
            **self._options,
        }
        await client.connect(
            **options,
            disconnected_cb=self._disconnected,
            reconnected_cb=self._reconnected,
            error_cb=self._failed,
        )

    async def _close(self, client: Client) -> None:
        # It flushes what is to be sent, first.
        with suppress(Exception):
            await within(self.timeout, client.close())

    async def _subscribe(self, followed: Followed) -> None:
        assert self._client is not None
        followed.subscription = await self._client.subscribe(
            followed.subject,
            cb=followed.told,
            pending_msgs_limit=WAITING,
            pending_bytes_limit=WAITING_BYTES,
        )
        if followed not in self._followed:
            await followed.subscription.unsubscribe()

    async def _disconnected(self) -> None:
        if self._client is not None:
            logger.warning("NATS is out of reach.")
        for followed in self._followed:
            followed.follower.doubt()

    async def _reconnected(self) -> None:
        logger.warning("NATS can be reached again.")
        if self._returning is None or self._returning.done():
            self._returning = asyncio.create_task(self._return())

    async def _return(self) -> None:
        """Go on after a connection was cut, with a server that may have lost what it had."""
        while self._client is not None and not self._client.is_closed:
            try:
                await self.answer(self._prepare)
            except BrokerUnavailable:
                await asyncio.sleep(self._pause)
            except RuntimeError:
                logger.exception("NATS has changed meanwhile.")
                break
            else:
                break
        self._check()

    def _check(self) -> None:
        for followed in self._followed:
            followed.follower.check()

    async def _failed(self, error: Exception) -> None:
        if isinstance(error, SlowConsumerError):
            for followed in self._followed:
                if followed.subscription is error.sub:
                    followed.follower.check()
        else:
            # Also each time that a server is tried in vain: that it is away has been said.
            is_there = self._client is not None and self._client.is_connected
            logger.log(logging.WARNING if is_there else logging.DEBUG, "NATS: %r", error)

    async def _compare(self) -> None:
        while True:
            await asyncio.sleep(COMPARING / 2)
            rooms = list(self._followed)
            try:
                await self.jetstream()
            except BrokerUnavailable:
                # When it is back, all are checked.
                continue
            for followed in rooms:
                followed.follower.check()
                await asyncio.sleep(COMPARING / 2 / len(rooms))


__all__ = ["Followed", "Link"]
