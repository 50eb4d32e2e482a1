"""Rooms in NATS."""

from __future__ import annotations

import asyncio
import time

import nats
import pytest
from nats.js.api import StorageType, StreamConfig
from tests.unit.live.brokers.contract import PATIENCE, Heard, Make

from vivace.live.brokers import nats_link
from vivace.live.brokers.nats import NatsBroker

from .conftest import NATS
from .contract import EngineContract

pytestmark = pytest.mark.anyio


@pytest.fixture
def make(make_nats: Make) -> Make:
    return make_nats


class TestNatsBroker(EngineContract):
    """It is as all brokers are."""


async def test_a_loop_that_does_not_keep_up_reads_what_was_dropped(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nats_link, "WAITING", 5)
    broker, other, heard = make(), make(), Heard()
    async with broker.follow("room", heard.deliver, heard.lost):
        for _ in range(5):
            appending = [other.append("room", b"%d" % n) for n in range(100)]
            asyncio.get_running_loop().call_later(0.01, time.sleep, 0.1)
            await asyncio.gather(*appending)
        last = await other.append("room", b"last")
        await heard.until(lambda heard: last in heard.ids)
    history = await other.read("room", None, 1000)
    assert heard.told == history.entries
    assert len(heard.told) == 501


async def test_streams_are_changed_to_what_is_asked_for(make: Make) -> None:
    few, many = make(count=10), make(count=100)
    for n in range(30):
        await few.append("room", b"%d" % n)
    await many.open()
    for n in range(90):
        await many.append("room", b"%d" % n)
    assert len((await many.read("room", None, 1000)).entries) >= 100


async def test_streams_that_cannot_be_changed_are_told_of(nats_name: str) -> None:
    client = await nats.connect(NATS)
    config = StreamConfig(name=nats_name, subjects=["other.*"], storage=StorageType.FILE)
    await client.jetstream().add_stream(config)
    broker = NatsBroker(NATS, name=nats_name, storage="memory")
    with pytest.raises(RuntimeError, match="Give the broker another name, or delete the stream"):
        await broker.open()
    await broker.close()
    await client.close()


@pytest.mark.parametrize("name", ["", "a.b", "a b", "*", "ü"])
def test_what_can_be_no_stream_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        NatsBroker(NATS, name=name)


@pytest.mark.parametrize("limit", [2, 10, 50, 100])
async def test_the_newest_are_found_however_unevenly_they_came(make: Make, limit: int) -> None:
    broker = make()
    for n in range(80):
        await broker.append("room", b"%d" % n)
    for n in range(200):
        await broker.append("other", b"%d" % n)
    await broker.append("room", b"80")
    newest = await broker.read("room", None, limit)
    assert [entry.data for entry in newest.entries] == [b"%d" % n for n in range(81)][-limit:]


async def test_who_leaves_and_is_cancelled_leaves_no_subscription(make: Make) -> None:
    broker = make()
    assert isinstance(broker, NatsBroker)
    await broker.open()

    async def follow() -> None:
        heard = Heard()
        async with broker.follow("room", heard.deliver, heard.lost):
            await asyncio.Event().wait()

    for steps in (1, 3, 10, 100):
        task = asyncio.create_task(follow())
        for _ in range(steps):
            await asyncio.sleep(0)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task
    link = broker._parts.get().link
    async with asyncio.timeout(PATIENCE):
        # What answers requests stays.
        await broker.append("room", b"")
        await asyncio.gather(*link._unsubscribing)
    assert link._followed == set()
    assert link._client is not None
    assert [sub for sub in link._client._subs.values() if ".live." in sub.subject] == []
