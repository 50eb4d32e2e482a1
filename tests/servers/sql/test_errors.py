"""What a client is told when a server refuses."""

from datetime import datetime
from typing import Annotated, Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from tests.unit.sql import test_errors
from tests.unit.sql.heroes import Hero, add_heroes
from tests.unit.sql.test_errors import BIG, collide, post_hero

from vivace import Vivace
from vivace.sql import Database, DatabaseSettings, SyncDatabase, Unavailable
from vivace.testclient import TestClient

from .sharing import shared_tests

globals().update(shared_tests(test_errors))


@pytest.mark.parametrize("values", [{"name": "a" * 30}, {"name": "ada", "age": BIG}])
def test_a_value_that_does_not_fit_its_column(url: str, values: dict[str, Any]) -> None:
    """SQLite takes columns less strictly."""
    assert post_hero(url, values).status_code == 422


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_text_with_a_nul_has_no_place_in_postgresql(postgresql: str, driver: str) -> None:
    url = postgresql.replace("postgresql:", f"postgresql+{driver}:")
    assert post_hero(url, {"name": "a\0b"}).status_code == 422


def test_a_time_that_its_column_cannot_hold(mariadb: str) -> None:
    db = Database(mariadb)
    app = Vivace()

    @app.post("/moments")
    async def create(moment: datetime, session: Annotated[AsyncSession, db.session]) -> None:
        await session.execute(text("CREATE TEMPORARY TABLE IF NOT EXISTS moments (at TIMESTAMP)"))
        await session.execute(text("INSERT INTO moments VALUES (:at)"), {"at": moment})

    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.post("/moments?moment=2020-01-01T00:00:00").status_code == 200
        assert client.post("/moments?moment=0999-01-01T00:00:00").status_code == 422


@pytest.mark.anyio
async def test_a_deadlock_ends_one_of_two(url: str) -> None:
    add_heroes(url, "ada", "bob")
    ada = "UPDATE heroes SET age = age + 1 WHERE name = 'ada'"
    bob = "UPDATE heroes SET age = age + 1 WHERE name = 'bob'"
    assert await collide(url, [ada, bob], [bob, ada]) == [200, 503]


@pytest.mark.anyio
async def test_a_serialisation_failure_ends_one_of_two(postgresql: str) -> None:
    add_heroes(postgresql, "ada")
    settings = DatabaseSettings(engine_options={"isolation_level": "SERIALIZABLE"})
    db = Database(postgresql, settings=settings)

    with pytest.raises(Unavailable):
        async with db.begin() as one:
            await one.scalars(select(Hero))
            async with db.begin() as other:
                await other.execute(text("UPDATE heroes SET age = 30"))
            await one.execute(text("UPDATE heroes SET age = 40"))
    await db.close()


def test_a_table_that_is_locked_for_long(mariadb: str) -> None:
    """The wait for a lock ends with the statement's time."""
    add_heroes(mariadb, "ada")
    locked = SyncDatabase(mariadb)
    waiting = SyncDatabase(mariadb, settings=DatabaseSettings(statement_timeout=0.1))
    with locked.begin() as session:
        session.execute(text("UPDATE heroes SET age = 30"))
        with pytest.raises(Unavailable), waiting.begin() as other:
            other.execute(text("UPDATE heroes SET age = 40"))
    locked.close()
    waiting.close()
