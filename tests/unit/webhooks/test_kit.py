from __future__ import annotations

import asyncio
import gc
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy.orm import Session
from tests.unit.webhooks.shop import (
    SECRET,
    URL,
    InvoicePaid,
    InvoiceVoided,
    ScriptedSender,
    Shop,
    events,
)

from vivace import Vivace
from vivace.sql import Database, SyncDatabase
from vivace.testclient import TestClient
from vivace.webhooks import NotAcceptable, Webhooks, WebhookSettings, metadata

pytestmark = pytest.mark.anyio


async def test_a_message_goes_to_those_who_want_its_type() -> None:
    shop = await Shop().open()
    await shop.webhooks.endpoints.create("https://all.example/")
    await shop.webhooks.endpoints.create("https://paid.example/", ["invoice.paid"])
    await shop.webhooks.endpoints.create("https://voided.example/", ["invoice.voided"])
    await shop.webhooks.endpoints.create("https://off.example/", enabled=False)
    await shop.send(InvoicePaid(invoice_id=1))
    await shop.send(InvoiceVoided(invoice_id=1))
    await shop.webhooks.deliver_due()
    assert sorted(sent.url for sent in shop.sender.sent) == [
        *("https://all.example/", "https://all.example/"),
        *("https://paid.example/", "https://voided.example/"),
    ]


async def test_a_message_goes_to_endpoints_of_its_owner_alone() -> None:
    shop = await Shop().open()
    for owner in ("", "acme", "zoo"):
        await shop.webhooks.endpoints.create(f"https://x.example/{owner}", owner=owner)
    await shop.send(owner="acme")
    await shop.webhooks.deliver_due()
    assert [sent.url for sent in shop.sender.sent] == ["https://x.example/acme"]


async def test_an_event_may_have_happened_before() -> None:
    shop = await Shop().open()
    await shop.webhooks.endpoints.create(URL)
    async with shop.db.begin() as session:
        happened_at = datetime(2026, 1, 2, tzinfo=UTC)
        await shop.webhooks.send(session, InvoicePaid(invoice_id=1), happened_at=happened_at)
    await shop.webhooks.deliver_due()
    assert b'"timestamp":"2026-01-02T00:00:00Z"' in shop.sender.sent[0].body


async def test_nothing_is_kept_where_nobody_wants_it() -> None:
    shop = await Shop().open()
    async with shop.db.begin() as session:
        assert await shop.webhooks.send(session, InvoicePaid(invoice_id=1)) is None
    assert await shop.rows(metadata.tables["webhook_messages"]) == []


async def test_what_is_rolled_back_is_not_sent() -> None:
    shop = await Shop().open()
    await shop.webhooks.endpoints.create(URL)
    with pytest.raises(RuntimeError):
        async with shop.db.begin() as session:
            assert await shop.webhooks.send(session, InvoicePaid(invoice_id=1))
            raise RuntimeError
    assert await shop.webhooks.deliver_due() == 0


async def test_an_event_of_no_type_and_one_too_large_are_faults_of_the_program() -> None:
    class Unknown(BaseModel): ...

    shop = await Shop(WebhookSettings(max_payload=120)).open()
    async with shop.db.begin() as session:
        with pytest.raises(TypeError, match="Unknown is the data of no type"):
            await shop.webhooks.send(session, Unknown())
        with pytest.raises(TypeError, match="an object of a model, and not <class"):
            await shop.webhooks.send(session, InvoicePaid)  # type: ignore[arg-type]  # as it says
        with pytest.raises(TypeError, match="An owner is a text, and not None"):
            await shop.webhooks.send(
                session,
                InvoicePaid(invoice_id=1),
                owner=None,  # type: ignore[arg-type]  # as it says
            )
        with pytest.raises(ValueError, match="more than 120 bytes"):
            await shop.webhooks.send(session, InvoiceVoided(invoice_id=1, reason="x" * 120))
        with pytest.raises(ValueError, match="An owner is a text"):
            await shop.webhooks.send(session, InvoicePaid(invoice_id=1), owner="\0")
        with pytest.raises(ValueError, match="has to have a time zone"):
            await shop.webhooks.send(
                session, InvoicePaid(invoice_id=1), happened_at=datetime(2026, 1, 2)
            )


async def test_synchronous_databases_do_too() -> None:
    db = SyncDatabase("sqlite://", metadata=[metadata], create_tables=True)
    sender = ScriptedSender()
    webhooks = Webhooks(db, events, secret=SECRET, sender=sender)

    def pay() -> str | None:
        with db.begin() as session:
            return webhooks.send_sync(session, InvoicePaid(invoice_id=1))

    async with webhooks.delivering():
        await webhooks.endpoints.create(URL)
        sent = await asyncio.to_thread(pay)
        async with asyncio.timeout(20):
            await sender.asked.wait()
    assert [one.id for one in sender.sent] == [sent]
    assert [one.state for one in await webhooks.deliveries.find()] == ["delivered"]
    db.close()


