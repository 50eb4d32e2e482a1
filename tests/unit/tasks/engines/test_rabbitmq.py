from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from vivace.tasks.engines.rabbitmq import RabbitMQEngine

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
