"""A clock that tests set, and an app whose endpoint counts how often it runs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from tests.unit.unused_redis import unused_prefix

REDIS = os.environ.get("VIVACE_TEST_REDIS", "redis://127.0.0.1:6379")


class Clock:
    """What the cache goes by."""

    def __init__(self) -> None:
        self.now = time.time()

    def time(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    fake = SimpleNamespace(time=clock.time, monotonic=time.monotonic)
    for module in ("visit", "lookup", "stores.memory"):
        monkeypatch.setattr(f"vivace.caching.{module}.time", fake)
    return clock


@pytest.fixture
def redis_prefix() -> Iterator[str]:
    """A prefix of keys that nobody else uses; the keys are gone afterwards."""
    with unused_prefix(REDIS) as prefix:
        yield prefix
