"""Both stores do the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine

import pytest

from vivace.answers import Answer
from vivace.caching import Entry, MemoryStore, RedisStore, Store

from ..conftest import REDIS

Check = Callable[[Store], Coroutine[None, None, None]]
ENTRY_FIELDS = ((b"etag", b'"1"'),)


@pytest.fixture(params=["memory", "redis"])
def run(request: pytest.FixtureRequest) -> Callable[[Check], None]:
    if request.param == "memory":
        return lambda check: asyncio.run(_run(check, MemoryStore()))
    prefix = request.getfixturevalue("redis_prefix")
    return lambda check: asyncio.run(_run(check, RedisStore(REDIS, prefix=prefix, timeout=30)))


async def _run(check: Check, store: Store) -> None:
    try:
        await check(store)
    finally:
        await store.close()


def entry(text: bytes = b"text", fresh_for: float = 60) -> Entry:
    return Entry(Answer(200, ENTRY_FIELDS, text), time.time(), fresh_for)


def test_what_is_kept_is_found(run: Callable[[Check], None]) -> None:
    async def check(store: Store) -> None:
        assert await store.find("a", ["t"]) is None
        lead = await store.lead("a", ["t"], 10, 60)
        assert lead is not None
        kept = entry()
        assert await store.keep("a", kept, lead)
        assert await store.find("a", ["t"]) == kept
        assert await store.find("b", ["t"]) is None

    run(check)


def test_one_leads_until_it_gives_the_lead_back(run: Callable[[Check], None]) -> None:
    async def check(store: Store) -> None:
        lead = await store.lead("a", [], 10, 60)
        assert lead is not None
        assert await store.lead("a", [], 10, 60) is None
        assert await store.lead("b", [], 10, 60) is not None
        await store.release("a", lead)
        second = await store.lead("a", [], 10, 60)
        assert second is not None
        # Whoever had it before has it no more.
        await store.release("a", lead)
        assert not await store.keep("a", entry(), lead)
        assert await store.lead("a", [], 10, 60) is None
        assert await store.keep("a", entry(), second)

    run(check)


def test_a_lead_ends_by_itself(run: Callable[[Check], None]) -> None:
    async def check(store: Store) -> None:
        gone = await store.lead("a", [], 0.01, 60)
        assert gone is not None
        await asyncio.sleep(0.05)
        lead = await store.lead("a", [], 10, 60)
        assert lead is not None
        assert not await store.keep("a", entry(b"late"), gone)
        assert await store.keep("a", entry(b"text"), lead)
        found = await store.find("a", [])
        assert found is not None
        assert found.answer.body == b"text"

    run(check)


def test_what_is_invalidated_is_not_found(run: Callable[[Check], None]) -> None:
    async def check(store: Store) -> None:
        for key, tags in (("a", ["x", "y"]), ("b", ["y"])):
            lead = await store.lead(key, tags, 10, 60)
            assert lead is not None
            assert await store.keep(key, entry(), lead)
        await store.invalidate(["x", "other"])
        assert await store.find("a", ["x", "y"]) is None
        assert await store.find("b", ["y"]) is not None
        await store.invalidate(["y"])
        assert await store.find("b", ["y"]) is None

    run(check)


def test_what_is_invalidated_while_it_is_made_is_never_found(run: Callable[[Check], None]) -> None:
    async def check(store: Store) -> None:
        for _ in range(2):
            lead = await store.lead("a", ["x"], 10, 60)
            assert lead is not None
            await store.invalidate(["x"])
            await store.keep("a", entry(), lead)
            assert await store.find("a", ["x"]) is None

    run(check)


def test_what_is_of_no_use_is_not_found(run: Callable[[Check], None]) -> None:
    async def check(store: Store) -> None:
        lead = await store.lead("a", [], 10, 60)
        assert lead is not None
        assert await store.keep("a", entry(fresh_for=0.01), lead)
        await asyncio.sleep(0.05)
        assert await store.find("a", []) is None

    run(check)
