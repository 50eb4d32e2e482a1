import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from tests.unit.webhooks.shop import InvoicePaid, events

from vivace import Depends, HTTPException, Vivace
from vivace.sql import Database, DatabaseSettings, SyncDatabase
from vivace.testclient import AsyncTestClient, TestClient
from vivace.webhooks import Incoming, MemorySeen, SQLSeen, metadata, new_secret
from vivace.webhooks.incoming import seen as seen_module
from vivace.webhooks.store.tables import received
from vivace.webhooks.testing import signed

SECRET = new_secret()


def message(number: int = 1, id: str = "msg_1") -> dict[str, Any]:
    return signed(events, InvoicePaid(invoice_id=number), SECRET, id=id)


def app_over(seen: SQLSeen, session: Any, kind: Any) -> Vivace:
    incoming = Incoming(events, SECRET, seen=seen)
    app = Vivace()

    @app.post("/")
    async def receive(
        data: Annotated[InvoicePaid, incoming.event(InvoicePaid)], session: Any = session
    ) -> None:
        if data.invoice_id == 13:
            raise HTTPException(500)

    return app


def database(**options: Any) -> Database:
    return Database("sqlite://", metadata=[metadata], create_tables=True, **options)


def test_a_message_is_remembered_with_what_it_has_changed() -> None:
    db = database()
    app = app_over(SQLSeen(db), db.session, AsyncSession)
    with TestClient(app, raise_server_exceptions=False) as client:
        # Failed, it is not remembered.
        assert [client.post("/", **message(13)).status_code for _ in range(2)] == [500, 500]
        assert [client.post("/", **message(1)).status_code for _ in range(3)] == [200, 204, 204]
        assert client.post("/", **message(1, "msg_2")).status_code == 200


def test_synchronous_sessions_do_too() -> None:
    db = SyncDatabase("sqlite://", metadata=[metadata], create_tables=True)
    incoming = Incoming(events, SECRET, seen=SQLSeen(db))
    app = Vivace()

    @app.post("/")
    def receive(
        data: Annotated[InvoicePaid, incoming.event()], session: Annotated[Session, db.session]
    ) -> int:
        return len(session.scalars(select(received.c.id)).all())

    with TestClient(app) as client:
        assert client.post("/", **message()).json() == 1
        assert client.post("/", **message()).status_code == 204


class Base(DeclarativeBase): ...


class Visit(Base):
    __tablename__ = "visits"

    id: Mapped[int] = mapped_column(primary_key=True)


def test_a_row_of_the_app_s_that_is_there_already_does_not_drop_a_message() -> None:
    db = Database("sqlite://", metadata=[metadata, Base.metadata], create_tables=True)
    incoming = Incoming(events, SECRET, seen=SQLSeen(db))
    app = Vivace()

    async def visit(session: Annotated[AsyncSession, db.session]) -> None:
        session.add(Visit(id=1))

    @app.post("/")
    async def receive(
        visited: Annotated[None, Depends(visit)], data: Annotated[InvoicePaid, incoming.event()]
    ) -> None: ...

    with TestClient(app) as client:
        assert client.post("/", **message(id="msg_1")).status_code == 200
        assert client.post("/", **message(id="msg_2")).status_code == 409


def test_senders_have_ids_of_their_own() -> None:
    seen = MemorySeen()
    app = Vivace()
    for source in ("a", "b"):
        incoming = Incoming(events, SECRET, seen=seen, source=source)

        @app.post(f"/{source}")
        async def receive(data: Annotated[InvoicePaid, incoming.event()]) -> None: ...

    client = TestClient(app)
    answers = [client.post(path, **message()).status_code for path in ("/a", "/b", "/a", "/b")]
    assert answers == [200, 200, 204, 204]


def test_what_is_old_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_module, "PURGE_INTERVAL", -1.0)
    db = database()
    app = app_over(SQLSeen(db, keep=timedelta(milliseconds=-10)), db.session, AsyncSession)
    with TestClient(app) as client:
        assert [client.post("/", **message()).status_code for _ in range(3)] == [200] * 3


def test_there_is_a_bound_in_memory() -> None:
    seen = MemorySeen(most=2)
    incoming = Incoming(events, SECRET, seen=seen)
    app = Vivace()

    @app.post("/")
    async def receive(data: Annotated[InvoicePaid, incoming.event()]) -> None: ...

    client = TestClient(app)
    for id in ("a", "b", "c"):
        client.post("/", **message(id=id))
    answers = [client.post("/", **message(id=id)).status_code for id in ("c", "b", "a")]
    assert answers == [204, 204, 200]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_one_that_is_being_handled_in_memory_has_to_wait() -> None:
    incoming = Incoming(events, SECRET, seen=MemorySeen())
    begun, go = asyncio.Event(), asyncio.Event()
    app = Vivace()

    @app.post("/")
    async def receive(data: Annotated[InvoicePaid, incoming.event()]) -> None:
        begun.set()
        await go.wait()

    async with AsyncTestClient(app) as client:
        first = asyncio.create_task(client.post("/", **message()))
        await begun.wait()
        second = await client.post("/", **message())
        assert (second.status_code, second.headers["Retry-After"]) == (409, "5")
        go.set()
        assert (await first).status_code == 200
        assert (await client.post("/", **message())).status_code == 204


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_of_many_at_once_one_is_handled(tmp_path: Path) -> None:
    db = Database(
        f"sqlite:///{tmp_path}/seen.db",
        metadata=[metadata],
        create_tables=True,
        settings=DatabaseSettings(begin_immediate=True),
    )
    app = app_over(SQLSeen(db), db.session, AsyncSession)
    async with AsyncTestClient(app) as client:
        answers = await asyncio.gather(*(client.post("/", **message()) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200, *[204] * 9]


@pytest.mark.parametrize("make", [Database, SyncDatabase])
def test_a_database_without_the_tables_is_told_so(make: Callable[[str], Any]) -> None:
    with pytest.raises(ValueError, match=r"vivace\.webhooks\.metadata"):
        SQLSeen(make("sqlite://"))
