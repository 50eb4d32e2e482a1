"""The same on each kind of server, for what differs between them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.sql.databases import new_database
from tests.unit.webhooks.shop import URL, InvoicePaid, InvoiceVoided, ScriptedSender, Shop, events

from vivace.sql import Database, SyncDatabase
from vivace.sql.migrations import Migrations
from vivace.webhooks import TooManyEndpoints, Webhooks, WebhookSettings, metadata
from vivace.webhooks.events import now
from vivace.webhooks.store import deliveries as delivering
from vivace.webhooks.store.tables import attempts, deliveries, endpoints, messages

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with new_database(request.param, tmp_path) as url:
        yield url


async def test_a_message_goes_its_whole_way(server: str) -> None:
    settings = WebhookSettings(delays=[0], jitter=0, retention=timedelta(seconds=1))
    shop = await Shop(settings, server).open()
    try:
        made, _ = await shop.webhooks.endpoints.create(URL, description="Bür\u00f6 \U0001f4e6")
        await shop.webhooks.endpoints.rotate_secret(made.id)
        # More than 64 KiB.
        await shop.send(InvoiceVoided(invoice_id=1, reason="x" * 200_000))
        shop.sender.script = [500, 500]
        assert await shop.webhooks.deliver_due() == 2
        assert await shop.states() == ["dead"]
        since = now() - timedelta(minutes=1)
        assert await shop.webhooks.deliveries.replay_since(made.id, since) == 1
        assert await shop.webhooks.deliver_due() == 1
        [delivery] = await shop.webhooks.deliveries.find(state="delivered")
        details = await shop.webhooks.deliveries.get(delivery.id)
        assert [one.status for one in details.attempts] == [500, 500, 200]
        assert len(details.body) > 200_000
        await shop.rewrite(deliveries, finished_at=1)
        await shop.rewrite(messages, created_at=1)
        assert await shop.webhooks.purge() == 2
        await shop.send()
        changed = await shop.webhooks.endpoints.change(made.id, enabled=False)
        assert (changed.enabled, await shop.states()) == (False, ["dead"])
        await shop.webhooks.endpoints.delete(made.id)
        for table in (endpoints, deliveries, attempts):
            assert await shop.rows(table) == []
    finally:
        await shop.db.close()


async def test_many_who_deliver_do_nothing_twice_and_leave_nothing(server: str) -> None:
    settings = WebhookSettings(concurrency=7, per_endpoint=3)
    shop = await Shop(settings, server).open()
    others = [Database(server, metadata=[metadata]) for _ in range(3)]
    senders = [ScriptedSender() for _ in others]
    try:
        for _ in range(3):
            await shop.webhooks.endpoints.create(URL)
        for number in range(40):
            await shop.send(InvoicePaid(invoice_id=number))
        workers = [
            Webhooks(db, events, secret="s" * 32, settings=settings, sender=sender)
            for db, sender in zip(others, senders, strict=True)
        ]
        await asyncio.gather(*(worker.deliver_due() for worker in workers))
        await shop.webhooks.deliver_due()
        sent = Counter(one.id for sender in (*senders, shop.sender) for one in sender.sent)
        assert len(sent) == 40
        assert {*sent.values()} == {3}
        assert len([one for one in senders if one.sent]) > 1
    finally:
        for db in (*others, shop.db):
            await db.close()


async def test_endpoints_that_fail_and_are_disabled_at_once_lock_nobody_out(server: str) -> None:
    shop = await Shop(WebhookSettings(delays=[0] * 3, disable_after=timedelta(0)), server).open()
    try:
        made, _ = await shop.webhooks.endpoints.create(URL)
        for number in range(30):
            await shop.send(InvoicePaid(invoice_id=number))
        shop.sender.script = [500] * 1000
        await shop.webhooks.deliver_due()
        assert await shop.states() == ["dead"] * 30
        assert not (await shop.webhooks.endpoints.get(made.id)).enabled
    finally:
        await shop.db.close()


async def test_an_endpoint_is_deleted_while_something_is_written_to_it(postgresql: str) -> None:
    shop = await Shop(url=postgresql).open()
    try:
        made, _ = await shop.webhooks.endpoints.create(URL)
        async with shop.db.begin() as session:
            await shop.webhooks.send(session, InvoicePaid(invoice_id=1))
            # Neither waits for the other, and neither fails.
            await shop.webhooks.endpoints.delete(made.id)
        assert await shop.webhooks.deliver_due() == 0
        assert await shop.states() == ["dead"]
    finally:
        await shop.db.close()


async def test_what_is_asked_for_again_is_not_removed_as_old(postgresql: str) -> None:
    shop = await Shop(WebhookSettings(delays=[]), postgresql).open()
    try:
        await shop.webhooks.endpoints.create(URL)
        await shop.send()
        await shop.webhooks.deliver_due()
        await shop.rewrite(deliveries, finished_at=1)
        [delivery] = await shop.webhooks.deliveries.find()
        async with shop.db.begin() as session:
            await session.run_sync(delivering.replay, delivery.id, now())
            purging = asyncio.create_task(shop.webhooks.purge())
            await asyncio.wait([purging], timeout=1)
        await purging
        assert await shop.states() == ["pending"]
    finally:
        await shop.db.close()


async def test_who_adds_endpoints_at_once_gets_no_more_than_there_may_be(server: str) -> None:
    shop = await Shop(WebhookSettings(most_endpoints=3), server).open()
    try:
        await shop.webhooks.endpoints.create(URL)
        # There are connections for all of them.
        await asyncio.gather(*(shop.webhooks.endpoints.of() for _ in range(20)))
        adding = [shop.webhooks.endpoints.create(URL) for _ in range(20)]
        made = await asyncio.gather(*adding, return_exceptions=True)
        assert [one for one in made if not isinstance(one, (tuple, TooManyEndpoints))] == []
        assert len(await shop.webhooks.endpoints.of()) == 3
    finally:
        await shop.db.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_migrations_of_the_app_make_the_tables(kind: str, tmp_path: Path) -> None:
    with new_database(kind, tmp_path) as url:
        db = SyncDatabase(url, metadata=[metadata])
        migrations = Migrations(db, tmp_path / "migrations")
        migrations.init()
        assert migrations.revision("Webhooks") is not None
        migrations.upgrade()
        migrations.check()
        assert migrations.revision("Nothing") is None
        migrations.downgrade("base")
        db.close()
