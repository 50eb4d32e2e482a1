"""Quorum queues, on one node: more are not to be had here."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from vivace.tasks.engines.protocol import Delivery
from vivace.tasks.engines.rabbitmq import RabbitMQEngine
from vivace.tasks.message import Message

from .conftest import make_settings, shared_place
from .processes import Place

pytestmark = [pytest.mark.xdist_group("tasks-rabbitmq"), pytest.mark.timeout(60)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with shared_place("rabbitmq", tmp_path) as found:
        yield found


def test_a_task_waits_and_comes_again_in_queues_with_replicas(place: Place) -> None:
    async def take(engine: RabbitMQEngine) -> Delivery:
        async with asyncio.timeout(20):
            while not (found := await engine.take(["default"], 1, 1.0)):
                pass
        [delivery] = found
        return delivery

    async def work() -> None:
        engine = RabbitMQEngine(place.url, make_settings(place.name, replicas=3))
        await engine.open(workers=1)
        try:
            await engine.put(Message("1", "work"))
            first = await take(engine)
            await first.replace(Message("1", "work", attempt=2).again(0.5))
            second = await take(engine)
            assert Message.decode(second.body).attempt == 2
            await second.release()
            third = await take(engine)
            assert third.is_again and third.body == second.body
            assert not await third.bury(Message.decode(third.body))
        finally:
            await engine.close()

    asyncio.run(work())
