"""A clock that tests set, and the stores that they count in.

Redis is looked for where ``VIVACE_TEST_REDIS`` says. Where there is none, the tests that need it
are skipped.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from tests.unit.unused_redis import unused_prefix

REDIS = os.environ.get("VIVACE_TEST_REDIS", "redis://127.0.0.1:6379/15")


@dataclass
class Clock:
    """What all clocks say that the counters in memory go by."""

    now: float

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(time.time())
    monkeypatch.setattr("limits.aio.storage.memory.time", SimpleNamespace(time=clock))
    monkeypatch.setattr("throttled.utils.now_mono_f", clock)
    monkeypatch.setattr("vivace.outages.monotonic", clock)
    for name in ("windows.time", "memory.monotonic"):
        monkeypatch.setattr(f"vivace.ratelimit.stores.{name}", clock)
    return clock


@pytest.fixture
def anyio_backend() -> str:
    """limits and redis-py work on asyncio."""
    return "asyncio"


@pytest.fixture
def redis_prefix() -> Iterator[str]:
    with unused_prefix(REDIS) as prefix:
        yield prefix
