"""How many connections a user has, over processes that come, go and are killed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from vivace.live.brokers.memory import MemoryBroker
from vivace.live.brokers.protocol import BrokerUnavailable
from vivace.live.errors import TooManySockets
from vivace.live.hub import Hub
from vivace.live.quota import Place, Quota
from vivace.live.settings import LiveSettings

pytestmark = pytest.mark.anyio


async def fill(quota: Quota, user: str = "ada") -> list[Place]:
    """As many connections as may be."""
    places = []
    while True:
        try:
            places.append(await quota.take(user))
        except TooManySockets:
            return places


async def test_few_are_counted_exactly_over_all_processes() -> None:
    broker = MemoryBroker()
    one, other = Quota(broker, 3, 30), Quota(broker, 3, 30)
    first = await one.take("ada")
    assert len(await fill(other)) == 2
    with pytest.raises(TooManySockets):
        await one.take("ada")
    await one.take("bob")
    await one.give_back(first)
    await other.take("ada")


async def test_a_tenth_is_let_in_without_asking_by_each_process() -> None:
    class Asked(MemoryBroker):
        count = 0

        async def enter(self, room: str, member: str, data: bytes, ttl: float) -> bool:
            self.count += 1
            return await super().enter(room, member, data, ttl)

    broker = Asked()
    processes = [Quota(broker, 50, 30) for _ in range(4)]
    for quota in processes:
        for _ in range(5):
            await quota.take("ada")
    assert broker.count == 0
    assert sum([len(await fill(quota)) for quota in processes]) == 45


async def test_of_one_process_there_are_as_many_as_may_be() -> None:
    for most in (1, 2, 9, 10, 50, 99):
        broker = MemoryBroker()
        quota = Quota(broker, most, 30)
        places = await fill(quota)
        assert len(places) == most
        for place in places:
            await quota.give_back(place)
        assert broker._rooms == {}
        assert len(await fill(quota)) == most


async def test_there_are_never_more_however_many_come_at_once() -> None:
    broker = MemoryBroker()
    processes = [Quota(broker, 5, 30) for _ in range(4)]
    found = await asyncio.gather(
        *(quota.take("ada") for quota in processes * 5), return_exceptions=True
    )
    taken = [one for one in found if isinstance(one, Place)]
    assert 1 <= len(taken) <= 5
    assert len(taken) + sum([len(await fill(quota)) for quota in processes]) == 5


async def test_users_without_a_name_are_not_counted() -> None:
    quota = Quota(MemoryBroker(), 1, 30)
    for _ in range(3):
        await quota.take("anonymous-x")
    assert quota._counted == set()


async def test_those_of_a_killed_process_are_counted_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr("vivace.live.brokers.memory.monotonic", lambda: now)
    broker = MemoryBroker()
    killed, lives = Quota(broker, 4, 30), Quota(broker, 4, 30)
    await killed.take("ada")
    await lives.take("ada")
    now += 20
    await lives.renew()
    now += 20
    assert len(await fill(lives)) == 3
    assert len(broker._rooms["@ada"].members) == 4


async def test_a_broker_that_is_away_lets_nobody_in_and_keeps_no_one_in() -> None:
    class Away(MemoryBroker):
        is_away = False

        async def present(self, room: str) -> dict[str, bytes]:
            if self.is_away:
                raise BrokerUnavailable
            return await super().present(room)

        async def leave(self, room: str, member: str) -> bool:
            if self.is_away:
                raise BrokerUnavailable
            return await super().leave(room, member)

    broker = Away()
    quota = Quota(broker, 3, 30)
    place = await quota.take("ada")
    broker.is_away = True
    with pytest.raises(BrokerUnavailable):
        await quota.take("ada")
    await quota.give_back(place)
    # What was not given back is not renewed.
    assert quota._counted == set()


async def test_what_the_broker_has_forgotten_is_entered_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sleep = asyncio.sleep
    monkeypatch.setattr("vivace.live.hub.asyncio.sleep", lambda seconds: sleep(0))
    broker = MemoryBroker()
    hub = Hub(broker, LiveSettings(sockets_per_user=1))
    await hub.quota.take("ada")
    feed: Any = await hub.use("/tea", has_roster=True)
    ((room, name),) = hub.quota._counted
    assert await broker.leave(room, name)
    async with asyncio.timeout(10):
        while not await broker.present(room):
            await sleep(0)
    await hub.release(feed)
    await hub.close()
