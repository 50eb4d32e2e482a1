from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident

import anyio
import anyio.to_thread
import pytest

from vivace.concurrency import contextmanager_in_threadpool

pytestmark = pytest.mark.anyio


@contextmanager
def resource(log: list[str], swallow: bool = False) -> Iterator[int]:
    log.append("enter")
    try:
        yield get_ident()
    except ValueError:
        log.append("error")
        if not swallow:
            raise
    finally:
        log.append(f"exit {get_ident()}")


async def test_it_is_entered_and_left_in_workers() -> None:
    log: list[str] = []
    async with contextmanager_in_threadpool(resource(log)) as thread:
        assert thread != get_ident()
        assert log == ["enter"]
    assert log[1].startswith("exit")
    assert log[1] != f"exit {get_ident()}"


@pytest.mark.parametrize("swallow", [False, True])
async def test_the_body_s_exception_reaches_it(swallow: bool) -> None:
    log: list[str] = []
    error = ValueError()
    caught: list[BaseException] = []
    try:
        async with contextmanager_in_threadpool(resource(log, swallow)):
            raise error
    except ValueError as raised:
        caught.append(raised)
    assert caught == ([] if swallow else [error])
    assert log[1] == "error"


async def test_it_is_left_when_the_task_is_cancelled() -> None:
    log: list[str] = []
    with anyio.CancelScope() as scope:
        async with contextmanager_in_threadpool(resource(log)):
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert len(log) == 2


async def test_leaving_it_takes_no_thread_of_the_pool() -> None:
    log: list[str] = []
    limiter = anyio.to_thread.current_default_thread_limiter()
    total = limiter.total_tokens
    limiter.total_tokens = 1
    try:
        with anyio.fail_after(5):
            async with contextmanager_in_threadpool(resource(log)):
                await limiter.acquire()
    finally:
        limiter.release()
        limiter.total_tokens = total
    assert len(log) == 2
