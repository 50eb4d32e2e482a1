"""Tasks that wait in Redis, and whose workers do not report any more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vivace.tasks.engines.redis import GROUP, RedisEngine
from vivace.tasks.message import Message

from .conftest import make_settings, shared_place
from .processes import Place

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with shared_place("redis", tmp_path) as found:
        yield found


def test_an_abandoned_task_is_found_behind_many_that_are_not(place: Place) -> None:
    settings = make_settings(place.name, lease=60.0)

    async def find() -> list[Any]:
        busy, free = RedisEngine(place.url, settings), RedisEngine(place.url, settings)
        await busy.open(workers=50)
        await free.open(workers=1)
        try:
            for number in range(50):
                await busy.put(Message(str(number), "work"))
            taken: list[Any] = await busy.take(["default"], 50, 1.0)
            assert len(taken) == 50
            # Nothing was heard of the last one for an hour, and of the others just now.
            stream, id, idle = taken[-1]._stream, taken[-1]._id, 3_600_000
            await busy._redis.xclaim(stream, GROUP, busy.consumer, 0, [id], idle=idle)
            # There is room for one at a time, and few are looked at for one.
            return await free.take(["default"], 1, 0.1)
        finally:
            await busy.close()
            await free.close()

    [found] = asyncio.run(find())
    assert found.is_again
    assert Message.decode(found.body).id == "49"