def test_an_app_delivers_while_it_runs_and_can_start_again() -> None:
    shop = Shop()
    app = Vivace()
    shop.webhooks.install(app)

    @app.post("/endpoints")
    async def create() -> None:
        await shop.webhooks.endpoints.create(URL)

    @app.post("/pay")
    async def pay() -> None:
        await shop.send()

    @app.get("/states")
    async def states() -> list[str]:
        return await shop.states()

    with TestClient(app) as client:
        client.post("/endpoints")
    with TestClient(app) as client:
        for count in (1, 2):
            client.post("/pay")
            while client.get("/states").json() != ["delivered"] * count:
                pass
    assert len(shop.sender.sent) == 2


def test_an_app_that_is_mounted_delivers_too() -> None:
    shop = Shop()
    inner, outer = Vivace(), Vivace()
    shop.webhooks.install(inner)
    outer.mount("/shop", inner)

    @inner.post("/pay")
    async def pay() -> None:
        await shop.webhooks.endpoints.create(URL)
        await shop.send()
        async with asyncio.timeout(20):
            await shop.sender.asked.wait()

    with TestClient(outer) as client:
        assert client.post("/shop/pay").status_code == 200
    assert len(shop.sender.sent) == 1


def test_an_app_may_leave_deliveries_to_others() -> None:
    shop = Shop(WebhookSettings(poll_interval=0.01))
    app = Vivace()
    shop.webhooks.install(app, deliver=False)

    @app.post("/pay")
    async def pay() -> list[str]:
        await shop.db.open()
        await shop.webhooks.endpoints.create(URL)
        await shop.send()
        await asyncio.sleep(0.05)
        return await shop.states()

    with TestClient(app) as client:
        assert client.post("/pay").json() == ["pending"]


def test_a_database_without_the_tables_is_told_so() -> None:
    with pytest.raises(ValueError, match=r"vivace\.webhooks\.metadata"):
        Webhooks(Database("sqlite://"), events, secret=SECRET)


def test_a_secret_that_is_short_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 characters"):
        Webhooks(Database("sqlite://", metadata=[metadata]), events, secret="short")


def test_routes_that_anybody_may_use_are_refused() -> None:
    with pytest.raises(ValueError, match="Say who may manage webhooks"):
        Shop().webhooks.router()


async def test_tables_can_be_managed_by_a_session_of_the_app_s() -> None:
    shop = await Shop().open()
    await shop.webhooks.endpoints.create(URL)

    def work(session: Session) -> str | None:
        return shop.webhooks.send_sync(session, InvoicePaid(invoice_id=1))

    async with shop.db.begin() as session:
        assert await session.run_sync(work)


def test_an_app_that_stops_while_it_looks_for_messages_leaves_no_connection_open() -> None:
    shop = Shop(WebhookSettings(poll_interval=0.0001))
    app = Vivace()
    shop.webhooks.install(app)

    @app.get("/")
    async def read(session: Any = shop.db.session) -> None: ...

    for _ in range(20):
        with TestClient(app) as client:
            client.get("/")
    # What was not closed warns when it goes.
    gc.collect()
    assert threading.active_count() < 10


async def test_what_a_savepoint_takes_back_is_not_sent() -> None:
    shop = await Shop().open()
    await shop.webhooks.endpoints.create(URL)
    async with shop.db.begin() as session:
        async with session.begin_nested() as savepoint:
            await shop.webhooks.send(session, InvoicePaid(invoice_id=1))
            await savepoint.rollback()
        await shop.webhooks.send(session, InvoicePaid(invoice_id=2))
    assert await shop.webhooks.deliver_due() == 1
    assert b'"invoice_id":2' in shop.sender.sent[0].body


async def test_hosts_are_checked_when_an_endpoint_is_made() -> None:
    db = Database("sqlite://", metadata=[metadata], create_tables=True)
    await db.open()
    webhooks = Webhooks(db, events, secret=SECRET)
    for url in (
        "https://127.0.0.1/",
        "https://localhost/",
        "http://8.8.8.8/",
        "https://x.invalid/",
    ):
        with pytest.raises(NotAcceptable):
            await webhooks.endpoints.create(url)
    made, _ = await webhooks.endpoints.create("https://8.8.8.8/")
    assert made.enabled
