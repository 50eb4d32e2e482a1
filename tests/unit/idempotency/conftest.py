"""A Redis with keys that nobody else uses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from secrets import token_hex

import pytest
import redis

REDIS = os.environ.get("VIVACE_TEST_REDIS", "redis://127.0.0.1:6379")


@pytest.fixture
def redis_prefix() -> Iterator[str]:
    prefix = f"vivace-test-{token_hex(8)}"
    with redis.Redis.from_url(REDIS) as client:
        try:
            client.ping()
        except redis.ConnectionError:
            pytest.skip(f"There is no Redis at {REDIS}.")
        yield prefix
        for name in client.scan_iter(f"{prefix}*", count=1000):
            client.delete(name)
