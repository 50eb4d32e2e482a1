"""Tasks in NATS: a JetStream stream, with what taskiq's broker for it lacks.

The broker connects and makes the stream. Beyond that, each queue has a subject and a consumer of
its own; a task belongs to its worker for as long as the worker reports; acknowledgements are
confirmed; and tasks that are not due wait under a subject of their own, from which workers move
them on.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from time import monotonic
from typing import Any
from uuid import uuid4

from nats.aio.msg import Msg
from nats.errors import Error as NatsError, MsgAlreadyAckdError
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

from vivace.tasks.engines.protocol import Delivery, EngineSettings, Visit
from vivace.tasks.errors import DeliveryLost, EngineUnavailable, QueueFull
from vivace.tasks.message import Message

logger = logging.getLogger("vivace.tasks")

#: The consumers of what is not due: names that no queue has, as they have 64 letters at most.
DELAYED, AGAIN = f"delayed-{'0' * 64}", f"again-{'0' * 64}"
#: What NATS answers where nothing has come in time.
NOTHING = ("404", "408")
#: Seconds in which NATS says whether there is something.
GLANCE = 0.005
#: Seconds for which one of several queues is waited for.
LOOK = 0.1
#: Seconds that a dead letter is kept.
DEAD_KEPT = 90 * 24 * 3600.0


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
            consumer_config=self._consumer(first, self._subject(first)),
            connect_timeout=settings.timeout,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.5,
            error_cb=note,
        )

    def _consumer(self, name: str, subject: str) -> ConsumerConfig:
        return ConsumerConfig(
            durable_name=name,
            filter_subject=subject,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=self._settings.lease,
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
        except EngineUnavailable:
            await self.close()
            raise
        if workers:
            for consumer in (DELAYED, AGAIN):
                self._movers.append(asyncio.create_task(self._move_due(consumer)))

    async def _make_streams(self, broker: PullBasedJetStreamBroker) -> None:
        try:
            # One that was made with other settings gets these.
            await broker.js.update_stream(broker.stream_config)
        except APIError as error:
            logger.warning("NATS keeps the former settings of %s: %s", self._stream, error)
        consumers = {queue: self._subject(queue) for queue in self._settings.queues}
        for name, subject in {**consumers, DELAYED: self._delayed, AGAIN: self._again}.items():
            await broker.js.add_consumer(self._stream, self._consumer(name, subject))
        with suppress(APIError):  # It is there, maybe with other settings.
            await broker.js.add_stream(
                name=self._dead,
                subjects=[self._dead],
                storage=StorageType.FILE,
                num_replicas=self._settings.replicas,
                max_age=DEAD_KEPT,
            )

    async def close(self) -> None:
        for mover in self._movers:
            mover.cancel()
        await asyncio.gather(*self._movers, return_exceptions=True)
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
        """Have a message wait that was taken before."""
        # A new id each time: the server remembers those that were given of late.
        await self._publish(message, str(uuid4()), self._again)

    async def _publish(self, message: Message, once: str, delayed: str) -> None:
        """Have a message wait; nothing happens if ``once`` was given of late."""
        subject = delayed if message.wait else self._subject(message.queue)
        headers = {"Nats-Msg-Id": once}
        with unavailable(message.queue):
            await self._js.publish(
                subject,
                message.encode(),
                timeout=self._settings.timeout,
                stream=self._stream,
                headers=headers,
            )

    async def bury(self, message: Message) -> None:
        """Put a message among the dead letters."""
        with unavailable():
            await self._js.publish(self._dead, message.encode(), timeout=self._settings.timeout)

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
            await self._pull(queues[next(self._turns) % len(queues)], 1, left, found)
            if found:
                return found

    async def _pull(self, consumer: str, most: int, wait: float, found: list[Delivery]) -> None:
        """Add messages to those that were found, until there are ``most``; wait for the first."""
        try:
            while len(found) < most and (message := await self._next(consumer, wait)):
                found.append(NatsDelivery(self, message))
                wait = GLANCE
        except EngineUnavailable:
            # What has come is worked on.
            if not found:
                raise

    async def _next(self, consumer: str, wait: float) -> Msg | None:
        """A message; ``None``, if there is none in ``wait`` seconds."""
        if self._broker is None:
            raise EngineUnavailable("It is not connected.")
        # In nanoseconds. That there is nothing is not asked without any wait (`no_wait`): when
        # others ask as well, NATS 2.9 leaves some without an answer.
        request = {"batch": 1, "expires": max(1_000_000, int(wait * 1e9))}
        with unavailable():
            # The `fetch` of nats-py ends as NATS does: what comes at that time has to wait.
            answer: Msg = await self._broker.client.request(
                f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{consumer}",
                json.dumps(request).encode(),
                timeout=wait + self._settings.timeout,
                # The new style knows answers by their subject, which is that of the stream here.
                old_style=True,
            )
        status = (answer.headers or {}).get("Status")
        if status is None:
            return answer
        if status in NOTHING:
            return None
        raise EngineUnavailable(f"NATS says {status} {(answer.headers or {}).get('Description')}.")

    async def _move_due(self, consumer: str) -> None:
        """Have tasks run that have become due, until this is cancelled."""
        while True:
            try:
                if waiting := await self._next(consumer, 1.0):
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

    async def bury(self, message: Message) -> None:
        await self._engine.bury(message)
        await self.done()


async def note(error: Exception) -> None:
    """What nats-py reports, for whoever looks for it."""
    # While it is away, nats-py reports each of its attempts.
    logger.debug("NATS: %r", error)


@contextmanager
def unavailable(queue: str = "") -> Iterator[None]:
    """What is raised when NATS is away, as :class:`EngineUnavailable`."""
    try:
        yield
    except APIError as error:
        # "maximum messages exceeded".
        if error.err_code == 10077:
            raise QueueFull(f"The queue {queue} takes no more.") from error
        raise EngineUnavailable(repr(error)) from error
    except (NatsError, OSError, TimeoutError) as error:
        raise EngineUnavailable(repr(error)) from error


__all__ = ["NatsEngine", "note", "unavailable"]
