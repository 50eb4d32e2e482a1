"""A Redis with keys that nobody else uses; it is looked for where ``VIVACE_TEST_REDIS`` says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex

import pytest
import redis


@contextmanager
def unused_prefix(url: str) -> Iterator[str]:
    """A prefix of keys that nobody else uses; the keys are gone afterwards.

    Where there is no Redis, the test is skipped.
    """
    prefix = f"vivace-test-{token_hex(8)}"
    with redis.Redis.from_url(url) as client:
        try:
            client.ping()
        except redis.ConnectionError:
            pytest.skip(f"There is no Redis at {url}.")
        yield prefix
        for name in client.scan_iter(f"{prefix}*", count=1000):
            client.delete(name)
