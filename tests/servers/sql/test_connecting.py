"""Connections that break: they are tried before they are used, and replaced."""

import socket
from secrets import token_hex
from typing import Annotated

import pytest
from sqlalchemy import make_url, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from tests.unit.sql.databases import execute
from tests.unit.sql.heroes import Hero, stored_names

from vivace import Vivace
from vivace.sql import Database, DatabaseSettings, SyncDatabase
from vivace.testclient import TestClient

from .proxy import Proxy


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
@pytest.mark.parametrize("is_async", [True, False])
def test_a_connection_that_was_cut_while_it_rested_fails_no_request(
    kind: str, is_async: bool, request: pytest.FixtureRequest
) -> None:
    url: str = request.getfixturevalue(kind)
    with Proxy(make_url(url)) as proxy:
        settings = DatabaseSettings(ping_after=0)
        address = proxy.address(url)
        app = Vivace()
        if is_async:
            db = Database(address, settings=settings)

            @app.get("/heroes")
            async def read(session: Annotated[AsyncSession, db.session]) -> list[str]:
                return [*await session.scalars(select(Hero.name))]
        else:
            sync_db = SyncDatabase(address, settings=settings)

            @app.get("/heroes")
            def read_in_thread(session: Annotated[Session, sync_db.session]) -> list[str]:
                return [*session.scalars(select(Hero.name))]

        with TestClient(app) as client:
            for _ in range(2):
                assert client.get("/heroes").json() == []
                proxy.cut()


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
@pytest.mark.parametrize("is_async", [True, False])
def test_a_connection_that_is_cut_during_a_request(
    kind: str, is_async: bool, request: pytest.FixtureRequest
) -> None:
    """The client is told to come back; nothing was written; and then all is well."""
    url: str = request.getfixturevalue(kind)
    with Proxy(make_url(url)) as proxy:
        address = proxy.address(url)
        app = Vivace()
        if is_async:
            db = Database(address)

            @app.post("/heroes")
            async def create(cut: bool, session: Annotated[AsyncSession, db.session]) -> None:
                session.add(Hero(name="ada"))
                await session.flush()
                if cut:
                    proxy.cut()
        else:
            sync_db = SyncDatabase(address)

            @app.post("/heroes")
            def create_in_thread(cut: bool, session: Annotated[Session, sync_db.session]) -> None:
                session.add(Hero(name="ada"))
                session.flush()
                if cut:
                    proxy.cut()

        with TestClient(app) as client:
            response = client.post("/heroes?cut=true")
            assert response.status_code == 503
            assert response.headers["Retry-After"] == "5"
            assert stored_names(url) == []
            assert client.post("/heroes?cut=false").status_code == 200
    assert stored_names(url) == ["ada"]


def test_a_server_that_does_not_answer_is_not_waited_for(postgresql: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        db = Database(
            f"postgresql://postgres@127.0.0.1:{port}/app",
            settings=DatabaseSettings(connect_timeout=0.1),
        )
        app = Vivace()

        @app.get("/heroes")
        async def read(session: Annotated[AsyncSession, db.session]) -> None:
            await session.execute(text("SELECT 1"))

        with TestClient(app) as client:
            assert client.get("/heroes").status_code == 503


def test_a_server_that_is_full_is_away(postgresql: str) -> None:
    name, guest = make_url(postgresql).database, f"vivace_guest_{token_hex(6)}"
    # A limit does not hold for the superuser.
    execute(postgresql, f"ALTER DATABASE {name} CONNECTION LIMIT 0", f"CREATE ROLE {guest} LOGIN")
    db = Database(make_url(postgresql).set(username=guest))
    app = Vivace()

    @app.get("/heroes")
    async def read(session: Annotated[AsyncSession, db.session]) -> None:
        await session.execute(text("SELECT 1"))

    with TestClient(app) as client:
        assert client.get("/heroes").status_code == 503
    execute(postgresql, f"ALTER DATABASE {name} CONNECTION LIMIT -1", f"DROP ROLE {guest}")
