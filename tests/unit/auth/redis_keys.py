"""Room of one's own in Redis, on the server that ``VIVACE_TEST_REDIS`` says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex

import pytest
import redis

REDIS = os.environ.get("VIVACE_TEST_REDIS", "redis://127.0.0.1:6379/15")


@contextmanager
def new_prefix() -> Iterator[str]:
    """What keys may begin with: there are none that do. Skips where there is no server."""
    prefix = f"vivace:test:{token_hex(6)}"
    with redis.Redis.from_url(REDIS) as client:
        try:
            client.ping()
        except redis.ConnectionError as error:
            pytest.skip(f"There is no Redis at {REDIS}: {error}")
    yield prefix
    remove_keys(prefix)


def remove_keys(prefix: str) -> None:
    with redis.Redis.from_url(REDIS) as client:
        keys = list(client.scan_iter(f"{prefix}*", count=1000))
        if keys:
            client.delete(*keys)
