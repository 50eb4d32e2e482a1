"""All stores count alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from vivace.ratelimit import MemoryStore, RedisStore, Store, Window
from vivace.ratelimit.rules import parse_rules

from ..conftest import REDIS

pytestmark = pytest.mark.anyio

WINDOWS: list[Window] = ["fixed", "sliding", "token"]
each_window = pytest.mark.parametrize("window", WINDOWS)


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    store: Store = MemoryStore()
    if request.param == "redis":
        # Time enough for a machine that is busy: nothing here is about time-outs.
        prefix = request.getfixturevalue("redis_prefix")
        store = RedisStore(REDIS, prefix=prefix, timeout=30)
    yield store
    await store.close()


@each_window
async def test_so_much_fits_and_no_more(store: Store, window: Window) -> None:
    [rule] = parse_rules("3/hour", window)
    taken = [await store.take(rule, "key", 1) for _ in range(5)]
    assert [level.allowed for level in taken] == [True, True, True, False, False]
    assert [level.remaining for level in taken] == [2, 1, 0, 0, 0]
    assert all(level.rule is rule for level in taken)
    longest = 1200 if window == "token" else 3600
    assert all(longest - 60 <= level.reset <= longest for level in taken)


@each_window
async def test_looking_counts_nothing(store: Store, window: Window) -> None:
    [rule] = parse_rules("3/hour", window)
    for _ in range(2):
        untouched = await store.read(rule, "key", 3)
        assert (untouched.allowed, untouched.remaining) == (True, 3)
    assert not (await store.read(rule, "key", 4)).allowed
    await store.take(rule, "key", 2)
    for cost, fits in ((1, True), (2, False)):
        level = await store.read(rule, "key", cost)
        assert (level.allowed, level.remaining) == (fits, 1)
        assert 1100 < level.reset <= 3600


@each_window
async def test_keys_rules_and_windows_count_apart(store: Store, window: Window) -> None:
    others: list[Window] = [other for other in WINDOWS if other != window]
    rules = [parse_rules("1/hour", each)[0] for each in (window, *others)]
    rules += parse_rules("1/minute", window) + parse_rules("2/hour", window)
    for key in ("one", "other"):
        for rule in rules:
            assert (await store.take(rule, key, 1)).allowed


@each_window
async def test_of_many_at_once_no_more_fit_than_one_after_the_other(
    store: Store, window: Window
) -> None:
    [rule] = parse_rules("50/day", window)
    taken = await asyncio.gather(*(store.take(rule, "key", 1) for _ in range(150)))
    assert sum(level.allowed for level in taken) == 50
    assert (await store.read(rule, "key", 1)).remaining == 0


@each_window
async def test_what_is_forgotten_counts_anew(store: Store, window: Window) -> None:
    [rule] = parse_rules("1/hour", window)

    async def take(*keys: str) -> list[bool]:
        return [(await store.take(rule, key, 1)).allowed for key in keys]

    assert await take("ada:1", "ada:2", "bob:1", "b*b:1") == [True] * 4
    await store.clear("ada:")
    assert await take("ada:1", "ada:2", "bob:1") == [True, True, False]
    await store.clear("b*b")
    assert await take("bob:1", "b*b:1") == [False, True]
    await store.clear()
    assert await take("ada:1", "ada:2", "bob:1", "b*b:1") == [True] * 4


async def test_a_store_is_usable_again_after_it_was_closed(store: Store) -> None:
    [rule] = parse_rules("2/hour", "fixed")
    assert (await store.take(rule, "key", 1)).remaining == 1
    await store.close()
    await store.close()
    assert (await store.take(rule, "key", 1)).remaining == 0
