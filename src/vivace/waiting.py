"""Waiting for drivers, for so long and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


async def within(seconds: float, asked: Awaitable[T]) -> T:
    """What ``asked`` returns.

    It runs in a task of its own, since a driver may swallow that it is cancelled, as the
    ``asyncio.wait_for`` of Python 3.11 does where an answer comes at the same time. Whoever waits
    here, and is cancelled, or has waited for so long, goes on at once.

    Raises:
        TimeoutError: It took longer.
    """
    task = asyncio.ensure_future(asked)
    try:
        done, _ = await asyncio.wait([task], timeout=seconds)
    except asyncio.CancelledError:
        _give_up(task)
        raise
    if not done:
        _give_up(task)
        raise TimeoutError(f"There was no answer within {seconds:g} seconds.")
    return task.result()


def _give_up(task: asyncio.Future[Any]) -> None:
    task.cancel()
    heed(task)


def heed(task: asyncio.Future[Any]) -> None:
    """Take note of how ``task`` ends, where its failure is no news to anybody."""
    task.add_done_callback(lambda task: task.cancelled() or task.exception())


async def end(task: asyncio.Future[Any]) -> None:
    """Cancel ``task``, as often as a driver swallows that it is, and wait until it has ended."""
    heed(task)
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.2)


__all__ = ["end", "heed", "within"]
