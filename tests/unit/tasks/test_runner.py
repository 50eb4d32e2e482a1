from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from vivace.tasks import EngineUnavailable, Tasks
from vivace.tasks.engines.memory import MemoryEngine
from vivace.tasks.message import Message
from vivace.tasks.runner import Runner

from .conftest import settings, until

pytestmark = pytest.mark.anyio


class Room:
    """A task that waits until it may go on, and how many are in it."""

    def __init__(self, tasks: Tasks) -> None:
        self.open = asyncio.Event()
        self.inside = self.most = self.done = 0
        tasks.task(name="enter")(self.enter)

    async def enter(self) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await self.open.wait()
            self.done += 1
        finally:
            self.inside -= 1

    async def wait(self, inside: int) -> None:
        await until(lambda: self.inside == inside)


@asynccontextmanager
async def running(
    engine: Any, tasks: Tasks, *, grace: float = 5, drains: bool = False
) -> AsyncIterator[Runner]:
    runner = Runner(engine, tasks.make_attempts(), queues=["default"], concurrency=2, lease=30)
    work = asyncio.create_task(runner.run(grace=grace, drains=drains))
    try:
        yield runner
    finally:
        runner.stop()
        await work


async def fill(engine: MemoryEngine, number: int) -> None:
    for index in range(number):
        await engine.put(Message(str(index), "enter"))


async def test_no_more_run_at_once_than_may(tasks: Tasks, engine: MemoryEngine) -> None:
    room = Room(tasks)
    await fill(engine, 5)
    async with running(engine, tasks, drains=True):
        await room.wait(2)
        assert engine.waiting == 3
        room.open.set()
    assert (room.most, room.done) == (2, 5)


async def test_who_stops_takes_no_more_and_ends_what_runs(
    tasks: Tasks, engine: MemoryEngine
) -> None:
    room = Room(tasks)
    await fill(engine, 3)
    async with running(engine, tasks) as runner:
        await room.wait(2)
        runner.stop()
        room.open.set()
    assert room.done == 2 and engine.waiting == 1


async def test_what_does_not_end_in_time_goes_back(tasks: Tasks, engine: MemoryEngine) -> None:
    room = Room(tasks)
    await fill(engine, 2)
    async with running(engine, tasks, grace=0.01):
        await room.wait(2)
    assert (room.inside, room.done, engine.waiting) == (0, 0, 2)


async def test_what_is_at_work_is_not_begun_again(tasks: Tasks, engine: MemoryEngine) -> None:
    room = Room(tasks)
    await fill(engine, 1)
    async with running(engine, tasks):
        await room.wait(1)
        await fill(engine, 1)
        await until(lambda: not engine.waiting)
        assert room.inside == 1
        room.open.set()
    assert room.done == 1


class Flaky(MemoryEngine):
    """An engine that fails now and then."""

    def __init__(self) -> None:
        super().__init__(settings())
        self.errors: list[Exception] = []

    async def take(self, *args: Any) -> Any:
        if self.errors:
            raise self.errors.pop()
        return await super().take(*args)


@pytest.mark.parametrize("error", [EngineUnavailable("away"), ValueError("a fault")])
async def test_an_engine_that_fails_ends_no_worker(
    tasks: Tasks,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("vivace.tasks.runner.LONGEST_PAUSE", 0.01)
    room = Room(tasks)
    room.open.set()
    engine = Flaky()
    engine.errors = [error, error]
    await fill(engine, 1)
    async with running(engine, tasks):
        await until(lambda: room.done)
    assert not engine.errors
    if isinstance(error, EngineUnavailable):
        assert caplog.text.count("out of reach") == 1 and "reached again" in caplog.text
    else:
        assert "could not be taken" in caplog.text
