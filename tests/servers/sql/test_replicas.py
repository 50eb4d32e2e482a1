"""Replicas that are read in turn, that go away and come back."""

import asyncio
from collections.abc import Iterator
from typing import Annotated

import pytest
from sqlalchemy import make_url, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from tests.unit.sql.databases import new_database, plain_engine
from tests.unit.sql.heroes import Base, Hero, add_heroes
from tests.unit.sql.test_connecting import test_reading_sessions_go_to_replicas_in_turn

from vivace import Vivace
from vivace.sql import Database, DatabaseSettings, SyncDatabase
from vivace.testclient import AsyncTestClient, TestClient

from .conftest import SERVERS
from .proxy import Proxy

__all__ = ["test_reading_sessions_go_to_replicas_in_turn"]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(kind, marks=pytest.mark.xdist_group(f"replicas on {kind}")) for kind in SERVERS
    ],
)
def databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[str]]:
    """A primary and two replicas; who is in them tells which one was read."""
    directory = tmp_path_factory.mktemp("replicas")
    with (
        new_database(request.param, directory) as primary,
        new_database(request.param, directory) as first,
        new_database(request.param, directory) as second,
    ):
        for name, url in (("primary", primary), ("first", first), ("second", second)):
            Base.metadata.create_all(plain_engine(url))
            add_heroes(url, name)
        yield [primary, first, second]


def test_the_primary_is_read_where_no_replica_is_there(databases: list[str]) -> None:
    url, replica, _ = databases
    with Proxy(make_url(replica)) as proxy:
        proxy.stop()
        settings = DatabaseSettings(replica_retry=0.05)
        db = Database(url, replicas=[proxy.address(replica)], settings=settings)
        app = Vivace()

        @app.get("/heroes")
        async def read(session: Annotated[AsyncSession, db.read_session]) -> str:
            return (await session.scalars(select(Hero.name))).one()

        async def ask() -> list[str]:
            async with AsyncTestClient(app) as client:
                answers = [(await client.get("/heroes")).json()]
                proxy.start()
                await asyncio.sleep(0.06)
                # It is back, and read from again.
                return [*answers, (await client.get("/heroes")).json()]

        assert asyncio.run(ask()) == ["primary", "first"]


def test_a_replica_that_goes_away_is_replaced(databases: list[str]) -> None:
    url, replica, _ = databases
    with Proxy(make_url(replica)) as proxy:
        settings = DatabaseSettings(ping_after=0)
        db = SyncDatabase(url, replicas=[proxy.address(replica)], settings=settings)
        app = Vivace()

        @app.get("/heroes")
        def read(session: Annotated[Session, db.read_session]) -> str:
            return session.scalars(select(Hero.name)).one()

        with TestClient(app) as client:
            assert client.get("/heroes").json() == "first"
            proxy.stop()
            assert client.get("/heroes").json() == "primary"
