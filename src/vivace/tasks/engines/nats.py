"""Tasks in NATS: a JetStream stream, with what taskiq's broker for it lacks.

The broker connects and makes the stream. Beyond that, each queue has a subject and a consumer of
its own; a task belongs to its worker for as long as the worker reports; acknowledgements are
confirmed; and tasks that are not due wait under a subject of their own, from which workers move
them on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from time import monotonic
from typing import Any
from uuid import uuid4

from nats.aio.msg import Msg
from nats.errors import MsgAlreadyAckdError
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import APIError, NotFoundError
from taskiq_nats import PullBasedJetStreamBroker

from vivace.tasks.engines.nats_answers import fetch, note, unavailable
from vivace.tasks.engines.protocol import Delivery, EngineSettings, Visit
from vivace.tasks.errors import DeliveryLost, EngineUnavailable, QueueFull
from vivace.tasks.message import Message
from vivace.waiting import end

logger = logging.getLogger("vivace.tasks")

#: The consumers of what is not due: names that no queue has, as they have 64 letters at most.
DELAYED, AGAIN = f"delayed-{'0' * 64}", f"again-{'0' * 64}"
#: Seconds in which NATS says whether there is something.
GLANCE = 0.005
#: Seconds for which one of several queues is waited for.
LOOK = 0.1
#: Seconds after which a task is moved on by another, at most. NATS 2.9 may lose sight of one that
#: is to come again just when what asks for it has run out; it comes after that time then.
MOVING = 5.0
#: How many tasks that are not due are looked at at once.
MOST_MOVED = 50


class NatsEngine:
    """Keeps tasks in JetStream, of NATS 2.9 or later.

    Args:
        url: Its address, or several, with commas between them.
        settings: What the kit says.
    """

    knows_keys = True

    def __init__(self, url: str, settings: EngineSettings) -> None:
        self._servers = [part.strip() for part in url.split(",")]
        self._settings = settings
        self._stream = f"vivace_{settings.name}"
        self._dead = f"{self._stream}_dead"
        self._broker: PullBasedJetStreamBroker | None = None
        #: Which of several queues is waited for.
        self._turns = count()
        self._movers: list[asyncio.Task[None]] = []

    def _subject(self, queue: str) -> str:
        return f"{self._stream}.queue.{queue}"

    @property
    def _delayed(self) -> str:
        return f"{self._stream}.delayed"

    @property
    def _again(self) -> str:
        """What is tried again waits here, where nothing that is sent takes its room."""
        return f"{self._stream}.again"

    def _make_broker(self) -> PullBasedJetStreamBroker:
        settings = self._settings
        first = settings.queues[0]
        return PullBasedJetStreamBroker(
            self._servers,
            subject=self._subject(first),
            stream_name=self._stream,
            durable=first,
            stream_config=StreamConfig(
                name=self._stream,
                subjects=[self._subject("*"), self._delayed, self._again],
                retention=RetentionPolicy.WORK_QUEUE,
                storage=StorageType.FILE,
                num_replicas=settings.replicas,
                # What does not fit is refused, instead of pushing out what was accepted.
                discard=DiscardPolicy.NEW,
                discard_new_per_subject=True,
                max_msgs_per_subject=settings.most_waiting,
                duplicate_window=settings.remember_keys,
            ),
            consumer_config=self._consumer(first, self._subject(first), settings.lease),
            connect_timeout=settings.timeout,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.5,
            error_cb=note,
        )

    def _consumer(self, name: str, subject: str, lease: float) -> ConsumerConfig:
        return ConsumerConfig(
            durable_name=name,
            filter_subject=subject,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=lease,
            max_deliver=-1,
            max_ack_pending=-1,
        )

    async def open(self, *, workers: int = 0) -> None:
        broker = self._broker = self._make_broker()
        try:
            with unavailable():
                async with asyncio.timeout(self._settings.timeout):
                    await broker.startup()
                    await self._make_streams(broker)
        except BaseException:
            # Or it would go on to connect.
            await self.close()
            raise
        if workers:
            for consumer in (DELAYED, AGAIN):
                self._movers.append(asyncio.create_task(self._move_due(consumer)))

    async def _make_streams(self, broker: PullBasedJetStreamBroker) -> None:
        await self._change(broker.js, broker.stream_config)
        lease = self._settings.lease
        consumers = {queue: (self._subject(queue), lease) for queue in self._settings.queues}
        for name, subject in ((DELAYED, self._delayed), (AGAIN, self._again)):
            consumers[name] = subject, min(MOVING, lease)
        for name, (subject, seconds) in consumers.items():
            config = self._consumer(name, subject, seconds)
            await broker.js.add_consumer(self._stream, config)
        dead = StreamConfig(
            name=self._dead,
            subjects=[self._dead],
            storage=StorageType.FILE,
            num_replicas=self._settings.replicas,
            max_msgs=self._settings.most_dead,
            max_age=self._settings.keep_dead,
            duplicate_window=min(120.0, self._settings.keep_dead),
        )
        try:
            await broker.js.add_stream(dead)
        except APIError:
            await self._change(broker.js, dead)

    async def _change(self, js: JetStreamContext, config: StreamConfig) -> None:
        """Have a stream that was made with other settings get these."""
        try:
            await js.update_stream(config)
        except APIError as error:
            logger.warning("NATS keeps the former settings of %s: %s", config.name, error)

    async def close(self) -> None:
        for mover in self._movers:
            await end(mover)
        self._movers.clear()
        broker, self._broker = self._broker, None
        if broker is not None:
            with suppress(Exception):
                async with asyncio.timeout(5):
                    await broker.shutdown()

    @property
    def _js(self) -> Any:
        if self._broker is None:
            raise EngineUnavailable("It is not connected.")
        return self._broker.js

    async def put(self, message: Message, *, key: str | None = None) -> None:
        # Whatever is sent again as its confirmation was lost is known by its id.
        once = f"{message.id}:{message.sent}" if key is None else key
        await self._publish(message, once, self._delayed)

    async def put_again(self, message: Message) -> None:
        """Have a message wait that was taken before, also where there is no room for another."""
        # A new id each time: the server remembers those that were given of late.
        try:
            await self._publish(message, str(uuid4()), self._again)
        except QueueFull:
            # Or workers would wait for room that only they can make.
            await self._publish_to(self._again, message, str(uuid4()))

    async def _publish(self, message: Message, once: str, delayed: str) -> None:
        """Have a message wait; nothing happens if ``once`` was given of late."""
        subject = delayed if message.wait else self._subject(message.queue)
        await self._publish_to(subject, message, once)

    async def _publish_to(self, subject: str, message: Message, once: str) -> None:
        headers = {"Nats-Msg-Id": once}
        with unavailable(message.queue):
            await self._js.publish(
                subject,
                message.encode(),
                timeout=self._settings.timeout,
                stream=self._stream,
                headers=headers,
            )

    async def bury(self, message: Message) -> bool:
        """Put a message among the dead letters; whether there are as many as may be."""
        with unavailable():
            await self._js.publish(self._dead, message.encode(), timeout=self._settings.timeout)
        try:
            with unavailable():
                found = await self._js.stream_info(self._dead)
        except EngineUnavailable:
            return False
        is_full: bool = found.state.messages >= self._settings.most_dead
        return is_full

    async def take(self, queues: Sequence[str], most: int, wait: float) -> list[Delivery]:
        deadline = monotonic() + wait
        while True:
            found: list[Delivery] = []
            for queue in queues:
                await self._pull(queue, most, GLANCE, found)
            left = deadline - monotonic()
            if found or left <= 0:
                return found
            if len(queues) > 1:
                # One can be waited for at a time: each of several for a moment.
                left = min(LOOK, left)
            # For one alone: NATS would wait until it has all that it is asked for.
            await self._pull(queues[next(self._turns) % len(queues)], 1, left, found)
            if found:
                return found

    async def _pull(self, consumer: str, most: int, wait: float, found: list[Delivery]) -> None:
        """Add messages to those that were found, until there are ``most``."""
        if len(found) == most:
            return
        try:
            messages = await self._fetch(consumer, most - len(found), wait)
        except EngineUnavailable:
            # What has come of another queue is worked on.
            if found:
                return
            raise
        found += [NatsDelivery(self, message) for message in messages]

    async def _fetch(self, consumer: str, most: int, wait: float) -> list[Msg]:
        if self._broker is None:
            raise EngineUnavailable("It is not connected.")
        place = f"{self._stream}.{consumer}"
        return await fetch(self._broker.client, place, most, wait, self._settings.timeout)

    async def _move_due(self, consumer: str) -> None:
        """Have tasks run that have become due, until this is cancelled."""
        while True:
            try:
                # One as soon as it comes, and those that have come with it.
                for most, wait in ((1, 1.0), (MOST_MOVED, GLANCE)):
                    for waiting in await self._fetch(consumer, most, wait):
                        await self._move(waiting)
            except EngineUnavailable:
                await asyncio.sleep(1)
            except Exception:
                logger.exception("Tasks that are due could not be moved on.")
                await asyncio.sleep(1)

    async def _move(self, waiting: Msg) -> None:
        try:
            message = Message.decode(waiting.data)
        except ValueError:
            # A worker puts it among the dead letters.
            first = self._subject(self._settings.queues[0])
            with unavailable():
                await self._js.publish(first, waiting.data, timeout=self._settings.timeout)
        else:
            if message.wait > 0:
                # It comes again at that time, or a little earlier if the server is started again.
                await waiting.nak(delay=message.wait)
                return
            once = f"{message.id}:{message.attempt}:{message.due}"
            await self._publish(message.again(0), once, self._delayed)
        with unavailable():
            await waiting.ack_sync(self._settings.timeout)

    def wake(self) -> None: ...

    async def stop_taking(self) -> None: ...

    async def visit_dead(self, visit: Visit, most: int) -> None:
        with unavailable():
            last = (await self._js.stream_info(self._dead)).state.last_seq
        sequence = 0
        for _ in range(most):
            with unavailable():
                try:
                    letter = await self._js.get_msg(
                        self._dead, sequence + 1, subject=self._dead, next=True
                    )
                except NotFoundError:
                    return
            sequence = letter.seq
            # What has been sent again may be back by now.
            if sequence > last:
                return
            if await visit(Message.decode(letter.data)):
                with unavailable():
                    await self._js.delete_msg(self._dead, sequence)

    async def may_schedule(self) -> bool:
        return True

    @property
    def timeout(self) -> float:
        """Seconds that NATS may take to answer."""
        return self._settings.timeout


class NatsDelivery:
    """A message that has not been acknowledged."""

    def __init__(self, engine: NatsEngine, message: Msg) -> None:
        self._engine = engine
        self._message = message
        self.body = message.data
        self.is_again = message.metadata.num_delivered > 1

    async def renew(self) -> None:
        with unavailable():
            await self._message.in_progress()

    async def done(self) -> None:
        with unavailable():
            try:
                await self._message.ack_sync(self._engine.timeout)
            except MsgAlreadyAckdError as error:
                raise DeliveryLost from error

    async def replace(self, message: Message) -> None:
        await self._engine.put_again(message)
        await self.done()

    async def bury(self, message: Message) -> bool:
        is_full = await self._engine.bury(message)
        await self.done()
        return is_full

    async def release(self) -> None:
        """Nothing: it comes again when this worker has not reported for long enough."""


__all__ = ["NatsEngine"]
