"""Revisions, from nothing to the second one and back, on each database."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.util import CommandError
from sqlalchemy import inspect
from tests.unit.sql.databases import KINDS, execute, new_database, plain_engine, scalars
from tests.unit.sql.test_migrations import make_tables, tables_of

from vivace.sql import Database, SyncDatabase
from vivace.sql.migrations import Migrations


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with new_database(request.param, tmp_path) as url:
        yield url


def columns_of(url: str) -> set[str]:
    return {column["name"] for column in inspect(plain_engine(url)).get_columns("heroes")}


@pytest.mark.parametrize("database_class", [Database, SyncDatabase])
def test_the_whole_way(
    empty: str, tmp_path: Path, database_class: type[Database] | type[SyncDatabase]
) -> None:
    directory = tmp_path / "migrations"
    first = Migrations(database_class(empty, metadata=make_tables()), directory)
    first.init()
    with pytest.raises(CommandError, match="New upgrade operations"):
        first.check()
    made = first.revision("First tables")
    assert made is not None
    first.upgrade()
    assert tables_of(empty) == {"alembic_version", "heroes", "teams"}
    first.check()
    assert first.revision("Again") is None
    execute(empty, "INSERT INTO teams VALUES (1)", "INSERT INTO heroes VALUES (1, 'ada', 1)")

    second = Migrations(database_class(empty, metadata=make_tables(more=True)), directory)
    assert second.revision("Age of heroes") is not None
    with pytest.raises(CommandError, match="not up to date"):
        second.revision("Too early")
    second.upgrade()
    # SQLite makes the table anew; what refers to it, and what is in it, stays.
    assert scalars(empty, "SELECT age FROM heroes WHERE team_id = 1") == [20]
    second.check()

    second.downgrade("-1")
    assert columns_of(empty) == {"id", "name", "team_id"}
    second.upgrade()
    second.downgrade("base")
    assert tables_of(empty) == {"alembic_version"}


def test_the_sql_can_be_printed(tmp_path: Path, empty: str) -> None:
    output = io.StringIO()
    migrations = Migrations(
        Database(empty, metadata=make_tables()), tmp_path / "migrations", output=output
    )
    migrations.init()
    migrations.revision("First tables")
    migrations.print_sql()
    assert "CREATE TABLE heroes" in output.getvalue()
    assert "heroes" not in tables_of(empty)


def test_several_processes_may_migrate_at_once(empty: str, tmp_path: Path) -> None:
    migrations = Migrations(SyncDatabase(empty, metadata=make_tables()), tmp_path / "migrations")
    migrations.init()
    migrations.revision("First tables")
    # Alembic's own state is that of a process.
    program = (
        "from pathlib import Path; from vivace.sql import Database; "
        "from vivace.sql.migrations import Migrations; "
        f"Migrations(Database({empty!r}), Path({str(tmp_path / 'migrations')!r})).upgrade()"
    )
    command = [sys.executable, "-c", program]

    def run(_: int) -> int:
        return subprocess.run(command, capture_output=True).returncode

    with ThreadPoolExecutor(2) as pool:
        assert [*pool.map(run, range(2))] == [0, 0]
    assert tables_of(empty) == {"alembic_version", "heroes", "teams"}
