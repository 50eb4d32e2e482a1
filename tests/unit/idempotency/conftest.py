"""A Redis with keys that nobody else uses."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tests.unit.unused_redis import unused_prefix

REDIS = os.environ.get("VIVACE_TEST_REDIS", "redis://127.0.0.1:6379")


@pytest.fixture
def redis_prefix() -> Iterator[str]:
    with unused_prefix(REDIS) as prefix:
        yield prefix
