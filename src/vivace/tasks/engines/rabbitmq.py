"""Tasks in RabbitMQ: durable queues, with what taskiq's broker for it lacks.

The broker connects, connects again, and declares the exchange and the queues. Beyond that, a
message that no queue takes is an error, and tasks wait until they are due.
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
    ChannelPreconditionFailed,
    DeliveryError,
    PublishError,
    QueueEmpty,
)
from taskiq_aio_pika import AioPikaBroker, Exchange, Queue, QueueType

from vivace.tasks.engines.protocol import Delivery, EngineSettings, Visit
from vivace.tasks.engines.rabbitmq_delays import BROKEN, SINCE, Delays, is_over
from vivace.tasks.errors import DeliveryLost, EngineUnavailable, QueueFull
from vivace.tasks.message import Message

logger = logging.getLogger("vivace.tasks")

#: How often a quorum queue gives a message away that comes back; how often it may end its worker is
#: counted elsewhere.
MOST_RETURNED = 1_000_000


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
        #: What is too much is refused, and nothing pushed out for it.
        self._bound: dict[str, Any] = {
            "x-overflow": "reject-publish",
            "x-max-length": settings.most_waiting,
        }
        if self._type is QueueType.QUORUM:
            # Or RabbitMQ 4 drops what has come back 20 times, as from workers that end at once.
            self._bound["x-delivery-limit"] = MOST_RETURNED
        arguments = {**self._bound, "x-queue-type": self._type.value}
        self._delays = Delays(self._start, arguments, self._send_on)
        self._broker: AioPikaBroker | None = None
        self._channel: AbstractRobustChannel | None = None
        #: What has come: by the place of its queue, the most urgent first, and in its order.
        self._taken: asyncio.PriorityQueue[tuple[int, int, AbstractIncomingMessage]]
        self._taken = asyncio.PriorityQueue()
        self._numbers = count()
        self._lock: Any = None
        self._workers = 0
        #: What is consumed: queues, each with what it knows its consumer by.
        self._consumers: list[tuple[Any, str]] = []

    def _make_broker(self) -> AioPikaBroker:
        return AioPikaBroker(
            self._url,
            exchange=Exchange(name=self._start, type=ExchangeType.DIRECT),
            task_queues=[
                Queue(name=self._queue(queue), type=self._type, arguments=self._bound)
                for queue in self._settings.queues
            ],
            dead_letter_queue=Queue(
                name=self._dead,
                type=self._type,
                arguments={
                    "x-overflow": "drop-head",
                    "x-max-length": self._settings.most_dead,
                    "x-message-ttl": round(self._settings.keep_dead * 1000),
                },
            ),
            # It connects twice, and what is cut off from outside would go on to connect.
            timeout=self._settings.timeout / 2,
            heartbeat=max(1, round(self._settings.lease)),
            reconnect_interval=1.0,
        )

    def _queue(self, queue: str) -> str:
        return f"{self._start}.queue.{queue}"

    @property
    def _dead(self) -> str:
        return f"{self._start}.dead"

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
                    await self._delays.declare(channel)
                    if broker.read_conn is not None:
                        await self._delays.move_on(broker.read_conn)
        except BaseException:
            # Or it would go on to connect.
            await self.close()
            raise

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
        self._delays.close()
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
        queue = self._delays.queue_for(message.wait) or self._queue(message.queue)
        await self._publish(_amqp(message), queue)

    async def put_again(self, message: Message) -> None:
        """Have a message wait that was taken before, also where there is no room for another."""
        try:
            await self.publish(message)
        except QueueFull:
            # Or workers would wait for room that only they can make.
            await self._publish(_amqp(message), self._delays.again)

    async def _send_on(self, body: bytes) -> None:
        try:
            message = Message.decode(body)
        except ValueError:
            # A worker puts it among the dead letters.
            unreadable = AMQPMessage(body, delivery_mode=DeliveryMode.PERSISTENT)
            await self._publish(unreadable, self._queue(self._settings.queues[0]))
        else:
            await self.publish(message)

    async def bury(self, message: Message) -> bool:
        """Put a message among the dead letters; whether there are as many as may be."""
        await self._publish(_amqp(message), self._dead)
        try:
            async with asyncio.timeout(self._settings.timeout):
                channel = await self._open_channel().get_underlay_channel()
                found = await channel.queue_declare(self._dead, passive=True)
        except (*BROKEN, EngineUnavailable, TimeoutError):
            return False
        return (found.message_count or 0) >= self._settings.most_dead

    async def _publish(self, message: AMQPMessage, queue: str) -> None:
        with unavailable(queue):
            async with asyncio.timeout(self._settings.timeout):
                channel = self._open_channel()
                # While RabbitMQ takes nothing, as its memory is full, nothing is sent: it would
                # take it later on, and as often as it was sent.
                await (await channel.get_underlay_channel()).connection.ready()
                await channel.default_exchange.publish(message, routing_key=queue, mandatory=True)

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
        if not is_over(message):
            found.append(RabbitMQDelivery(self, message))

    def wake(self) -> None: ...

    async def stop_taking(self) -> None:
        with unavailable():
            async with asyncio.timeout(self._settings.timeout):
                for queue, tag in self._consumers:
                    await queue.cancel(tag)
                # What has come, and nobody has begun, is not to count as an attempt.
                while not self._taken.empty():
                    message = self._taken.get_nowait()[2]
                    with suppress(DeliveryLost, ValueError):
                        await RabbitMQDelivery(self, message).replace(Message.decode(message.body))

    async def visit_dead(self, visit: Visit, most: int) -> None:
        assert self._broker is not None and self._broker.write_conn is not None
        with unavailable():
            channel = await self._broker.write_conn.channel()
            try:
                queue = await channel.get_queue(self._dead, ensure=False)
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
        if is_over(self._message):
            raise DeliveryLost

    async def done(self) -> None:
        try:
            await self._message.ack()
        except BROKEN as error:
            raise DeliveryLost from error

    async def replace(self, message: Message) -> None:
        await self.renew()
        await self._engine.put_again(message)
        await self.done()

    async def bury(self, message: Message) -> bool:
        await self.renew()
        is_full = await self._engine.bury(message)
        await self.done()
        return is_full

    async def release(self) -> None:
        try:
            await self._message.reject(requeue=True)
        except BROKEN as error:
            raise DeliveryLost from error


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
    except PublishError as error:
        raise EngineUnavailable(f"There is no queue {queue}.") from error
    except DeliveryError as error:
        raise QueueFull(f"The queue {queue} takes no more.") from error
    except ChannelPreconditionFailed as error:
        raise EngineUnavailable(
            "The queues were made with another most_waiting, most_dead or keep_dead, or other "
            "replicas. Keep these, or take another name, or delete the queues when they are empty. "
            f"{error}"
        ) from error
    except (*BROKEN, TimeoutError) as error:
        raise EngineUnavailable(repr(error)) from error


__all__ = ["RabbitMQEngine"]
