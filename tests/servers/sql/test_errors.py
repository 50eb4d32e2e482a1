"""What a client is told when a server refuses."""

from typing import Any

import pytest
from sqlalchemy import select, text
from tests.unit.sql import test_errors
from tests.unit.sql.heroes import Hero, add_heroes
from tests.unit.sql.test_errors import BIG, collide, post_hero

from vivace.sql import Database, DatabaseSettings, SyncDatabase, Unavailable

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
