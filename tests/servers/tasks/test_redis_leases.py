"""Tasks that wait in Redis, and whose workers do not report any more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from vivace.tasks.engines.protocol import Delivery
from vivace.tasks.engines.redis import RedisEngine
from vivace.tasks.message import Message

from .conftest import make_settings, shared_place
from .processes import Place

pytestmark = [pytest.mark.xdist_group("tasks-redis"), pytest.mark.timeout(60)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with shared_place("redis", tmp_path) as found:
        yield found


def test_an_abandoned_task_is_found_behind_many_that_are_not(place: Place) -> None:
    settings = make_settings(place.name, lease=1.0)

    async def find() -> list[Delivery]:
        busy, free = RedisEngine(place.url, settings), RedisEngine(place.url, settings)
        await busy.open(workers=50)
        await free.open(workers=1)
        try:
            for number in range(50):
                await busy.put(Message(str(number), "work"))
            *held, _abandoned = await busy.take(["default"], 50, 1.0)
            assert len(held) == 49
            for _ in range(30):
                for delivery in held:
                    await delivery.renew()
                # There is room for one at a time, and few are looked at for one.
                if found := await free.take(["default"], 1, 0.1):
                    return found
            return []
        finally:
            await busy.close()
            await free.close()

    [found] = asyncio.run(find())
    assert found.is_again
    assert Message.decode(found.body).id == "49"
