from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from vivace import Vivace
from vivace.tasks import Tasks
from vivace.tasks.worker import NoTasks, find_tasks, started

pytestmark = pytest.mark.anyio

URL = "amqp://localhost"


def test_tasks_are_found_by_themselves_and_by_their_app() -> None:
    tasks = Tasks(URL)
    app, outer = Vivace(), Vivace()
    tasks.install(app)
    outer.mount("/inner", app)
    outer.mount("/again", app)
    assert find_tasks(tasks) is find_tasks(app) is find_tasks(outer) is tasks


def test_what_a_worker_cannot_run_is_said() -> None:
    app = Vivace()
    with pytest.raises(NoTasks, match="no tasks installed"):
        find_tasks(app)
    for _ in range(2):
        Tasks(URL).install(app)
    with pytest.raises(NoTasks, match="several kits"):
        find_tasks(app)
    with pytest.raises(NoTasks, match="Give them an engine"):
        find_tasks(Tasks())


async def test_an_app_is_started_and_stopped_as_a_server_does() -> None:
    events: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        events.append("start")
        yield
        events.append("stop")

    async with started(Vivace(lifespan=lifespan)):
        assert events == ["start"]
    assert events == ["start", "stop"]


async def test_an_app_that_cannot_start_says_why() -> None:
    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        raise ValueError("no database")
        yield

    with pytest.raises(RuntimeError, match="no database"):
        async with started(Vivace(lifespan=lifespan)):
            raise AssertionError
