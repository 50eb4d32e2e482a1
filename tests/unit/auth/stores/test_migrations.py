from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner, Result

from vivace.auth import Record, Session, SQLStore, User
from vivace.auth.__main__ import app
from vivace.auth.stores.database_url import make_transaction_engine, read_url
from vivace.auth.stores.records import now
from vivace.auth.stores.sql import NotMigrated, migrate
from vivace.auth.stores.tables import VERSION_TABLE, metadata

T = TypeVar("T")


@pytest.fixture
def empty_sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/empty.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest) -> str:
    """The address of a database without tables."""
    url: str = request.getfixturevalue(f"empty_{request.param}")
    return url


def with_connection(url: str, work: Callable[[Connection], T]) -> T:
    async def run() -> T:
        engine = make_transaction_engine(read_url(url), {})
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(work)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def describe(connection: Connection) -> dict[str, Any]:
    """All that the database says of its tables."""
    inspector = inspect(connection)
    return {
        name: {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"], column["default"])
                for column in inspector.get_columns(name)
            ],
            "primary key": inspector.get_pk_constraint(name),
            "unique": sorted(inspector.get_unique_constraints(name), key=repr),
            "indexes": sorted(inspector.get_indexes(name), key=repr),
            "foreign keys": inspector.get_foreign_keys(name),
            "checks": inspector.get_check_constraints(name),
        }
        for name in inspector.get_table_names()
        if name != VERSION_TABLE
    }


def command(*arguments: str, **variables: str) -> Result:
    return CliRunner().invoke(app, arguments, env=variables, catch_exceptions=False)


def test_migrations_yield_exactly_the_tables_of_the_records(empty: str) -> None:
    def make_and_describe(connection: Connection) -> dict[str, Any]:
        metadata.create_all(connection)
        made = describe(connection)
        metadata.drop_all(connection)
        return made

    made = with_connection(empty, make_and_describe)
    assert len(made) == len(metadata.tables)
    asyncio.run(migrate(read_url(empty)))
    assert with_connection(empty, describe) == made


def test_alembic_finds_nothing_left_to_migrate(empty: str) -> None:
    asyncio.run(migrate(read_url(empty)))

    def compare(connection: Connection) -> list[Any]:
        options = {"compare_type": True, "version_table": VERSION_TABLE}
        context = MigrationContext.configure(connection, opts=options)
        found: list[Any] = compare_metadata(context, metadata)
        return found

    assert with_connection(empty, compare) == []


def test_migrating_again_changes_nothing(empty: str) -> None:
    for _ in range(2):
        asyncio.run(migrate(read_url(empty)))


def test_a_migration_that_fails_has_changed_nothing(empty: str) -> None:
    # The last of the tables that the first revision makes.
    def take_the_name(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE auth_user (name VARCHAR)"))

    with_connection(empty, take_the_name)
    with pytest.raises(DBAPIError, match="auth_user"):
        asyncio.run(migrate(read_url(empty)))
    assert list(with_connection(empty, describe)) == ["auth_user"]


def test_several_processes_may_migrate_at_once(empty: str) -> None:
    """Each store opens connections of its own, as each process does."""

    async def start_all() -> None:
        stores = [SQLStore(empty, create_tables=True) for _ in range(5)]
        await asyncio.gather(*(store.open() for store in stores))
        await stores[0].add(User(name="ada"))
        for store in stores:
            assert len(await store.find(User)) == 1
            await store.close()

    asyncio.run(start_all())


def test_a_store_says_how_to_get_the_tables_that_are_missing(empty: str) -> None:
    async def open_and_close() -> None:
        store = SQLStore(empty)
        try:
            await store.open()
        finally:
            await store.close()

    with pytest.raises(NotMigrated, match=r"python -m vivace\.auth migrate .*://"):
        asyncio.run(open_and_close())
    asyncio.run(migrate(read_url(empty)))
    asyncio.run(open_and_close())

    def forget(connection: Connection) -> None:
        connection.execute(text("DROP INDEX ix_auth_session_expires_at"))
        connection.execute(text("ALTER TABLE auth_session DROP COLUMN expires_at"))

    with_connection(empty, forget)
    with pytest.raises(NotMigrated, match="of an older version"):
        asyncio.run(open_and_close())


def test_the_command_makes_and_removes_the_tables(empty: str) -> None:
    assert command("current", empty).stdout == "no tables (the newest is 0001)\n"
    made = command("migrate", empty)
    assert (made.exit_code, made.stdout, made.stderr) == (0, "0001\n", "")
    assert command("current", VIVACE_AUTH_DATABASE=empty).stdout == "0001\n"
    gone = command("downgrade", empty, "--to", "base")
    assert (gone.exit_code, gone.stdout) == (0, "no tables (the newest is 0001)\n")
    assert with_connection(empty, describe) == {}


def test_the_command_removes_what_has_expired(empty: str) -> None:
    async def keep(*records: Record) -> None:
        store = SQLStore(empty)
        for record in records:
            await store.add(record)
        await store.close()

    def session(days: int) -> Session:
        return Session(user_id="ada", epoch=0, expires_at=now() + timedelta(days=days))

    refused = command("purge", empty)
    assert (refused.exit_code, "auth_" in refused.stderr) == (1, True)
    assert command("migrate", empty).exit_code == 0
    asyncio.run(keep(session(-1), session(1)))
    assert command("purge", empty).stdout == "removed 1 record\n"
    assert command("purge", empty).stdout == "removed 0 records\n"


# aiosqlite's thread may speak up after the loop of a connection that failed has ended.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["migrate", "nonsense"], "This is no address of a database"),
        (["migrate", "mysql://root@localhost/app"], "mysql is not supported"),
        (["migrate", "sqlite:////nowhere/app.db"], "There is no directory /nowhere"),
        (["current", "postgresql://ada:hush@127.0.0.1:1/app"], "Connect call failed"),
        (["downgrade", "sqlite:////nowhere/app.db"], "Missing option '--to'"),
    ],
)
def test_the_command_reports_what_its_user_can_mend(arguments: list[str], message: str) -> None:
    result = command(*arguments)
    assert result.exit_code != 0
    assert message in result.stderr
    assert "hush" not in result.output


def test_the_command_reports_a_revision_that_is_not_there(empty_sqlite: str) -> None:
    result = command("migrate", empty_sqlite, "--to", "9999")
    assert result.exit_code == 1
    assert "'9999'" in result.stderr


def test_the_revision_is_noted_apart_from_the_app_s_own(empty: str) -> None:
    asyncio.run(migrate(read_url(empty)))
    names = with_connection(empty, lambda connection: inspect(connection).get_table_names())
    assert VERSION_TABLE in names
    assert "alembic_version" not in names
