from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from pamqp import decode, encode

from vivace.tasks.engines import rabbitmq
from vivace.tasks.engines.rabbitmq import RabbitMQEngine
from vivace.tasks.message import Message

from ..conftest import settings

pytestmark = pytest.mark.anyio


class Held:
    """A message that waits for its time."""

    def __init__(self) -> None:
        self.headers: dict[str, Any] = {}
        self.channel = SimpleNamespace(is_closed=False)
        self.told: list[str] = []

    async def ack(self) -> None:
        self.told.append("ack")

    async def reject(self, *, requeue: bool) -> None:
        assert requeue
        self.told.append("reject")


@pytest.mark.parametrize("error", [asyncio.CancelledError(), KeyError("no")])
async def test_what_could_not_be_moved_on_is_given_back(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine: Any = RabbitMQEngine("amqp://localhost", settings())

    async def fail(_: Any) -> None:
        # As when the connection that it is sent over ends, and not that which it has come by.
        raise error

    monkeypatch.setattr(engine, "_send_on", fail)
    held = Held()
    with pytest.raises(type(error)):
        await engine._hold(0.25, held)
    assert held.told == ["reject"]


@pytest.mark.parametrize("ahead", [0.0, 40.0, 80.0])
async def test_a_message_is_held_from_when_it_came(
    ahead: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, pauses = 1_796_000_000.25 + ahead, list[float]()
    monkeypatch.setattr(rabbitmq, "time", lambda: sent)
    headers: Any = rabbitmq._amqp(Message(id="1", task="t")).headers
    held = Held()
    held.headers = decode.field_table(encode.field_table(headers))[1]
    engine: Any = RabbitMQEngine("amqp://localhost", settings())

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async def send_on(_: Any) -> None: ...

    monkeypatch.setattr(engine, "_send_on", send_on)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(rabbitmq, "time", lambda: sent + 3)
    await engine._hold(8.0, held)
    assert pauses == [pytest.approx(5.0, abs=0.001)]
    # However far the clock of whoever has sent it is ahead.
    monkeypatch.setattr(rabbitmq, "time", lambda: sent - 3)
    await engine._hold(8.0, held)
    assert pauses[1:] == [8.0]
