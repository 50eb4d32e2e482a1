"""What engines refuse, what they take nevertheless, and which dead letters they forget."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from vivace.tasks import QueueFull
from vivace.tasks.engines.choice import make_engine
from vivace.tasks.engines.protocol import Delivery, Engine
from vivace.tasks.message import Message

from .conftest import kinds, make_settings
from .processes import Place

pytestmark = [kinds(), pytest.mark.timeout(120)]


@asynccontextmanager
async def opened(place: Place, **changes: Any) -> AsyncIterator[Engine]:
    engine = make_engine(place.url, make_settings(place.name, **changes))
    await engine.open(workers=5)
    try:
        yield engine
    finally:
        await engine.close()


async def take(engine: Engine, most: int) -> list[Delivery]:
    taken: list[Delivery] = []
    async with asyncio.timeout(30):
        while len(taken) < most:
            taken += await engine.take(["default"], most - len(taken), 1.0)
    return taken


async def letters(engine: Engine) -> list[str]:
    found: list[str] = []

    async def note(message: Message) -> bool:
        found.append(message.id)
        return False

    await engine.visit_dead(note, 100)
    return found


def test_of_too_many_dead_letters_the_oldest_go(place: Place) -> None:
    async def bury() -> None:
        async with opened(place, most_dead=3) as engine:
            said: list[bool] = []
            for number in range(5):
                await engine.put(Message(str(number), "work"))
                [taken] = await take(engine, 1)
                said.append(await taken.bury(Message(str(number), "work")))
            assert said == [False, False, True, True, True]
            assert await letters(engine) == ["2", "3", "4"]

    asyncio.run(bury())


def test_dead_letters_go_after_a_time(place: Place) -> None:
    async def bury() -> None:
        async with opened(place, keep_dead=2.0) as engine:
            await engine.put(Message("1", "work"))
            [taken] = await take(engine, 1)
            await taken.bury(Message("1", "work"))
            assert await letters(engine) == ["1"]
            async with asyncio.timeout(30):
                while await letters(engine):  # noqa: ASYNC110 - an engine has no events
                    await asyncio.sleep(0.2)

    asyncio.run(bury())


def test_what_was_taken_goes_back_though_the_queue_is_full(place: Place) -> None:
    async def fill(engine: Engine, first: int) -> set[str]:
        accepted: set[str] = set()
        for number in range(first, first + 100):
            try:
                await engine.put(Message(str(number), "work"))
            except QueueFull:
                return accepted
            accepted.add(str(number))
        raise AssertionError("The queue has no end.")

    async def work() -> None:
        async with opened(place, most_waiting=5) as engine:
            accepted = await fill(engine, 0)
            taken = await take(engine, 2)
            accepted |= await fill(engine, 100)
            for delivery in taken:
                await delivery.replace(Message.decode(delivery.body))
            async with asyncio.timeout(60):
                while accepted:
                    [delivery] = await take(engine, 1)
                    await delivery.done()
                    accepted.discard(Message.decode(delivery.body).id)

    asyncio.run(work())
