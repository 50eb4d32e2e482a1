"""Drivers are waited for so long, and no longer."""

from __future__ import annotations

import asyncio

import pytest

from vivace.waiting import end, within

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def swallow(times: int) -> str:
    """What some drivers do when they are cancelled."""
    for _ in range(times):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue
    return "ended"


async def test_what_is_returned_or_raised_in_time_comes_out() -> None:
    async def fail() -> None:
        raise KeyError("wrong")

    assert await within(60, asyncio.sleep(0, "right")) == "right"
    with pytest.raises(KeyError, match="wrong"):
        await within(60, fail())


@pytest.mark.parametrize("times", [1, 2])
async def test_nobody_waits_for_what_swallows_that_it_is_cancelled(times: int) -> None:
    asked = asyncio.create_task(swallow(times))
    with pytest.raises(TimeoutError):
        await within(0.001, asked)
    await end(asked)
    assert asked.result() == "ended"


async def test_who_is_cancelled_goes_on_at_once() -> None:
    asked = asyncio.create_task(swallow(2))
    waiting = asyncio.create_task(within(60, asked))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await end(asked)
