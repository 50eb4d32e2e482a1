"""Redis is looked for where ``VIVACE_TEST_REDIS`` says; where there is none, tests are skipped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.ratelimit.conftest import REDIS, unused_prefix

from .processes import Limited, RedisProcess, serving


@pytest.fixture(scope="module")
def four() -> Iterator[Limited]:
    """A server of four processes."""
    with (
        unused_prefix() as prefix,
        serving(REDIS, prefix, processes=4, connections=5) as limited,
    ):
        yield limited


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisProcess]:
    """A Redis that only this test has, and that is running."""
    process = RedisProcess(tmp_path)
    try:
        process.start()
        yield process
    finally:
        process.stop()
