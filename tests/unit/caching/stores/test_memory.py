"""What only the store in memory does."""

from __future__ import annotations

import asyncio
import time

import pytest

from vivace.answers import Answer
from vivace.caching import Entry, MemoryStore
from vivace.caching.stores import memory as module


def entry(size: int) -> Entry:
    return Entry(Answer(200, (), b"x" * size), time.time(), 60)


async def put(store: MemoryStore, key: str, size: int, tags: tuple[str, ...] = ()) -> bool:
    lead = await store.lead(key, tags, 10, 60)
    assert lead is not None
    return await store.keep(key, entry(size), lead)


def test_what_was_not_asked_for_for_longest_makes_room() -> None:
    async def fill() -> list[str]:
        store = MemoryStore(max_bytes=3 * 1300)
        for key in "abc":
            assert await put(store, key, 1000)
        assert await store.find("a", ())
        assert await put(store, "d", 1000)
        return [key for key in "abcd" if await store.find(key, ())]

    assert asyncio.run(fill()) == ["a", "c", "d"]


def test_what_has_no_room_at_all_is_not_kept() -> None:
    async def fill() -> None:
        store = MemoryStore(max_bytes=1000)
        assert not await put(store, "a", 1000)
        assert await put(store, "a", 10)
        assert await store.find("a", ())

    asyncio.run(fill())
    with pytest.raises(ValueError, match="max_bytes=0 leaves no room"):
        MemoryStore(max_bytes=0)


def test_bytes_are_counted_once() -> None:
    async def fill() -> int:
        store = MemoryStore()
        for _ in range(5):
            await put(store, "a", 1000, ("t",))
        await store.invalidate(["t"])
        assert await store.find("a", ("t",)) is None
        return store._bytes

    assert asyncio.run(fill()) == 0


def test_tags_that_nobody_uses_are_forgotten_with_what_has_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_TAGS", 2)

    async def fill() -> list[bool]:
        store = MemoryStore()
        for tag in "abc":
            await put(store, tag, 10, (tag,))
        return [await store.find(tag, (tag,)) is not None for tag in "cba"]

    # The first tag is not known any more when it is looked for.
    assert asyncio.run(fill()) == [True, True, False]
