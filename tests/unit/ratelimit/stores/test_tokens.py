"""Buckets that fill up evenly."""

from __future__ import annotations

from typing import Any

import pytest

from vivace.ratelimit import Level, MemoryStore
from vivace.ratelimit.rules import parse_rules

from ..conftest import Clock

pytestmark = pytest.mark.anyio

#: A token every ten seconds.
[RULE] = parse_rules("6/minute", "token")


def said(level: Level) -> Any:
    return level.allowed, level.remaining, pytest.approx(level.reset, abs=1e-6)


async def test_a_bucket_that_was_not_used_is_full(clock: Clock) -> None:
    store = MemoryStore()
    assert said(await store.read(RULE, "key", 6)) == (True, 6, 0)
    assert said(await store.read(RULE, "key", 7)) == (False, 6, 10)


async def test_it_is_known_when_there_is_a_token_more(clock: Clock) -> None:
    store = MemoryStore()
    for passed, remaining, reset in ((0, 5, 10), (0, 4, 10), (4, 3, 6), (0, 2, 6), (10, 2, 6)):
        clock.advance(passed)
        assert said(await store.take(RULE, "key", 1)) == (True, remaining, reset)


async def test_it_is_known_when_there_are_enough_for_what_costs_more(clock: Clock) -> None:
    store = MemoryStore()
    assert said(await store.take(RULE, "key", 5)) == (True, 1, 10)
    for look in (store.read, store.take):
        assert said(await look(RULE, "key", 4)) == (False, 1, 30)
    clock.advance(29)
    assert said(await store.take(RULE, "key", 4)) == (False, 3, 1)
    clock.advance(1.001)
    assert (await store.take(RULE, "key", 4)).allowed


async def test_in_the_long_run_as_many_pass_as_were_said(clock: Clock) -> None:
    store, passed = MemoryStore(), 0
    for _ in range(600):
        clock.advance(1)
        passed += (await store.take(RULE, "key", 1)).allowed
    assert passed == 6 + 59
