"""Engines that are killed, hang, cut connections or forget what they had."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack

import pytest
import redis.asyncio
from tests.servers.engines.nats_server import NatsServer
from tests.servers.engines.process import EngineProcess, run_engine
from tests.servers.engines.redis_server import DurableRedisServer, RedisServer
from tests.unit.live.brokers.contract import Heard

from vivace.live.brokers.nats import NatsBroker
from vivace.live.brokers.protocol import Broker, BrokerUnavailable
from vivace.live.brokers.redis import RedisBroker

from .conftest import close_all

pytestmark = [
    pytest.mark.anyio,
    # nats-py lets go of a connection that is cut while it is made, without closing it.
    pytest.mark.filterwarnings("ignore:unclosed <StreamWriter:ResourceWarning"),
]

#: Seconds that an engine has in these tests; what is bounded by it is over long before PATIENCE.
TIMEOUT = 2.0
PATIENCE = 60.0

Make = Callable[[EngineProcess], Broker]


def redis_broker(engine: EngineProcess) -> Broker:
    assert isinstance(engine, RedisServer)
    return RedisBroker(engine.url, count=100_000, timeout=TIMEOUT, pause=0.05)


def nats_broker(engine: EngineProcess, storage: str = "file") -> Broker:
    assert isinstance(engine, NatsServer)
    if storage == "memory":
        return NatsBroker(engine.url, storage="memory", timeout=TIMEOUT, pause=0.05)
    return NatsBroker(engine.url, count=100_000, timeout=TIMEOUT, pause=0.05)


def forgetful_nats_broker(engine: EngineProcess) -> Broker:
    return nats_broker(engine, "memory")


Kinds = dict[str, tuple[Callable[[], AbstractContextManager[EngineProcess]], Make]]

DURABLE: Kinds = {
    "redis": (lambda: run_engine(DurableRedisServer), redis_broker),
    "nats": (lambda: run_engine(NatsServer), nats_broker),
}
FORGETFUL: Kinds = {
    "redis": (lambda: run_engine(RedisServer), redis_broker),
    "nats": (lambda: run_engine(NatsServer), forgetful_nats_broker),
}


@pytest.fixture(params=DURABLE)
def durable(request: pytest.FixtureRequest) -> Iterator[tuple[EngineProcess, Make]]:
    run, make = DURABLE[request.param]
    with run() as engine:
        yield engine, make


@pytest.fixture(params=FORGETFUL)
def forgetful(request: pytest.FixtureRequest) -> Iterator[tuple[EngineProcess, Make]]:
    run, make = FORGETFUL[request.param]
    with run() as engine:
        yield engine, make


@pytest.fixture
async def redis_engine() -> AsyncIterator[DurableRedisServer]:
    with run_engine(DurableRedisServer) as engine:
        yield engine


class Appending:
    """Appends to a room, until it is told to end; remembers what was acknowledged."""

    def __init__(self, broker: Broker, name: str, *, has_keys: bool) -> None:
        self._broker = broker
        self._name = name
        self._has_keys = has_keys
        self.acknowledged: list[tuple[str, bytes]] = []
        self.failures = 0
        self._news = asyncio.Event()
        self.is_over = False

    async def until(self, count: int) -> None:
        """Until more than so many have been acknowledged."""
        while len(self.acknowledged) <= count:
            self._news.clear()
            await self._news.wait()

    async def run(self) -> None:
        for n in itertools.count():
            if self.is_over:
                return
            data = f"{self._name} {n}".encode()
            while not self.is_over:
                try:
                    key = data.decode() if self._has_keys else None
                    id = await self._broker.append("room", data, key=key)
                except BrokerUnavailable:
                    self.failures += 1
                    await asyncio.sleep(0.02)
                    if not self._has_keys:
                        break
                else:
                    self.acknowledged.append((id, data))
                    self._news.set()
                    break
            await asyncio.sleep(0.001)


async def appended_until_again(appending: list[Appending], before: int) -> None:
    """Until each has appended something since then."""
    async with asyncio.timeout(PATIENCE):
        for one in appending:
            await one.until(before)


@pytest.mark.parametrize("has_keys", [True, False])
async def test_what_was_acknowledged_is_delivered_once_and_in_order_through_restarts(
    durable: tuple[EngineProcess, Make], has_keys: bool
) -> None:
    engine, make = durable
    brokers = [make(engine) for _ in range(3)]
    heard = [Heard() for _ in brokers]
    appending = [Appending(brokers[n % 3], str(n), has_keys=has_keys) for n in range(4)]
    async with AsyncExitStack() as stack:
        for broker, one in zip(brokers, heard, strict=True):
            await stack.enter_async_context(broker.follow("room", one.deliver, one.lost))
        running = [asyncio.create_task(one.run()) for one in appending]
        for end in (engine.kill, engine.stop, engine.kill):
            counts = [len(one.acknowledged) for one in appending]
            await appended_until_again(appending, max(counts) + 20)
            await asyncio.to_thread(end)
            await asyncio.sleep(0.1)
            await asyncio.to_thread(engine.start)
        await appended_until_again(appending, max(len(one.acknowledged) for one in appending))
        for each in appending:
            each.is_over = True
        await asyncio.gather(*running)
        last = await append_at_last(brokers[0], b"last")
        for one in heard:
            await one.until(lambda one: last in one.ids)
    history = await brokers[0].read("room", heard[0].told[0].id, 100_000)  # type: ignore[union-attr]
    await close_all(brokers)
    assert history.is_complete
    kept = [heard[0].told[0], *history.entries]
    for one in heard:
        assert one.told == kept
        assert one.ids == sorted({str(id) for id in one.ids})
    data = set(heard[0].data)
    for each in appending:
        assert each.failures > 0
        assert {data for _, data in each.acknowledged} <= data
        assert {id for id, _ in each.acknowledged} <= set(heard[0].ids)
        if has_keys:
            assert len(heard[0].data) == len(data)


async def test_an_engine_that_hangs_is_not_waited_for(
    durable: tuple[EngineProcess, Make],
) -> None:
    engine, make = durable
    broker, other, third = make(engine), make(engine), make(engine)
    heard = Heard()
    async with broker.follow("room", heard.deliver, heard.lost):
        await broker.append("room", b"before")
        await heard.until_entry(b"before")
        await other.append("room", b"before, too")
        engine.suspend()
        begun = time.monotonic()
        asked = [
            broker.append("room", b"x"),
            broker.read("room", None, 10),
            broker.enter("room", "ada", b"", 60),
            broker.renew([("room", "ada")], 60),
            broker.leave("room", "ada"),
            broker.present("room"),
            broker.expire("room"),
            other.append("room", b"x"),
            follow_for_a_moment(other),
            follow_for_a_moment(third),
            third.open(),
        ]
        failures = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(failure) for failure in failures] == [BrokerUnavailable] * len(asked)
        # Each waits for a connection, and for an answer, at most.
        assert time.monotonic() - begun < 5 * TIMEOUT
        engine.resume()
        await append_at_last(broker, b"after")
        await heard.until_entry(b"after")
    assert [data for data in heard.data if data != b"x"] == [b"before", b"before, too", b"after"]
    await close_all([broker, other, third])


async def follow_for_a_moment(broker: Broker) -> None:
    heard = Heard()
    async with broker.follow("room", heard.deliver, heard.lost):
        pass


async def append_at_last(broker: Broker, data: bytes) -> str:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await broker.append("room", data, key=data.decode())
            except BrokerUnavailable:
                await asyncio.sleep(0.05)


async def test_those_who_follow_are_told_when_the_engine_has_forgotten_all(
    forgetful: tuple[EngineProcess, Make],
) -> None:
    engine, make = forgetful
    broker, heard = make(engine), Heard()
    async with broker.follow("room", heard.deliver, heard.lost):
        for n in range(20):
            known = await broker.append("room", b"before %d" % n)
        await heard.until_entry(b"before 19")
        await broker.enter("room", "ada", b"", 60)
        await asyncio.to_thread(engine.kill)
        await asyncio.to_thread(engine.start)
        for n in range(30):
            await append_at_last(broker, b"after %d" % n)
        await heard.until_entry(b"after 29")
        history = await broker.read("room", known, 100)
        assert not history.is_complete
        assert await broker.renew([("room", "ada")], 60) == [("room", "ada")]
    before = [b"before %d" % n for n in range(20)]
    assert heard.data == [*before, None, *(b"after %d" % n for n in range(30))]
    ids = [id for id in heard.ids if id is not None]
    assert ids == sorted(set(ids))
    await close_all([broker])


async def test_an_engine_that_is_not_there_fails_soon_and_is_found_later(
    durable: tuple[EngineProcess, Make],
) -> None:
    engine, make = durable
    await asyncio.to_thread(engine.kill)
    broker, heard = make(engine), Heard()
    begun = time.monotonic()
    with pytest.raises(BrokerUnavailable):
        await broker.open()
    with pytest.raises(BrokerUnavailable):
        await broker.append("room", b"")
    with pytest.raises(BrokerUnavailable):
        await follow_for_a_moment(broker)
    assert time.monotonic() - begun < 8 * TIMEOUT
    await asyncio.to_thread(engine.start)
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                async with broker.follow("room", heard.deliver, heard.lost):
                    await append_at_last(broker, b"found")
                    await heard.until_entry(b"found")
                break
            except BrokerUnavailable:
                await asyncio.sleep(0.05)
    await close_all([broker])


async def test_connections_that_redis_cuts_cost_no_entry(
    redis_engine: DurableRedisServer,
) -> None:
    broker, heard = redis_broker(redis_engine), [Heard() for _ in range(20)]
    client = redis.asyncio.Redis.from_url(redis_engine.url)
    async with client, AsyncExitStack() as stack:
        for n, one in enumerate(heard):
            following = broker.follow(f"room {n}", one.deliver, one.lost)
            await stack.enter_async_context(following)
        for n in range(300):
            await broker.append(f"room {n % 20}", b"%d" % n)
            if n % 40 == 20:
                await client.client_kill_filter(_type="pubsub")
        for n, one in enumerate(heard):
            await one.until_entry(b"%d" % (280 + n))
    for n, one in enumerate(heard):
        assert one.data == [b"%d" % i for i in range(n, 300, 20)]
    await close_all([broker])


async def test_connections_that_redis_cuts_while_they_wait_refuse_no_entry(
    redis_engine: DurableRedisServer,
) -> None:
    broker, heard = redis_broker(redis_engine), Heard()
    client = redis.asyncio.Redis.from_url(redis_engine.url)
    async with client, broker.follow("room", heard.deliver, heard.lost):
        for n in range(20):
            await broker.append("room", b"%d" % n)
            # As a Redis does that has a `timeout`, of which those who follow are exempt.
            await client.client_kill_filter(_type="normal", skipme=True)
        await heard.until_entry(b"19")
    assert heard.data == [b"%d" % n for n in range(20)]
    await close_all([broker])
