"""All channels of a process over one connection to Redis, which is made again when it is cut."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError, RedisError

from vivace.live.brokers.following import Follower
from vivace.live.brokers.protocol import BrokerUnavailable
from vivace.waiting import end, heed

logger = logging.getLogger(__name__)

AWAY = "Redis is out of reach: %r"

#: Seconds between signs of life; after two without one, the connection counts as cut.
HEARTBEAT = 5.0

#: Channels that are subscribed to with one command.
BATCH = 500


class Subscriptions:
    """Has followers told of what is published, and of connections that were cut.

    Args:
        redis: The client; its connections try nothing again by themselves.
        control: A channel on which nothing is published, so that there always is one.
        tell: Hands what was published to a follower.
        timeout: Seconds that Redis may take.
        pause: Seconds until a connection is tried again.
    """

    def __init__(
        self,
        redis: Any,
        control: str,
        tell: Callable[[Follower, bytes], None],
        *,
        timeout: float,
        pause: float,
    ) -> None:
        self._redis = redis
        self._control = control
        self._tell = tell
        self._timeout = timeout
        self._pause = pause
        self._followers: dict[str, list[Follower]] = {}
        # Of the present connection: those that are subscribed to, and commands without an answer.
        self._subscribed: set[str] = set()
        self._asked: Counter[str] = Counter()
        self._confirmed: dict[str, asyncio.Future[None]] = {}
        # What is to be sent, in this order: a channel, and whether to subscribe to it.
        self._changes: asyncio.Queue[tuple[str, bool]] = asyncio.Queue()
        self._running: asyncio.Task[None] | None = None
        self._is_away = False

    async def add(self, channel: str, follower: Follower) -> None:
        """Have ``follower`` told of what is published from now on.

        Raises:
            BrokerUnavailable: Redis does not confirm it in time.
        """
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        followers = self._followers.setdefault(channel, [])
        followers.append(follower)
        if channel in self._subscribed:
            return
        confirmed = self._confirmed.get(channel)
        if confirmed is None:
            confirmed = self._confirmed[channel] = asyncio.get_running_loop().create_future()
            self._changes.put_nowait((channel, True))
        try:
            async with asyncio.timeout(self._timeout):
                await asyncio.shield(confirmed)
        except BaseException as error:
            self.remove(channel, follower)
            if isinstance(error, TimeoutError):
                raise BrokerUnavailable("Redis does not take a subscription.") from error
            raise

    def remove(self, channel: str, follower: Follower) -> None:
        followers = self._followers[channel]
        followers.remove(follower)
        if not followers:
            del self._followers[channel]
            self._subscribed.discard(channel)
            confirmed = self._confirmed.pop(channel, None)
            if confirmed is not None:
                confirmed.cancel()
            self._changes.put_nowait((channel, False))

    async def close(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            await end(running)
        for followers in list(self._followers.values()):
            for follower in list(followers):
                await follower.close()

    async def _run(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await self._serve(pubsub)
            except (RedisError, OSError) as error:
                # Once, however long it is so.
                logger.log(logging.DEBUG if self._is_away else logging.WARNING, AWAY, error)
                self._is_away = True
            except Exception:
                logger.exception("The connection to Redis is made again.")
            # What cut this one has most likely cut those that wait in the pool, too.
            with suppress(RedisError, OSError):
                await self._redis.connection_pool.disconnect(inuse_connections=False)
            self._subscribed.clear()
            for followers in self._followers.values():
                for follower in followers:
                    follower.doubt()
            await asyncio.sleep(self._pause)

    async def _serve(self, pubsub: Any) -> None:
        async with asyncio.timeout(self._timeout):
            await pubsub.subscribe(self._control)
        if self._is_away:
            self._is_away = False
            logger.warning("Redis can be reached again.")
        self._asked.clear()
        self._changes = asyncio.Queue()
        for channel in self._followers:
            self._changes.put_nowait((channel, True))
        # Not as a group, which would cancel each once, and redis-py may swallow that.
        tasks = [asyncio.create_task(each(pubsub)) for each in (self._write, self._listen)]
        for task in tasks:
            heed(task)
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                await end(task)

    async def _write(self, pubsub: Any) -> None:
        while True:
            change = None
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT):
                    change = await self._changes.get()
            if change is None:
                await pubsub.ping()
                continue
            channels, subscribes = [change[0]], change[1]
            # More of the same kind, up to where an order between them might matter.
            while len(channels) < BATCH and not self._changes.empty():
                channel, also = self._changes.get_nowait()
                if also is not subscribes:
                    await self._send(pubsub, channels, subscribes)
                    channels, subscribes = [], also
                channels.append(channel)
            await self._send(pubsub, channels, subscribes)

    async def _send(self, pubsub: Any, channels: list[str], subscribes: bool) -> None:
        async with asyncio.timeout(2 * HEARTBEAT):
            if subscribes:
                self._asked.update(channels)
                await pubsub.subscribe(*channels)
            else:
                await pubsub.unsubscribe(*channels)

    async def _listen(self, pubsub: Any) -> None:
        heard = monotonic()
        while True:
            message = await pubsub.get_message(timeout=HEARTBEAT)
            if message is None:
                if monotonic() - heard > 2 * HEARTBEAT:
                    raise RedisConnectionError("Redis gives no sign of life.")
                continue
            heard = monotonic()
            if message["type"] == "message":
                for follower in self._followers.get(message["channel"].decode(), ()):
                    self._tell(follower, message["data"])
            elif message["type"] == "subscribe":
                self._confirm(message["channel"].decode())

    def _confirm(self, channel: str) -> None:
        self._asked[channel] -= 1
        if self._asked[channel] > 0:
            # It was left in between, and entered again.
            return
        del self._asked[channel]
        followers = self._followers.get(channel)
        if followers is None:
            return
        self._subscribed.add(channel)
        confirmed = self._confirmed.pop(channel, None)
        if confirmed is not None and not confirmed.done():
            confirmed.set_result(None)
        for follower in followers:
            follower.check()


__all__ = ["Subscriptions"]
