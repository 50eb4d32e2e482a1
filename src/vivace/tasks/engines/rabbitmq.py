"""Tasks in RabbitMQ: quorum queues, with what taskiq's broker for it lacks.

The broker connects, connects again, declares exchange and queues and publishes with confirms.
Beyond that, tasks that are not due wait in queues of one delay each, so that a long wait holds up
no short one; a message that no queue takes is an error; and of what was taken nothing is
acknowledged before it is done.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from aio_pika import DeliveryMode, ExchangeType, Message as AMQPMessage
from aio_pika.abc import AbstractIncomingMessage, AbstractRobustChannel
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, DeliveryError, QueueEmpty
from taskiq_aio_pika import AioPikaBroker, Exchange, Queue, QueueType

from vivace.tasks.engines.protocol import Delivery, EngineSettings, Visit
from vivace.tasks.errors import DeliveryLost, EngineUnavailable, QueueFull
from vivace.tasks.message import Message

logger = logging.getLogger("vivace.tasks")

#: Seconds that messages wait in one step. A longer wait is made of several: the longest that fits,
#: then the longest that fits into what is left. A worker sends what is early on to the next.
DELAYS = tuple(2.0**power for power in range(-2, 21))
#: What a queue does not refuse, and what it does not lose where it hands messages on.
SAFE = {"x-queue-type": "quorum", "x-overflow": "reject-publish"}
HANDS_ON = {**SAFE, "x-dead-letter-strategy": "at-least-once"}
#: The most messages that a queue of delays takes.
MOST_DELAYED = 1_000_000


class RabbitMQEngine:
    """Keeps tasks in RabbitMQ 3.10 or later.

    Args:
        url: Its address.
        settings: What the kit says.
    """

    knows_keys = False

    def __init__(self, url: str, settings: EngineSettings) -> None:
        self._url = url
        self._settings = settings
        self._start = f"vivace.{settings.name}"
        self._broker: AioPikaBroker | None = None
        self._channel: AbstractRobustChannel | None = None
        self._taken: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        #: The exchanges of delays that have been declared.
        self._delays: dict[float, Any] = {}
        self._lock: Any = None
        self._workers = 0
        self._consumed: dict[str, Any] = {}

    def _make_broker(self) -> AioPikaBroker:
        arguments: Any = {**HANDS_ON, "x-max-length": self._settings.most_waiting}
        return AioPikaBroker(
            self._url,
            exchange=Exchange(name=self._start, type=ExchangeType.DIRECT),
            task_queues=[
                Queue(name=self._queue(queue), type=QueueType.QUORUM, arguments=arguments)
                for queue in self._settings.queues
            ],
            dead_letter_queue=Queue(
                name=f"{self._start}.dead",
                type=QueueType.QUORUM,
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
        except EngineUnavailable:
            await self.close()
            raise

    async def _consume(self, queues: Sequence[str]) -> None:
        """Begin to take from ``queues``; the broker goes on after each time it connects again."""
        assert self._broker is not None and self._broker.read_channel is not None
        channel = self._broker.read_channel
        await channel.set_qos(prefetch_count=self._workers)
        for queue in queues:
            if queue not in self._consumed:
                found = await channel.get_queue(self._queue(queue), ensure=True)
                self._consumed[queue] = await found.consume(self._taken.put)

    async def close(self) -> None:
        broker, self._broker = self._broker, None
        if broker is None:
            return
        with suppress(Exception):
            async with asyncio.timeout(5):
                await broker.shutdown()
        # What has not come so far as to be closed by it.
        for connection in (broker.write_conn, broker.read_conn):
            if connection is not None and not connection.is_closed:
                with suppress(Exception):
                    async with asyncio.timeout(1):
                        await connection.close()
        self._delays.clear()
        self._consumed.clear()
        self._channel = self._lock = None

    async def put(self, message: Message, *, key: str | None = None) -> None:
        if key is not None:
            raise ValueError("RabbitMQ knows no keys. Leave key= out, or take Redis or NATS.")
        await self.publish(message)

    async def publish(self, message: Message) -> None:
        """Have a message wait in its queue, or first in one of a delay."""
        with unavailable(message.queue):
            async with asyncio.timeout(self._settings.timeout):
                exchange = await self._exchange(message.wait)
                await exchange.publish(
                    _amqp(message), routing_key=self._queue(message.queue), mandatory=True
                )

    async def _exchange(self, wait: float) -> Any:
        """What messages that wait so long are sent to."""
        delay = max((delay for delay in DELAYS if delay <= wait), default=0.0)
        channel = self._open_channel()
        if not delay:
            return await channel.get_exchange(self._start, ensure=False)
        if delay not in self._delays:
            name = f"{self._start}.delay.{round(delay * 1000)}"
            # All that comes here goes into one queue, and keeps the name of its own.
            exchange = await channel.declare_exchange(name, ExchangeType.FANOUT, durable=True)
            queue = await channel.declare_queue(
                name,
                durable=True,
                arguments={
                    **HANDS_ON,
                    "x-message-ttl": round(delay * 1000),
                    "x-max-length": MOST_DELAYED,
                    "x-dead-letter-exchange": self._start,
                },
            )
            await queue.bind(exchange)
            self._delays[delay] = exchange
        return self._delays[delay]

    async def bury(self, message: Message) -> None:
        """Put a message among the dead letters."""
        with unavailable():
            async with asyncio.timeout(self._settings.timeout):
                await self._open_channel().default_exchange.publish(
                    _amqp(message), routing_key=f"{self._start}.dead", mandatory=True
                )

    def _open_channel(self) -> AbstractRobustChannel:
        if self._channel is None:
            raise EngineUnavailable("It is not connected.")
        return self._channel

    async def take(self, queues: Sequence[str], most: int, wait: float) -> list[Delivery]:
        if len(self._consumed) < len(queues):
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

    def _add(self, found: list[Delivery], message: AbstractIncomingMessage) -> None:
        # What came over a connection that has ended comes again.
        if not message.channel.is_closed:
            found.append(RabbitMQDelivery(self, message))

    async def visit_dead(self, visit: Visit, most: int) -> None:
        assert self._broker is not None and self._broker.write_conn is not None
        with unavailable():
            channel = await self._broker.write_conn.channel()
            try:
                queue = await channel.get_queue(f"{self._start}.dead", ensure=False)
                for _ in range(most):
                    try:
                        letter = await queue.get(timeout=self._settings.timeout)
                    except QueueEmpty:
                        break
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
        # It is counted by quorum queues.
        count: Any = message.headers.get("x-delivery-count", 0)
        self.times = int(count) + 1

    async def renew(self) -> None:
        # The connection's heartbeat does so for all.
        if self._message.channel.is_closed:
            raise DeliveryLost

    async def done(self) -> None:
        try:
            await self._message.ack()
        except (AMQPError, ChannelInvalidStateError, RuntimeError, OSError) as error:
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
    except (AMQPError, ChannelInvalidStateError, RuntimeError, OSError, TimeoutError) as error:
        raise EngineUnavailable(repr(error)) from error


__all__ = ["RabbitMQEngine"]
