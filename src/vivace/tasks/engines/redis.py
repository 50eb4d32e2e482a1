"""Tasks in Redis: streams, with what taskiq's broker for them lacks.

The broker connects and makes the streams and their group. Beyond that, a task belongs to its worker
for as long as the worker reports, and not for a fixed time; acknowledged tasks leave the stream;
those that are not due wait in a sorted set; and each change is one step in Redis.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic, time
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from taskiq_redis import RedisStreamBroker

from vivace.tasks.engines.protocol import Delivery, EngineSettings, Visit
from vivace.tasks.engines.redis_scripts import (
    FORGET_WORKERS,
    MOVE_DUE,
    PUT,
    RENEW,
    SETTLE,
)
from vivace.tasks.errors import DeliveryLost, EngineUnavailable, QueueFull
from vivace.tasks.message import Message

logger = logging.getLogger("vivace.tasks")

GROUP = "workers"
#: Seconds between two looks for tasks that have become due.
LOOK = 0.2
#: Tasks that become due in one step.
MOST_DUE = 100
#: Milliseconds after which a worker that has no task is forgotten.
GONE = 24 * 3600 * 1000


class RedisEngine:
    """Keeps tasks in Redis 6.2 or later, also in one of a cluster.

    Args:
        url: Its address.
        settings: What the kit says.
    """

    knows_keys = True

    def __init__(self, url: str, settings: EngineSettings) -> None:
        self._settings = settings
        self._keys = _Keys(settings.name)
        first, *others = [self._keys.stream(queue) for queue in settings.queues]
        self._broker = RedisStreamBroker(
            url,
            queue_name=first,
            additional_streams=dict.fromkeys(others, ">"),
            consumer_group_name=GROUP,
            # From the beginning of the stream, and not from where it is when the group is made.
            consumer_id="0",
            max_connection_pool_size=50,
            timeout=settings.timeout,
            socket_timeout=settings.timeout,
            socket_connect_timeout=settings.timeout,
            # What is done again is decided above: there it is known what may be.
            retry=Retry(NoBackoff(), 0),
        )
        self._redis: Any = Redis(connection_pool=self._broker.connection_pool)
        self._put = self._redis.register_script(PUT)
        self._move_due = self._redis.register_script(MOVE_DUE)
        self.renew = self._redis.register_script(RENEW)
        self.settle = self._redis.register_script(SETTLE)
        self._forget_workers = self._redis.register_script(FORGET_WORKERS)
        #: How many dead letters are kept, and for how many milliseconds.
        self.dead_bounds = (settings.most_dead, max(1, round(settings.keep_dead * 1000)))
        self._looked = self._claimed = 0.0

    @property
    def consumer(self) -> str:
        return self._broker.consumer_name

    async def open(self, *, workers: int = 0) -> None:
        with unavailable():
            await self._redis.ping()
            await self._broker.startup()
            if workers:
                await self._warn_of_loss()
                for queue in self._settings.queues:
                    await self._forget_workers(keys=[self._keys.stream(queue)], args=[GROUP, GONE])

    async def _warn_of_loss(self) -> None:
        try:
            about = {**await self._redis.info("persistence"), **await self._redis.info("memory")}
        except ResponseError:  # Not everyone may ask.
            return
        if about.get("aof_enabled") == 0:
            logger.warning(
                "This Redis has no append-only file: tasks of some time are lost when it ends."
            )
        if about.get("maxmemory_policy", "noeviction") != "noeviction" and about.get("maxmemory"):
            logger.warning("This Redis drops keys when its memory is full, and so drops tasks.")

    async def close(self) -> None:
        with unavailable():
            await self._broker.shutdown()

    async def put(self, message: Message, *, key: str | None = None) -> None:
        settings = self._settings
        keys = self._keys.of_queue(message.queue)
        remembered = 0 if key is None else round(settings.remember_keys * 1000)
        arguments: list[Any] = [
            message.encode(),
            _delay(message),
            settings.most_waiting,
            remembered,
        ]
        with unavailable():
            said = await self._put(keys=[*keys, self._keys.key(key or "")], args=arguments)
        if said == b"full":
            raise QueueFull(f"{settings.most_waiting} wait in {message.queue}.")

    async def take(self, queues: Sequence[str], most: int, wait: float) -> list[Delivery]:
        deadline = monotonic() + wait
        with unavailable():
            try:
                while True:
                    found = await self._abandoned(queues, most)
                    if not found:
                        left = max(0.001, deadline - monotonic())
                        found = await self._new(queues, most, min(LOOK, left))
                    if found or monotonic() >= deadline:
                        return found
            except ResponseError as error:
                if not str(error).startswith("NOGROUP"):
                    raise
                # Redis has lost what it had.
                await self._broker.startup()
                return []

    async def _new(self, queues: Sequence[str], most: int, wait: float) -> list[Delivery]:
        now = monotonic()
        if now - self._looked >= LOOK / 2:
            self._looked = now
            for queue in queues:
                await self._move_due(keys=self._keys.of_queue(queue), args=[MOST_DUE])
        if len(queues) == 1:
            return await self._read(queues, most, wait)
        found: list[Delivery] = []
        for queue in queues:
            if len(found) < most:
                found += await self._read([queue], most - len(found))
        # What is read of several streams at once may be so many of each.
        return found or await self._read(queues[:most], 1, wait)

    async def _read(self, queues: Sequence[str], most: int, wait: float = 0.0) -> list[Delivery]:
        """Up to ``most`` new tasks of each queue."""
        streams = {self._keys.stream(queue): ">" for queue in queues}
        block = max(1, round(wait * 1000)) if wait else None
        read = await self._redis.xreadgroup(GROUP, self.consumer, streams, count=most, block=block)
        return [
            RedisDelivery(self, self._keys, stream, id, fields[b"data"], is_again=False)
            for stream, entries in _items(read)
            for id, fields in entries
        ]

    async def _abandoned(self, queues: Sequence[str], most: int) -> list[Delivery]:
        """Tasks of workers that do not report any more."""
        lease = self._settings.lease
        now = monotonic()
        if now - self._claimed < lease / 4:
            return []
        self._claimed = now
        found: list[Delivery] = []
        for queue in queues:
            if len(found) >= most:
                break
            found += await self._claim(self._keys.stream(queue), most - len(found))
        if found:
            # There may be more.
            self._claimed = 0.0
        return found

    async def _claim(self, stream: str, most: int) -> list[Delivery]:
        found: list[Delivery] = []
        lease = round(self._settings.lease * 1000)
        start: Any = b"0-0"
        while len(found) < most:
            # Each time it looks at some of those that are pending, and says where to go on.
            start, entries, *_ = await self._redis.xautoclaim(
                stream, GROUP, self.consumer, lease, start, count=most - len(found)
            )
            found += [
                RedisDelivery(self, self._keys, stream, id, fields[b"data"], is_again=True)
                for id, fields in entries
            ]
            if start == b"0-0":
                break
        return found

    def wake(self) -> None: ...

    async def stop_taking(self) -> None: ...

    async def visit_dead(self, visit: Visit, most: int) -> None:
        oldest = round((time() - self._settings.keep_dead) * 1000)
        with unavailable():
            letters = await self._redis.xrange(self._keys.dead, max(0, oldest), count=most)
        for id, fields in letters:
            if await visit(Message.decode(fields[b"data"])):
                with unavailable():
                    await self._redis.xdel(self._keys.dead, id)

    async def may_schedule(self) -> bool:
        return True


class RedisDelivery:
    """An entry of a stream that is pending for this worker."""

    def __init__(
        self, engine: RedisEngine, keys: _Keys, stream: Any, id: Any, body: bytes, *, is_again: bool
    ) -> None:
        self._engine = engine
        self._keys = keys
        self._stream = stream
        self._id = id
        self.body = body
        self.is_again = is_again

    async def renew(self) -> None:
        engine = self._engine
        with unavailable():
            said = await engine.renew(keys=[self._stream], args=[GROUP, engine.consumer, self._id])
        if not said:
            raise DeliveryLost

    async def done(self) -> None:
        await self._settle("")

    async def replace(self, message: Message) -> None:
        await self._settle("wait", message)

    async def bury(self, message: Message) -> bool:
        return await self._settle("dead", message) == 2

    async def release(self) -> None:
        """Nothing: it comes again when this worker has not reported for long enough."""

    async def _settle(self, what: str, message: Message | None = None) -> int:
        body, delay, queue = b"", 0, "default"
        if message is not None:
            body, delay, queue = message.encode(), _delay(message), message.queue
        keys = [self._stream, *self._keys.of_queue(queue), self._keys.dead]
        with unavailable():
            said: int = await self._engine.settle(
                keys=keys, args=[GROUP, self._id, what, body, delay, *self._engine.dead_bounds]
            )
        if not said:
            raise DeliveryLost
        return said


class _Keys:
    """What keys are called. What stands in braces has a cluster keep them together."""

    def __init__(self, name: str) -> None:
        self._start = f"{{vivace:{name}}}"
        self.dead = f"{self._start}:letters"

    def stream(self, queue: str) -> str:
        return f"{self._start}:queue:{queue}"

    def of_queue(self, queue: str) -> list[str]:
        return [self.stream(queue), f"{self._start}:delayed:{queue}"]

    def key(self, key: str) -> str:
        return f"{self._start}:key:{key}"


def _delay(message: Message) -> int:
    return round(message.wait * 1000)


def _items(read: Any) -> Iterator[tuple[Any, Any]]:
    """Streams with their entries, in either form in which the client gives them."""
    if isinstance(read, dict):
        for stream, batches in read.items():
            for entries in batches:
                yield stream, entries
    else:
        yield from read or ()


@contextmanager
def unavailable() -> Iterator[None]:
    """What Redis raises when it is away, as :class:`EngineUnavailable`."""
    try:
        yield
    except ResponseError as error:
        # As LOADING, or OOM where its memory is full.
        raise EngineUnavailable(str(error)) from error
    except (TimeoutError, RedisError, OSError) as error:
        raise EngineUnavailable(repr(error)) from error


__all__ = ["RedisEngine"]
