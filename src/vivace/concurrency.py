"""Blocking code beside an event loop."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

import anyio.to_thread
from starlette.concurrency import (
    iterate_in_threadpool,
    run_in_threadpool,
    run_until_first_complete,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from contextlib import AbstractContextManager
    from types import TracebackType

T = TypeVar("T")


@asynccontextmanager
async def contextmanager_in_threadpool(
    manager: AbstractContextManager[T],
) -> AsyncGenerator[T, None]:
    """Enter and leave a synchronous context manager in worker threads.

    Whatever it has acquired is released, also when the task is cancelled: leaving is shielded
    from cancellation, which is delivered afterwards. An exception of the body reaches the
    manager, which may swallow it.
    """
    value = await run_in_threadpool(manager.__enter__)
    try:
        yield value
    except BaseException as error:
        if not await _leave(manager, type(error), error, error.__traceback__):
            raise
    else:
        await _leave(manager, None, None, None)


async def _leave(
    manager: AbstractContextManager[object],
    kind: type[BaseException] | None,
    error: BaseException | None,
    traceback: TracebackType | None,
) -> bool:
    # A thread of its own: those of the pool may all be held by calls that wait for what is
    # released here.
    swallowed: bool | None = False
    with anyio.CancelScope(shield=True):
        swallowed = await anyio.to_thread.run_sync(
            manager.__exit__, kind, error, traceback, limiter=anyio.CapacityLimiter(1)
        )
    return bool(swallowed)


__all__ = [
    "contextmanager_in_threadpool",
    "iterate_in_threadpool",
    "run_in_threadpool",
    "run_until_first_complete",
]
