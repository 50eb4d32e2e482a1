"""What only the store in memory does."""

from __future__ import annotations

import asyncio
import logging

import pytest

from vivace.answers import Answer
from vivace.idempotency import MemoryStore


async def fill(store: MemoryStore, names: str, ttl: float = 60) -> None:
    for name in names:
        assert await store.begin(name, "f", "1", 60) is None
        await store.finish(name, "f", "1", Answer(200, (), b"x" * 1000), ttl)


def test_the_oldest_answers_make_room_and_it_is_said(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        store = MemoryStore(max_bytes=2 * 1800)
        assert await store.begin("running", "f", "1", 60) is None
        await fill(store, "abcd")
        assert await store.begin("c", "f", "2", 60) is not None
        assert await store.begin("running", "f", "2", 60) is not None
        assert await store.begin("a", "f", "2", 60) is None

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    [record] = caplog.records
    assert "no room" in record.message


def test_what_is_over_is_forgotten_though_nobody_asks() -> None:
    async def run() -> int:
        store = MemoryStore()
        await fill(store, "abcdef", ttl=0.001)
        await asyncio.sleep(0.01)
        await store.begin("x", "f", "1", 60)
        await store.begin("y", "f", "1", 60)
        return store._bytes

    assert asyncio.run(run()) == 0


def test_no_room_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="max_bytes=0"):
        MemoryStore(max_bytes=0)
