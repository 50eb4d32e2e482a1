"""Rooms in Redis."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.live.brokers.contract import BrokerContract, Heard, Make

from vivace.live.brokers.redis import RedisBroker

from .conftest import REDIS

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("live_redis")]


@pytest.fixture
def make(make_redis: Make) -> Make:
    return make_redis


class TestRedisBroker(BrokerContract):
    """It is as all brokers are."""


async def test_entries_are_kept_for_so_long(make: Make) -> None:
    broker = make(age=1)
    first = await broker.append("room", b"1")
    await asyncio.sleep(1.5)
    second = await broker.append("room", b"2")
    history = await broker.read("room", first, 10)
    assert [entry.id for entry in history.entries] == [second]
    assert [entry.id for entry in (await broker.read("room", None, 10)).entries] == [second]


async def test_those_who_follow_a_quiet_room_are_not_told_of_a_gap(make: Make) -> None:
    broker, heard = make(age=1), Heard()
    async with broker.follow("room", heard.deliver, heard.lost):
        await broker.append("room", b"1")
        await asyncio.sleep(1.5)
        await broker.append("room", b"2")
        await heard.until_entry(b"2")
    assert heard.data == [b"1", b"2"]


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
