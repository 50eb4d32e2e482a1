"""Several processes append to one room, and follow it."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable, Iterator
from multiprocessing.pool import Pool

import pytest
from tests.unit.live.brokers.contract import Heard, Make

from vivace.live.brokers.protocol import START, Broker, Entry

from .conftest import NATS, REDIS

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("live_processes")]

#: Entries that each process appends, and how many processes there are.
EACH = 100
PROCESSES = 3


def redis_broker(prefix: str) -> Broker:
    from vivace.live.brokers.redis import RedisBroker

    return RedisBroker(REDIS, prefix=prefix, timeout=30)


def nats_broker(name: str) -> Broker:
    from vivace.live.brokers.nats import NatsBroker

    return NatsBroker(NATS, name=name, storage="memory", timeout=30)


def run(make: Callable[[str], Broker], name: str, number: int) -> list[Entry]:
    """What one process does; gives what it was told."""
    return asyncio.run(follow_and_append(make(name), number))


async def follow_and_append(broker: Broker, number: int) -> list[Entry]:
    heard = Heard()
    async with broker.follow("room", heard.deliver, heard.lost):
        for n in range(EACH):
            await broker.append("room", b"%d %d" % (number, n))
        await broker.append("ended", b"")
        for _ in range(3000):
            if len((await broker.read("ended", START, 10)).entries) == PROCESSES:
                break
            await asyncio.sleep(0.02)
        last = (await broker.read("room", None, 1)).entries[0].id
        await heard.until(lambda heard: last in heard.ids)
    await broker.close()
    assert None not in heard.told
    return [entry for entry in heard.told if entry is not None]


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """The processes: each is at work until all are, so that none does two parts."""
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        yield pool


async def check(pool: Pool, make: Callable[[str], Broker], name: str, broker: Broker) -> None:
    parts = [(make, name, number) for number in range(PROCESSES)]
    told = await asyncio.to_thread(pool.starmap, run, parts, 1)
    everything = (await broker.read("room", START, 1000)).entries
    assert len(everything) == PROCESSES * EACH
    for number, one in enumerate(told):
        # From where it began to follow, which was before it appended.
        assert one == everything[-len(one) :]
        own = [entry.data for entry in one if entry.data.startswith(b"%d " % number)]
        assert own == [b"%d %d" % (number, n) for n in range(EACH)]


async def test_processes_hear_the_same_over_redis(
    pool: Pool, redis_prefix: str, make_redis: Make
) -> None:
    await check(pool, redis_broker, redis_prefix, make_redis())


async def test_processes_hear_the_same_over_nats(
    pool: Pool, nats_name: str, make_nats: Make
) -> None:
    await check(pool, nats_broker, nats_name, make_nats())
