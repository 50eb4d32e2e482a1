from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
from aio_pika.exceptions import ChannelInvalidStateError
from pamqp import decode, encode

from vivace.tasks import QueueFull
from vivace.tasks.engines.rabbitmq import RabbitMQDelivery, RabbitMQEngine
from vivace.tasks.engines.rabbitmq_delays import SINCE
from vivace.tasks.errors import DeliveryLost
from vivace.tasks.message import Message

from ..conftest import settings

pytestmark = pytest.mark.anyio


class Came:
    """A message that has come by a channel, which may be closed by now."""

    redelivered = False

    def __init__(self, id: str, *, is_over: bool = False) -> None:
        self.body = Message(id, "work").encode()
        self.is_over = is_over

    @property
    def channel(self) -> Any:
        if self.is_over:
            # As aio-pika does, which gives no channel that is closed.
            raise ChannelInvalidStateError
        return SimpleNamespace(is_closed=False)


@pytest.fixture
def engine() -> Any:
    return RabbitMQEngine("amqp://localhost", settings())


async def test_the_time_that_a_message_waits_from_is_the_same_when_it_comes(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []

    async def publish(message: Any, _: str) -> None:
        sent.append(message)

    monkeypatch.setattr(engine, "_publish", publish)
    before = time.time()
    await engine.publish(Message("1", "work").again(10))
    # As AMQP has it: what is exact here need not be so there.
    _, headers = decode.field_table(encode.field_table(sent[0].headers))
    since: Any = headers[SINCE]
    assert before - 0.001 <= since / 1000 <= time.time() + 0.001


async def test_what_came_by_a_channel_that_is_closed_costs_nothing_else(engine: Any) -> None:
    engine._consumers = [("default", "tag")]
    for place, message in enumerate([Came("1"), Came("2", is_over=True), Came("3")]):
        await engine._note(place, message)
    taken = await engine.take(["default"], 10, 1)
    assert [Message.decode(one.body).id for one in taken] == ["1", "3"]


async def test_what_is_said_of_a_task_whose_channel_is_closed_is_not_lost(engine: Any) -> None:
    came: Any = Came("1", is_over=True)
    delivery = RabbitMQDelivery(engine, came)
    message = Message("1", "work", attempt=2)
    for tell in (delivery.renew(), delivery.replace(message), delivery.bury(message)):
        # It is told when the task comes again.
        with pytest.raises(DeliveryLost):
            await tell


async def test_what_was_taken_finds_room_where_no_other_does(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queues: list[str] = []

    async def publish(_: Any, queue: str) -> None:
        queues.append(queue)
        if "queue" in queue:
            raise QueueFull("full")

    monkeypatch.setattr(engine, "_publish", publish)
    with pytest.raises(QueueFull):
        await engine.put(Message("1", "work"))
    await engine.put_again(Message("2", "work"))
    assert queues[1:] == ["vivace.test.queue.default", "vivace.test.again"]
