"""Rooms in Redis."""

from __future__ import annotations

import pytest
from tests.unit.live.brokers.contract import Heard, Make

from vivace.live.brokers.redis import RedisBroker

from .conftest import REDIS
from .contract import EngineContract

pytestmark = pytest.mark.anyio


@pytest.fixture
def make(make_redis: Make) -> Make:
    return make_redis


class TestRedisBroker(EngineContract):
    """It is as all brokers are."""


async def test_databases_of_one_redis_hear_nothing_of_each_other(
    redis_prefix: str, make: Make
) -> None:
    broker, heard = make(), Heard()
    elsewhere = RedisBroker(REDIS, prefix=redis_prefix, timeout=30, options={"db": 9})
    async with broker.follow("room", heard.deliver, heard.lost):
        await elsewhere.append("room", b"elsewhere")
        await broker.append("room", b"here")
        await heard.until_entry(b"here")
    assert heard.data == [b"here"]
    client = elsewhere._links.get().redis
    async for name in client.scan_iter(f"{redis_prefix}*"):
        await client.delete(name)
    await elsewhere.close()


@pytest.mark.parametrize("prefix", ["", ":a", "a:", "a{b}"])
def test_what_can_be_no_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        RedisBroker(REDIS, prefix=prefix)


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError):
        RedisBroker("http://localhost")
