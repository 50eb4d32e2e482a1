from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from vivace.per_loop import PerLoop


class Pool:
    """Says what has happened to it."""

    def __init__(self) -> None:
        self.is_closed = False

    async def close(self) -> None:
        await asyncio.sleep(0)
        assert not self.is_closed
        self.is_closed = True


async def get_twice(pools: PerLoop[Pool]) -> Pool:
    pool = pools.get()
    assert pools.get() is pool
    assert not pool.is_closed
    return pool


def test_each_loop_has_one_which_is_closed_when_the_loop_ends() -> None:
    pools = PerLoop(Pool, Pool.close)
    first, second = asyncio.run(get_twice(pools)), asyncio.run(get_twice(pools))
    assert first is not second
    assert first.is_closed
    assert second.is_closed


def test_one_that_was_closed_is_made_anew() -> None:
    pools = PerLoop(Pool, Pool.close)

    async def close_between() -> list[Pool]:
        first = pools.get()
        await pools.close()
        await pools.close()
        assert first.is_closed
        return [first, pools.get()]

    first, second = asyncio.run(close_between())
    assert first is not second
    assert second.is_closed


def test_closing_where_there_is_none_does_nothing() -> None:
    asyncio.run(PerLoop(Pool, Pool.close).close())


def test_there_may_be_nothing_to_close() -> None:
    pool = asyncio.run(get_twice(PerLoop(Pool)))
    assert not pool.is_closed


def test_what_is_closed_while_its_loop_ends_is_closed_once() -> None:
    """As by a dependency of scope ``app`` in a loop that ends before the app does."""
    pools = PerLoop(Pool, Pool.close)

    async def generator() -> AsyncGenerator[Pool]:
        try:
            yield pools.get()
        finally:
            await pools.close()

    running = generator()

    async def leave_open() -> Pool:
        return await anext(running)

    assert asyncio.run(leave_open()).is_closed


def test_there_has_to_be_a_loop() -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        PerLoop(Pool).get()
