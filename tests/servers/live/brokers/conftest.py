"""Redis and NATS are looked for where variables say; where there is none, tests are skipped."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from secrets import token_hex

import nats
import pytest
import redis.asyncio
from nats.errors import NoServersError
from nats.js.errors import NotFoundError
from redis.exceptions import ConnectionError as RedisConnectionError
from tests.unit.live.brokers.contract import Make

from vivace.live.brokers.nats import NatsBroker
from vivace.live.brokers.protocol import Broker
from vivace.live.brokers.redis import RedisBroker

REDIS = os.environ.get("VIVACE_TEST_REDIS", "redis://127.0.0.1:6379")
NATS = os.environ.get("VIVACE_TEST_NATS", "nats://127.0.0.1:4222")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def redis_prefix() -> AsyncIterator[str]:
    """A prefix of keys that nobody else uses; the keys are gone afterwards."""
    prefix = f"vivace-test-{token_hex(8)}"
    async with redis.asyncio.Redis.from_url(REDIS) as client:
        try:
            await client.ping()
        except RedisConnectionError:
            pytest.skip(f"There is no Redis at {REDIS}.")
        yield prefix
        async for name in client.scan_iter(f"{prefix}*", count=1000):
            await client.delete(name)


@pytest.fixture
async def nats_name() -> AsyncIterator[str]:
    """A name of streams that nobody else uses; the streams are gone afterwards."""
    name = f"vivace_test_{token_hex(8)}"
    try:
        client = await nats.connect(NATS, max_reconnect_attempts=0, allow_reconnect=False)
    except (OSError, NoServersError):
        pytest.skip(f"There is no NATS at {NATS}.")
    yield name
    for stream in (name, f"{name}_presence"):
        try:
            await client.jetstream().delete_stream(stream)
        except NotFoundError:
            continue
    await client.close()


async def close_all(brokers: list[Broker]) -> None:
    await asyncio.gather(*(broker.close() for broker in brokers))


@pytest.fixture
async def make_redis(redis_prefix: str) -> AsyncIterator[Make]:
    made: list[Broker] = []

    def make(*, count: int = 1000, age: float = 3600.0) -> Broker:
        # Time enough for a machine that is busy.
        made.append(RedisBroker(REDIS, prefix=redis_prefix, count=count, age=age, timeout=30))
        return made[-1]

    yield make
    await close_all(made)


@pytest.fixture
async def make_nats(nats_name: str) -> AsyncIterator[Make]:
    made: list[Broker] = []

    def make(*, count: int = 1000, age: float = 3600.0) -> Broker:
        broker = NatsBroker(
            NATS, name=nats_name, count=count, age=age, storage="memory", timeout=30
        )
        made.append(broker)
        return broker

    yield make
    await close_all(made)
