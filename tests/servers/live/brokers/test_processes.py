"""Several processes append to one room, and follow it."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable

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


def told_in_processes(make: Callable[[str], Broker], name: str) -> list[list[Entry]]:
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        return pool.starmap(run, [(make, name, number) for number in range(PROCESSES)])


async def check(told: list[list[Entry]], broker: Broker) -> None:
    everything = (await broker.read("room", START, 1000)).entries
    assert len(everything) == PROCESSES * EACH
    for number, one in enumerate(told):
        # From where it began to follow, which was before it appended.
        assert one == everything[-len(one) :]
        own = [entry.data for entry in one if entry.data.startswith(b"%d " % number)]
        assert own == [b"%d %d" % (number, n) for n in range(EACH)]


async def test_processes_hear_the_same_over_redis(redis_prefix: str, make_redis: Make) -> None:
    told = await asyncio.to_thread(told_in_processes, redis_broker, redis_prefix)
    await check(told, make_redis())


async def test_processes_hear_the_same_over_nats(nats_name: str, make_nats: Make) -> None:
    told = await asyncio.to_thread(told_in_processes, nats_broker, nats_name)
    await check(told, make_nats())
