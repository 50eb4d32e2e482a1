"""Synchronous sessions: in threads, which must not lock each other out."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from vivace import BackgroundTasks, Depends, HTTPException, Vivace
from vivace.sql import DatabaseSettings, SyncDatabase, Unavailable
from vivace.testclient import AsyncTestClient, TestClient

from .databases import execute
from .heroes import Base, Hero, HeroOut, HeroWithTeam, add_heroes, stored_names

ONE = DatabaseSettings(pool_size=1, max_overflow=0, pool_timeout=0.2)


def test_what_an_endpoint_does_is_committed(url: str) -> None:
    db = SyncDatabase(url)
    app = Vivace()

    @app.post("/heroes", response_model=HeroOut)
    def create(name: str, session: Annotated[Session, db.session]) -> Any:
        hero = Hero(name=name)
        session.add(hero)
        session.flush()
        return hero

    with TestClient(app) as client:
        assert client.post("/heroes?name=ada").json()["name"] == "ada"
    assert stored_names(url) == ["ada"]


@pytest.mark.parametrize("raised", [HTTPException(404), ValueError("of the program")])
def test_what_a_failing_endpoint_did_is_rolled_back(url: str, raised: Exception) -> None:
    db = SyncDatabase(url)
    app = Vivace()

    @app.post("/heroes")
    def create(session: Annotated[Session, db.session]) -> None:
        session.add(Hero(name="eve"))
        session.flush()
        raise raised

    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.post("/heroes").status_code == getattr(raised, "status_code", 500)
    assert stored_names(url) == []


def test_a_conflict_at_the_commit_becomes_the_response(url: str) -> None:
    add_heroes(url, "ada")
    db = SyncDatabase(url, settings=ONE)
    app = Vivace()

    @app.post("/heroes")
    def create(session: Annotated[Session, db.session]) -> str:
        session.add(Hero(name="ada"))
        return "done"

    with TestClient(app) as client:
        for _ in range(2):
            assert client.post("/heroes").status_code == 409


def test_attributes_are_loaded_while_the_response_is_made(url: str) -> None:
    """In the endpoint's thread, where loading may block."""
    add_heroes(url, "ada", team="owls")
    db = SyncDatabase(url)
    app = Vivace()

    @app.get("/heroes", response_model=HeroWithTeam)
    def read(session: Annotated[Session, db.read_session]) -> Any:
        return session.scalar(select(Hero))

    with TestClient(app) as client:
        assert client.get("/heroes").json()["team"]["name"] == "owls"


def test_a_stream_and_a_background_task_use_the_session(url: str) -> None:
    db = SyncDatabase(url, settings=ONE)
    app = Vivace()

    def note(session: Session) -> None:
        session.add(Hero(name="bob"))

    @app.post("/heroes")
    def create(session: Annotated[Session, db.session], tasks: BackgroundTasks) -> None:
        session.add(Hero(name="ada"))
        tasks.add_task(note, session)

    @app.get("/heroes")
    def stream(session: Annotated[Session, db.session]) -> Iterator[str]:
        yield from session.scalars(select(Hero.name).order_by(Hero.id))

    with TestClient(app) as client:
        assert client.post("/heroes").status_code == 200
        assert client.get("/heroes").text == '"ada"\n"bob"\n'
    assert stored_names(url) == ["ada", "bob"]


@pytest.mark.anyio
async def test_requests_that_wait_for_connections_do_not_stop_those_that_have_one(
    url: str,
) -> None:
    """The complaint is a deadlock: all threads wait for a connection, and none is left to go on.

    Each request takes a connection in one thread, and needs another thread before it gives the
    connection back. There are twice as many requests as there are threads.
    """
    add_heroes(url, "ada")
    db = SyncDatabase(url, settings=DatabaseSettings(pool_size=2, max_overflow=0))
    app = Vivace()
    DbSession = Annotated[Session, db.session]

    def take_connection(session: DbSession) -> int:
        return session.scalar(text("SELECT 1")) or 0

    async def between(taken: Annotated[int, Depends(take_connection)]) -> int:
        await asyncio.sleep(0)
        return taken

    @app.get("/heroes", response_model=list[HeroOut])
    def read(number: Annotated[int, Depends(between)], session: DbSession) -> Any:
        return session.scalars(select(Hero)).all()

    async with AsyncTestClient(app) as client:
        responses = await asyncio.gather(*(client.get("/heroes") for _ in range(80)))
    assert {response.status_code for response in responses} == {200}


