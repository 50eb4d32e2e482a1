"""Tasks in RabbitMQ: durable queues, with what taskiq's broker for it lacks.

The broker connects, connects again, and declares the exchange and the queues. Beyond that, a
message that no queue takes is an error; and tasks that are not due wait in queues of one delay
each, so that a long wait holds up no short one. Workers move them on, with confirms: RabbitMQ's own
way, messages that expire, may lose some when it is killed, or keep them back for minutes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from time import time
from typing import Any

from aio_pika import DeliveryMode, ExchangeType, Message as AMQPMessage
from aio_pika.abc import AbstractIncomingMessage, AbstractRobustChannel
from aio_pika.exceptions import (
    AMQPError,
    ChannelInvalidStateError,
    ChannelPreconditionFailed,
    DeliveryError,
    QueueEmpty,
)
from taskiq_aio_pika import AioPikaBroker, Exchange, Queue, QueueType

from vivace.tasks.engines.protocol import Delivery, EngineSettings, Visit
from vivace.tasks.errors import DeliveryLost, EngineUnavailable, QueueFull
from vivace.tasks.message import Message

logger = logging.getLogger("vivace.tasks")

#: Seconds that messages wait in one step: the longest that fits, then the longest that fits into
#: what is left. All in one queue wait equally long, so that the first is due first. Less than the
#: half hour after which RabbitMQ takes a message away from whoever holds it.
DELAYS = tuple(2.0**power for power in range(-2, 11))
#: What is too much is refused, and nothing pushed out for it.
SAFE = {"x-overflow": "reject-publish"}
#: Of each delay, the messages that one worker holds until their time.
MOST_HELD = 50
#: What is raised where a connection or a channel is at its end.
BROKEN = (AMQPError, ChannelInvalidStateError, RuntimeError, OSError)
#: When a message has come to a queue of a delay, in whole milliseconds since 1970: of a float, 24
#: bits go over the wire, which tell times of now apart by two minutes.
SINCE = "x-vivace-since-ms"


class RabbitMQEngine:
    """Keeps tasks in RabbitMQ 3.10 or later; in quorum queues, if there are replicas.

    Args:
        url: Its address.
        settings: What the kit says.
    """

    knows_keys = False

    def __init__(self, url: str, settings: EngineSettings) -> None:
        self._url = url
        self._settings = settings
        self._start = f"vivace.{settings.name}"
        # On one node, quorum queues gain nothing, and if it is killed they may not come back.
        self._type = QueueType.QUORUM if settings.replicas > 1 else QueueType.CLASSIC
        self._broker: AioPikaBroker | None = None
        self._channel: AbstractRobustChannel | None = None
        #: What has come: by the place of its queue, the most urgent first, and in its order.
        self._taken: asyncio.PriorityQueue[tuple[int, int, AbstractIncomingMessage]]
        self._taken = asyncio.PriorityQueue()
        self._numbers = count()
        self._lock: Any = None
        self._workers = 0
        #: What holds messages until their time.
        self._holding: set[asyncio.Task[Any]] = set()
        #: What is consumed: queues, each with what it knows its consumer by.
        self._consumers: list[tuple[Any, str]] = []

    def _make_broker(self) -> AioPikaBroker:
        arguments: Any = {**SAFE, "x-max-length": self._settings.most_waiting}
        return AioPikaBroker(
            self._url,
            exchange=Exchange(name=self._start, type=ExchangeType.DIRECT),
            task_queues=[
                Queue(name=self._queue(queue), type=self._type, arguments=arguments)
                for queue in self._settings.queues
            ],
            dead_letter_queue=Queue(
                name=f"{self._start}.dead",
                type=self._type,
                arguments={"x-overflow": "reject-publish"},
            ),
            timeout=self._settings.timeout,
            heartbeat=max(1, round(self._settings.lease)),
            reconnect_interval=1.0,
        )

    def _queue(self, queue: str) -> str:
        return f"{self._start}.queue.{queue}"

    async def open(self, *, workers: int = 0) -> None:
        broker = self._broker = self._make_broker()
        broker.is_worker_process = workers > 0
        self._workers = workers
        try:
            with unavailable():
                async with asyncio.timeout(self._settings.timeout):
                    await broker.startup()
                    # Unlike the broker's, it says so if no queue takes a message.
                    assert broker.write_conn is not None
                    channel: Any = await broker.write_conn.channel(on_return_raises=True)
                    self._channel = channel
                    await self._declare_delays()
                    if workers:
                        await self._hold_delayed()
        except EngineUnavailable:
            await self.close()
            raise

    async def _declare_delays(self) -> None:
        for delay in DELAYS:
            await self._open_channel().declare_queue(
                self._delay_queue(delay),
                durable=True,
                arguments={
                    "x-queue-type": self._type.value,
                    "x-overflow": "reject-publish",
                    "x-max-length": self._settings.most_waiting,
                },
            )

    async def _hold_delayed(self) -> None:
        """Begin to move on what has waited for long enough."""
        assert self._broker is not None and self._broker.read_conn is not None
        channel = await self._broker.read_conn.channel()
        await channel.set_qos(prefetch_count=MOST_HELD)
        for delay in DELAYS:
            queue = await channel.get_queue(self._delay_queue(delay), ensure=True)
            await queue.consume(partial(self._move_on, delay))

    async def _move_on(self, delay: float, held: AbstractIncomingMessage) -> None:
        if self._broker is None:
            return  # It closes, and what is not acknowledged goes back.
        holding = asyncio.create_task(self._hold(delay, held))
        self._holding.add(holding)
        holding.add_done_callback(self._holding.discard)

    async def _hold(self, delay: float, held: AbstractIncomingMessage) -> None:
        """Hold a message until it has waited for ``delay`` seconds, and send it on."""
        since: Any = held.headers.get(SINCE, 0)
        try:
            # Whoever has sent it may be ahead by the clock.
            await asyncio.sleep(min(delay, max(0.0, since / 1000 + delay - time())))
            while not held.channel.is_closed:
                try:
                    await self._send_on(held)
                    await held.ack()
                    return
                except EngineUnavailable:
                    await asyncio.sleep(1)
        except BROKEN:
            pass
        finally:
            # Whatever has ended this, as the end of the connection that it is sent over: it comes
            # again, to whoever is there. What has been acknowledged is not given back.
            with suppress(*BROKEN):
                await held.reject(requeue=True)

    async def _send_on(self, held: AbstractIncomingMessage) -> None:
        try:
            message = Message.decode(held.body)
        except ValueError:
            # A worker puts it among the dead letters.
            body = AMQPMessage(held.body, delivery_mode=DeliveryMode.PERSISTENT)
            await self._publish(body, self._queue(self._settings.queues[0]))
        else:
            await self.publish(message)

    def _delay_queue(self, delay: float) -> str:
        return f"{self._start}.delay.{round(delay * 1000)}"

    async def _consume(self, queues: Sequence[str]) -> None:
        """Begin to take from ``queues``; the broker goes on after each time it connects again."""
        assert self._broker is not None and self._broker.read_channel is not None
        channel = self._broker.read_channel
        await channel.set_qos(prefetch_count=self._workers)
        for queue in queues[len(self._consumers) :]:
            found = await channel.get_queue(self._queue(queue), ensure=True)
            take = partial(self._note, len(self._consumers))
            self._consumers.append((found, await found.consume(take)))

    async def _note(self, place: int, message: AbstractIncomingMessage) -> None:
        await self._taken.put((place, next(self._numbers), message))

    async def close(self) -> None:
        broker, self._broker = self._broker, None
        if broker is None:
            return
        for holding in self._holding:
            holding.cancel()
        with suppress(Exception):
            async with asyncio.timeout(5):
                await broker.shutdown()
        # What has not come so far as to be closed by it.
        for connection in (broker.write_conn, broker.read_conn):
            if connection is not None and not connection.is_closed:
                with suppress(Exception):
                    async with asyncio.timeout(1):
                        await connection.close()
        self._consumers.clear()
        self._channel = self._lock = None

    async def put(self, message: Message, *, key: str | None = None) -> None:
        if key is not None:
            raise ValueError("RabbitMQ knows no keys. Leave key= out, or take Redis or NATS.")
        await self.publish(message)

    async def publish(self, message: Message) -> None:
        """Have a message wait in its queue, or first in one of a delay."""
        wait = message.wait
        delay = max((delay for delay in DELAYS if delay <= wait), default=0.0)
        queue = self._delay_queue(delay) if delay else self._queue(message.queue)
        await self._publish(_amqp(message), queue)

    async def bury(self, message: Message) -> None:
        """Put a message among the dead letters."""
        await self._publish(_amqp(message), f"{self._start}.dead")

    async def _publish(self, message: AMQPMessage, queue: str) -> None:
        with unavailable(queue):
            async with asyncio.timeout(self._settings.timeout):
                exchange = self._open_channel().default_exchange
                await exchange.publish(message, routing_key=queue, mandatory=True)

    def _open_channel(self) -> AbstractRobustChannel:
        if self._channel is None:
            raise EngineUnavailable("It is not connected.")
        return self._channel

    async def take(self, queues: Sequence[str], most: int, wait: float) -> list[Delivery]:
        if len(self._consumers) < len(queues):
            with unavailable():
                async with asyncio.timeout(self._settings.timeout):
                    await self._consume(queues)
        found: list[Delivery] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                self._add(found, await self._taken.get())
        while len(found) < most and not self._taken.empty():
            self._add(found, self._taken.get_nowait())
        return found

    def _add(self, found: list[Delivery], taken: tuple[int, int, AbstractIncomingMessage]) -> None:
        message = taken[2]
        # What came over a connection that has ended comes again.
        if not message.channel.is_closed:
            found.append(RabbitMQDelivery(self, message))

    def wake(self) -> None: ...

    async def stop_taking(self) -> None:
        with unavailable(), suppress(DeliveryLost, ValueError):
            async with asyncio.timeout(self._settings.timeout):
                for queue, tag in self._consumers:
                    await queue.cancel(tag)
                # What has come, and nobody has begun, is not to count as an attempt.
                while not self._taken.empty():
                    message = self._taken.get_nowait()[2]
                    await RabbitMQDelivery(self, message).replace(Message.decode(message.body))

    async def visit_dead(self, visit: Visit, most: int) -> None:
        assert self._broker is not None and self._broker.write_conn is not None
        with unavailable():
            channel = await self._broker.write_conn.channel()
            try:
                queue = await channel.get_queue(f"{self._start}.dead", ensure=False)
                letters: list[AbstractIncomingMessage] = []
                with suppress(QueueEmpty):
                    while len(letters) < most:
                        letters.append(await queue.get(timeout=self._settings.timeout))
                # Not before all are there: what is sent again may be back at once.
                for letter in letters:
                    if await visit(_read(letter)):
                        await letter.ack()
            finally:
                # What was not acknowledged goes back, in its order.
                await channel.close()

    async def may_schedule(self) -> bool:
        """Whether this process has the one queue that only one may have."""
        if self._lock is not None and not self._lock.is_closed:
            return True
        self._lock = None
        if self._broker is None or self._broker.write_conn is None:
            return False
        with unavailable():
            async with asyncio.timeout(self._settings.timeout):
                connection: Any = self._broker.write_conn
                await connection.ready()
                # A plain channel: if it is closed with its connection, someone else may have it.
                channel = await connection.transport.connection.channel()
                try:
                    await channel.queue_declare(f"{self._start}.scheduler", exclusive=True)
                except AMQPError:
                    return False
                self._lock = channel
        return True


class RabbitMQDelivery:
    """A message that has not been acknowledged."""

    def __init__(self, engine: RabbitMQEngine, message: AbstractIncomingMessage) -> None:
        self._engine = engine
        self._message = message
        self.body = message.body
        self.is_again = bool(message.redelivered)

    async def renew(self) -> None:
        # The connection's heartbeat does so for all.
        if self._message.channel.is_closed:
            raise DeliveryLost

    async def done(self) -> None:
        try:
            await self._message.ack()
        except BROKEN as error:
            raise DeliveryLost from error

    async def replace(self, message: Message) -> None:
        await self.renew()
        await self._engine.publish(message)
        await self.done()

    async def bury(self, message: Message) -> None:
        await self.renew()
        await self._engine.bury(message)
        await self.done()


def _amqp(message: Message) -> AMQPMessage:
    return AMQPMessage(
        message.encode(),
        message_id=message.id,
        type=message.task,
        content_type="application/json",
        delivery_mode=DeliveryMode.PERSISTENT,
        headers={SINCE: round(time() * 1000)},
    )


def _read(letter: AbstractIncomingMessage) -> Message:
    """A dead letter; also one that RabbitMQ itself has put there, as it was too often returned."""
    try:
        return Message.decode(letter.body)
    except ValueError as error:
        failure = {"kind": "Unreadable", "message": str(error)[:1000]}
        return Message(id=letter.message_id or "", task="", failure=failure)


@contextmanager
def unavailable(queue: str = "") -> Iterator[None]:
    """What is raised when RabbitMQ is away, as :class:`EngineUnavailable`."""
    try:
        yield
    except DeliveryError as error:
        raise QueueFull(f"The queue {queue} takes no more.") from error
    except ChannelPreconditionFailed as error:
        raise EngineUnavailable(
            "The queues were made with another most_waiting or other replicas. Keep these, or take "
            f"another name, or delete the queues when they are empty. {error}"
        ) from error
    except (*BROKEN, TimeoutError) as error:
        raise EngineUnavailable(repr(error)) from error


__all__ = ["RabbitMQEngine"]
