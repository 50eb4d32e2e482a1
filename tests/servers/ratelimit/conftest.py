"""Redis is looked for where ``VIVACE_TEST_REDIS`` says; where there is none, tests are skipped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.servers.engines.process import run_engine
from tests.servers.engines.redis_server import RedisServer
from tests.unit.ratelimit.conftest import REDIS
from tests.unit.unused_redis import unused_prefix

from .processes import Limited, serving


@pytest.fixture(scope="module")
def four() -> Iterator[Limited]:
    """A server of four processes."""
    with (
        unused_prefix(REDIS) as prefix,
        serving(REDIS, prefix, processes=4, connections=5) as limited,
    ):
        yield limited


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis that only this test has, and that is running."""
    with run_engine(RedisServer) as server:
        yield server
