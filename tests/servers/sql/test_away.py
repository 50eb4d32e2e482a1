"""A database that is killed while requests are at work, and comes back."""

import asyncio
from collections.abc import Iterator
from typing import Annotated

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from tests.servers.engines.postgresql_server import PostgreSQLServer
from tests.servers.engines.process import run_engine
from tests.unit.sql.databases import plain_engine, scalars
from tests.unit.sql.heroes import Base, Hero, Team

from vivace import Vivace
from vivace.sql import Database, SyncDatabase
from vivace.testclient import AsyncTestClient

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("a PostgreSQL that goes away")]


@pytest.fixture
def anyio_backend() -> str:
    """SQLAlchemy works on asyncio."""
    return "asyncio"


@pytest.fixture(scope="module")
def running() -> Iterator[PostgreSQLServer]:
    with run_engine(PostgreSQLServer) as server:
        yield server


@pytest.fixture
def server(running: PostgreSQLServer) -> PostgreSQLServer:
    """The server, with tables that are empty."""
    running.start()
    engine = plain_engine(running.url)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    return running


def make_app(url: str) -> Vivace:
    """An app that writes two rows in a request, or none."""
    db = Database(url)
    app = Vivace()

    @app.post("/heroes")
    async def create(name: str, session: Annotated[AsyncSession, db.session]) -> None:
        session.add(Team(name=name))
        await session.flush()
        await session.execute(text("SELECT pg_sleep(0.01)"))
        session.add(Hero(name=name))

    return app


def make_sync_app(url: str) -> Vivace:
    """The same in threads."""
    db = SyncDatabase(url)
    app = Vivace()

    @app.post("/heroes")
    def create(name: str, session: Annotated[Session, db.session]) -> None:
        session.add(Team(name=name))
        session.flush()
        session.execute(text("SELECT pg_sleep(0.01)"))
        session.add(Hero(name=name))

    return app


@pytest.mark.parametrize("make", [make_app, make_sync_app])
async def test_a_database_is_killed_during_requests(server: PostgreSQLServer, make: object) -> None:
    assert callable(make)
    statuses: dict[str, int] = {}
    first_is_done = asyncio.Event()
    async with AsyncTestClient(make(server.url), raise_server_exceptions=False) as client:

        async def create(name: str) -> None:
            response = await client.post(f"/heroes?name={name}")
            statuses[name] = response.status_code
            first_is_done.set()
            if response.status_code == 503:
                assert response.headers["Retry-After"] == "5"
                assert response.json() == {"detail": "The database cannot be reached at present."}

        async with asyncio.TaskGroup() as requests:
            for number in range(60):
                requests.create_task(create(f"during{number}"))
            await first_is_done.wait()
            # At once, before any of the others goes on.
            server.kill()
        assert {*statuses.values()} == {200, 503}

        # While it is away every request is told so, and none waits for long.
        await create("away")
        assert statuses["away"] == 503

        await asyncio.to_thread(server.start)
        async with asyncio.TaskGroup() as requests:
            for number in range(20):
                requests.create_task(create(f"after{number}"))
        assert {statuses[f"after{number}"] for number in range(20)} == {200}

    teams = {*await asyncio.to_thread(scalars, server.url, "SELECT name FROM teams")}
    heroes = {*await asyncio.to_thread(scalars, server.url, "SELECT name FROM heroes")}
    # Nothing is half written, and what was acknowledged is there. The database may have committed
    # one whose answer was lost.
    assert teams == heroes
    assert {name for name, status in statuses.items() if status == 200} <= heroes


async def test_a_restart_between_requests_is_not_noticed(server: PostgreSQLServer) -> None:
    async with AsyncTestClient(make_app(server.url)) as client:
        assert (await client.post("/heroes?name=before")).status_code == 200
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        assert (await client.post("/heroes?name=after")).status_code == 200


async def test_an_app_starts_while_its_database_is_away(server: PostgreSQLServer) -> None:
    server.kill()
    async with AsyncTestClient(make_app(server.url)) as client:
        assert (await client.post("/heroes?name=before")).status_code == 503
        server.start()
        assert (await client.post("/heroes?name=after")).status_code == 200
