from __future__ import annotations

from typing import Any

import anyio
import pytest

from vivace.runtime.background import RUNNING, BackgroundJobs, run_background
from vivace.runtime.errors import HANDLERS

pytestmark = pytest.mark.anyio


class Work:
    """A task that takes a while."""

    def __init__(self) -> None:
        self.goes_on = anyio.Event()
        self.started = anyio.Event()
        self.is_done = False

    async def __call__(self) -> None:
        self.started.set()
        await self.goes_on.wait()
        self.is_done = True


async def cancel_during(work: Work, scope: dict[str, Any]) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(run_background, work, scope)
        await work.started.wait()
        group.cancel_scope.cancel()
        work.goes_on.set()


async def test_it_is_waited_for() -> None:
    work = Work()
    work.goes_on.set()
    await run_background(work, {RUNNING: BackgroundJobs()})
    assert work.is_done


async def test_it_goes_on_though_the_request_is_cancelled() -> None:
    work, jobs = Work(), BackgroundJobs()
    await cancel_during(work, {RUNNING: jobs})
    await jobs.finish()
    assert work.is_done


async def test_an_app_may_say_otherwise() -> None:
    for scope in ({}, {RUNNING: None}):
        work = Work()
        await cancel_during(work, scope)
        assert not work.is_done


async def test_what_it_raises_is_raised() -> None:
    async def fail() -> None:
        raise LookupError

    for scope in ({}, {RUNNING: BackgroundJobs()}):
        with pytest.raises(LookupError):
            await run_background(fail, scope)


async def test_a_handler_cannot_answer_it_any_more() -> None:
    async def fail() -> None:
        raise LookupError

    scope: dict[str, Any] = {HANDLERS: ({LookupError: lambda request, error: None}, {})}
    with pytest.raises(RuntimeError, match="response already started") as raised:
        await run_background(fail, scope)
    assert isinstance(raised.value.__cause__, LookupError)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_stopping_waits_for_those_that_others_start_too() -> None:
    jobs, log = BackgroundJobs(), []

    async def first() -> None:
        await anyio.sleep(0.001)
        jobs.start(second)
        log.append("first")

    async def second() -> None:
        await anyio.sleep(0.001)
        log.append("second")

    jobs.start(first)
    await jobs.finish()
    assert log == ["first", "second"]
    await jobs.finish()
