from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import anyio
import pytest

from vivace.runtime.streams import pieces
from vivace.runtime.threads import USING

pytestmark = pytest.mark.anyio

main = threading.get_ident()


async def count(log: list[str]) -> AsyncIterator[int]:
    try:
        yield 1
        yield 2
    finally:
        # Clean-up that waits is cut short by a cancellation, unless it is kept out.
        with anyio.CancelScope(shield=True):
            await anyio.sleep(0.001)
        log.append("closed")


def count_in_thread(log: list[str]) -> Iterator[int]:
    try:
        yield 1
        yield 2
    finally:
        assert threading.get_ident() != main
        log.append("closed")


@pytest.mark.parametrize("generator", [count, count_in_thread])
async def test_a_generator_is_closed_where_its_items_are_not_all_taken(generator: object) -> None:
    assert callable(generator)
    log: list[str] = []
    async with aclosing(pieces(generator(log), USING)) as items:
        assert await anext(items) == 1
    assert log == ["closed"]


@pytest.mark.parametrize("generator", [count, count_in_thread])
async def test_a_generator_is_closed_where_the_request_is_cancelled(generator: object) -> None:
    assert callable(generator)
    log: list[str] = []
    with anyio.CancelScope() as request:
        async for _ in pieces(generator(log), USING):
            request.cancel()
    assert request.cancelled_caught
    assert log == ["closed"]


async def test_iterators_that_cannot_be_closed_are_read_to_their_end() -> None:
    class Letters:
        def __init__(self) -> None:
            self.rest = iter("ab")

        def __aiter__(self) -> Letters:
            return self

        async def __anext__(self) -> str:
            try:
                return next(self.rest)
            except StopIteration:
                raise StopAsyncIteration from None

    assert [item async for item in pieces(Letters())] == ["a", "b"]
    assert [item async for item in pieces("ab")] == ["a", "b"]
