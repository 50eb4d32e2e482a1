"""Processes that only deliver are told of what others have committed, and do without."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from tests.unit.sql.databases import execute, new_database, scalars
from tests.unit.webhooks.shop import SECRET, URL, ScriptedSender, Shop, events

from vivace.sql import Database, SyncDatabase
from vivace.webhooks import Webhooks, WebhookSettings, metadata
from vivace.webhooks.delivery import listening

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("webhooks")]
SETTINGS = WebhookSettings(poll_interval=600)
LISTENERS = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
)


@pytest.fixture(params=["asyncpg", "psycopg"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with new_database("postgresql", tmp_path) as url:
        yield url.replace("postgresql:", f"postgresql+{request.param}:", 1)


def other(url: str, settings: WebhookSettings = SETTINGS) -> Webhooks:
    """What another process has, which delivers."""
    db = Database(url, metadata=[metadata])
    return Webhooks(db, events, secret=SECRET, settings=settings, sender=ScriptedSender())


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    for _ in range(1000):
        if await holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(holds)


async def delivered(shop: Shop, count: int) -> None:
    async def all_are() -> bool:
        return await shop.states() == ["delivered"] * count

    await until(all_are)


async def listener(url: str, *, but: object = None) -> object:
    """The process of the server that somebody listens by, when there is one."""
    found: list[object] = []

    async def is_there() -> bool:
        found[:] = scalars(url, LISTENERS)
        return found not in ([], [but])

    await until(is_there)
    return found[0]


async def test_who_only_delivers_is_woken_by_who_does_not(server: str) -> None:
    shop = await Shop(SETTINGS, server).open()
    try:
        made, _ = await shop.webhooks.endpoints.create(URL)
        async with other(server).delivering():
            await listener(server)
            await shop.send()
            await delivered(shop, 1)
            await shop.webhooks.endpoints.ping(made.id)
            await delivered(shop, 2)

        async def nobody_listens() -> bool:
            return scalars(server, LISTENERS) == []

        await until(nobody_listens)
    finally:
        await shop.db.close()


async def test_who_is_cut_off_listens_again_and_looks_meanwhile(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "PAUSE", 0.2)
    shop = await Shop(SETTINGS, server).open()
    try:
        await shop.webhooks.endpoints.create(URL)
        async with other(server).delivering():
            pid = await listener(server)
            execute(server, f"SELECT pg_terminate_backend({pid})")
            await listener(server, but=pid)
            await shop.send()
            await delivered(shop, 1)
    finally:
        await shop.db.close()


async def test_what_nobody_was_told_of_is_found_by_looking(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "CHANNEL", "nobody_is_there")
    shop = await Shop(SETTINGS, server).open()
    try:
        await shop.webhooks.endpoints.create(URL)
        async with other(server, WebhookSettings(poll_interval=0.05)).delivering():
            await listener(server)
            # Who sends tells of it elsewhere.
            monkeypatch.undo()
            await shop.send()
            await delivered(shop, 1)
    finally:
        await shop.db.close()


async def test_who_delivers_tells_nobody(postgresql: str) -> None:
    shop = await Shop(SETTINGS, postgresql).open()
    told: list[object] = []
    try:
        await shop.webhooks.endpoints.create(URL)
        async with shop.db.engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            await driver.add_listener(listening.CHANNEL, lambda *given: told.append(given))
            async with shop.webhooks.delivering():
                await asyncio.sleep(0)
                await shop.send()
                await delivered(shop, 1)
            assert told == []
            await shop.send()

            async def somebody_was() -> bool:
                return told != []

            await until(somebody_was)
            await connection.invalidate()
    finally:
        await shop.db.close()


async def test_what_a_synchronous_database_has_written_is_told_too(postgresql: str) -> None:
    db = SyncDatabase(postgresql, metadata=[metadata])
    shop = await Shop(SETTINGS, postgresql).open()
    try:
        made, _ = await shop.webhooks.endpoints.create(URL)
        async with other(postgresql).delivering():
            await listener(postgresql)
            await Webhooks(db, events, secret=SECRET).endpoints.ping(made.id)
            await delivered(shop, 1)
    finally:
        db.close()
        await shop.db.close()
