"""Counters in memory: what they cost, and for how long they are kept."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from vivace.ratelimit import MemoryStore
from vivace.ratelimit.rules import parse_rules
from vivace.ratelimit.stores.memory import SWEEP_EVERY

from ..conftest import Clock


async def fill(store: MemoryStore, keys: int, window: str) -> None:
    [rule] = parse_rules("5/minute", window)
    for key in range(keys):
        await store.take(rule, str(key), 1)


def kept(store: MemoryStore) -> int:
    storage = store._storage
    return len({*storage.expirations, *storage.events})


@pytest.mark.parametrize("window", ["fixed", "sliding"])
def test_what_has_expired_is_forgotten(clock: Clock, window: str) -> None:
    async def look() -> None:
        store = MemoryStore()
        await fill(store, 100, window)
        assert kept(store) == 100
        clock.advance(61)
        await fill(store, 1, window)
        sweep = store._storage._sweep
        assert sweep is not None
        await sweep
        assert kept(store) == 1

    anyio.run(look)


def test_requests_do_not_each_look_through_all_counters(clock: Clock) -> None:
    """As the storage does by itself, with every hit."""

    async def look() -> None:
        store, sweeps = MemoryStore(), set()
        for _ in range(30):
            await fill(store, 10, "fixed")
            await asyncio.sleep(0)
            sweeps.add(store._storage._sweep)
        assert len(sweeps) == 1
        clock.advance(SWEEP_EVERY)
        await fill(store, 1, "fixed")
        assert store._storage._sweep not in sweeps

    anyio.run(look)


def test_an_event_loop_that_ended_stops_nobody_from_forgetting(clock: Clock) -> None:
    store = MemoryStore()
    anyio.run(fill, store, 10, "sliding")
    clock.advance(61)

    async def look() -> None:
        await fill(store, 1, "sliding")
        sweep = store._storage._sweep
        assert sweep is not None
        await sweep

    anyio.run(look)
    assert kept(store) == 1


def test_no_more_buckets_are_kept_than_there_may_be() -> None:
    async def look() -> None:
        store = MemoryStore(max_buckets=10)
        [rule] = parse_rules("2/hour", "token")
        for key in range(11):
            await store.take(rule, str(key), 1)
        assert [(await store.read(rule, str(key), 1)).remaining for key in (0, 1, 10)] == [2, 1, 1]

    anyio.run(look)


def test_it_says_what_it_is() -> None:
    assert repr(MemoryStore()) == "MemoryStore(max_buckets=100000)"
