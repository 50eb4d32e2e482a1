"""A key that is held while its request is carried out."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from vivace.answers import Answer
from vivace.idempotency import Held, MemoryStore, StoreUnavailable, claims as module
from vivace.idempotency.claims import Claim

ANSWER = Answer(200, (), b"x")


class Flaky(MemoryStore):
    """A store that may be away, or slow."""

    is_away = False
    asked = 0

    async def extend(self, *given: Any) -> bool:
        await self._check()
        return await super().extend(*given)

    async def finish(self, *given: Any) -> bool:
        await self._check()
        return await super().finish(*given)

    async def free(self, *given: Any) -> None:
        await self._check()
        await super().free(*given)

    async def _check(self) -> None:
        self.asked += 1
        await asyncio.sleep(0)
        if self.is_away:
            raise StoreUnavailable(1)


def claim(store: MemoryStore, lease: float = 60) -> Claim:
    return Claim(store, "a", "f", lease)


def test_an_answer_is_kept_though_the_request_is_cancelled_meanwhile() -> None:
    async def run() -> None:
        store = Flaky()
        one = claim(store)
        assert await one.begin() is None
        finishing = asyncio.create_task(one.finish(ANSWER, 60))
        await asyncio.sleep(0)
        finishing.cancel()
        await asyncio.wait([finishing])
        await asyncio.sleep(0.01)
        assert await claim(store).begin() == Held("f", False, ANSWER)
        assert not module._going_on

    asyncio.run(run())


def test_what_could_not_be_kept_is_kept_when_the_store_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.001)

    async def run() -> None:
        store = Flaky()
        one = claim(store)
        assert await one.begin() is None
        store.is_away = True
        await one.finish(ANSWER, 60)
        assert await claim(store).begin() == Held("f", is_running=True)
        store.is_away = False
        await asyncio.wait([*module._later], timeout=30)
        assert await claim(store).begin() == Held("f", False, ANSWER)

    asyncio.run(run())


def test_what_can_never_be_kept_is_given_up_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.001)
    monkeypatch.setattr(module, "TRIES_LATER", 3)

    async def run() -> int:
        store = Flaky()
        one = claim(store)
        await one.begin()
        store.is_away = True
        await one.finish(ANSWER, 60)
        await asyncio.wait([*module._later], timeout=30)
        return store.asked

    with caplog.at_level(logging.ERROR):
        assert asyncio.run(run()) == 4
    assert "may be carried out again" in caplog.text


def test_no_more_wait_for_the_store_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MOST_LATER", 0)

    async def run() -> None:
        store = Flaky()
        one = claim(store)
        await one.begin()
        store.is_away = True
        await one.finish(ANSWER, 60)
        assert not module._later

    with caplog.at_level(logging.ERROR):
        asyncio.run(run())
    assert "may be carried out again" in caplog.text


def test_a_key_that_cannot_be_freed_ends_by_itself() -> None:
    async def run() -> None:
        store = Flaky()
        one = claim(store, lease=0.05)
        await one.begin()
        store.is_away = True
        await one.free()
        await asyncio.sleep(0.1)
        assert await claim(store).begin() is None

    asyncio.run(run())


def test_a_slow_request_does_not_overwrite_a_later_one(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        store = MemoryStore()
        slow = claim(store, lease=0.01)
        await slow.begin()
        slow._stop_extending()
        await asyncio.sleep(0.02)
        later = claim(store)
        assert await later.begin() is None
        await slow.finish(Answer(500, (), b"slow"), 60)
        await slow.free()
        await later.finish(ANSWER, 60)
        assert await claim(store).begin() == Held("f", False, ANSWER)

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert "another attempt has its key" in caplog.text