@pytest.mark.anyio
async def test_who_finds_no_free_connection_is_told_to_come_back(url: str) -> None:
    db = SyncDatabase(url, settings=ONE)
    app = Vivace()
    begun, done = threading.Event(), threading.Event()

    @app.get("/slow")
    def wait(session: Annotated[Session, db.session]) -> None:
        session.execute(text("SELECT 1"))
        begun.set()
        assert done.wait(20)

    @app.get("/quick")
    def answer(session: Annotated[Session, db.session]) -> int:
        return session.scalar(text("SELECT 1")) or 0

    async with AsyncTestClient(app) as client:
        slow = asyncio.create_task(client.get("/slow"))
        await asyncio.to_thread(begun.wait, 20)
        refused = await client.get("/quick")
        done.set()
        assert (await slow).status_code == 200
        assert refused.status_code == 503
        assert refused.json() == {"detail": "Too many requests are waiting for the database."}
        assert refused.headers["Retry-After"] == "5"
        assert (await client.get("/quick")).json() == 1


@pytest.mark.anyio
async def test_a_request_that_is_cancelled_gives_its_connection_back(url: str) -> None:
    db = SyncDatabase(url, settings=ONE)
    app = Vivace()
    begun = asyncio.Event()

    @app.post("/heroes")
    async def create(session: Annotated[Session, db.session]) -> None:
        await asyncio.to_thread(session.execute, text("SELECT 1"))
        begun.set()
        await asyncio.sleep(60)

    @app.get("/heroes")
    def read(session: Annotated[Session, db.session]) -> list[str]:
        return [*session.scalars(select(Hero.name))]

    async with AsyncTestClient(app) as client:
        request = asyncio.create_task(client.post("/heroes"))
        await begun.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        assert (await client.get("/heroes")).json() == []


def test_reading_sessions_cannot_write(url: str) -> None:
    db = SyncDatabase(url)
    app = Vivace()

    @app.post("/heroes")
    def create(session: Annotated[Session, db.read_session]) -> None:
        session.add(Hero(name="eve"))

    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.post("/heroes").status_code == 500
    assert stored_names(url) == []


def test_work_that_had_to_give_way_is_done_again(sqlite: str) -> None:
    add_heroes(sqlite, "ada")
    db = SyncDatabase(sqlite)
    attempts = 0

    def change(session: Session) -> int:
        nonlocal attempts
        attempts += 1
        hero = session.scalars(select(Hero)).one()
        if attempts == 1:
            execute(sqlite, "UPDATE heroes SET age = 40")
        hero.age += 1
        return hero.age

    assert db.run(change) == 41
    with pytest.raises(Unavailable):
        db.run(lambda session: give_way(session, sqlite), attempts=2)
    db.close()
    assert attempts == 2


def give_way(session: Session, url: str) -> None:
    session.scalars(select(Hero)).all()
    execute(url, "UPDATE heroes SET age = age + 1")
    session.execute(text("UPDATE heroes SET age = 1"))


def test_tables_are_made_when_the_app_starts(url: str) -> None:
    execute(url, "DROP TABLE heroes", "DROP TABLE teams")
    db = SyncDatabase(url, metadata=Base.metadata, create_tables=True)
    app = Vivace()

    @app.get("/heroes")
    def read(session: Annotated[Session, db.session]) -> list[str]:
        return [*session.scalars(select(Hero.name))]

    for _ in range(2):
        with TestClient(app) as client:
            assert client.get("/heroes").json() == []


def test_the_engine_is_sqlalchemy_s_own(sqlite: str) -> None:
    db = SyncDatabase(sqlite)
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    db.close()
    assert repr(db).startswith("SyncDatabase('sqlite+pysqlite:///")
