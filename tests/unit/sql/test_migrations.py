"""Revisions: what is made, and what is said. The whole way is tested on servers."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, inspect

from vivace.sql import NAMING_CONVENTION, SyncDatabase
from vivace.sql.migrations import Migrations, run_migrations

from .databases import execute, plain_engine


def make_tables(*, renamed: bool = False, more: bool = False) -> MetaData:
    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    Table("teams", metadata, Column("id", Integer, primary_key=True))
    Table(
        "heroes",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String(20), unique=True, nullable=more),
        Column("team_id", ForeignKey("teams.id", ondelete="CASCADE")),
        *([Column("age", Integer, nullable=False, server_default="20")] if more else []),
    )
    return metadata


def tables_of(url: str) -> set[str]:
    return {*inspect(plain_engine(url)).get_table_names()}


def test_what_is_made_is_clean(tmp_path: Path) -> None:
    directory = tmp_path / "migrations"
    db = SyncDatabase(f"sqlite:///{tmp_path}/app.db", metadata=make_tables())
    migrations = Migrations(db, directory)
    migrations.init()
    made = migrations.revision("First tables, and what's in them")
    by_hand = migrations.revision("By hand", autogenerate=False)
    assert made is not None
    assert by_hand is not None
    assert "from alembic import op" in by_hand.read_text()
    check = ["check", "--isolated", "--select", "E4,E7,E9,W,F,I"]
    # What is to be written by hand has not used its imports yet.
    for command in ([*check, "--exclude", by_hand.name], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", str(directory)]
        checked = subprocess.run(ruff, capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout
    names = [path.name for path in sorted((directory / "versions").glob("*.py"))]
    assert len(names) == 2
    assert all(re.fullmatch(r"\d{4}_\d\d_\d\d_[0-9a-f]{12}_\w+\.py", name) for name in names)


def test_it_says_where_the_database_is(tmp_path: Path) -> None:
    output = io.StringIO()
    db = SyncDatabase(f"sqlite:///{tmp_path}/app.db", metadata=make_tables())
    migrations = Migrations(db, tmp_path / "migrations", output=output)
    migrations.init()
    migrations.revision("First tables")
    migrations.print_current()
    assert output.getvalue() == ""
    migrations.upgrade()
    migrations.print_current()
    migrations.print_history()
    assert re.fullmatch(
        r"(\w+) \(head\)\n<base> -> \1 \(head\) \(current\), First tables\n", output.getvalue()
    )


def test_a_directory_that_is_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    migrations = Migrations(SyncDatabase("sqlite://"), tmp_path)
    with pytest.raises(FileExistsError, match="exists already"):
        migrations.init()


def test_a_migration_that_fails_has_changed_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/app.db"
    migrations = Migrations(SyncDatabase(url, metadata=make_tables()), tmp_path / "migrations")
    migrations.init()
    made = migrations.revision("First tables")
    assert made is not None
    text = made.read_text()
    made.write_text(text.replace("\n\n\ndef downgrade", "\n    1 / 0\n\n\ndef downgrade"))
    with pytest.raises(ZeroDivisionError):
        migrations.upgrade()
    assert tables_of(url) <= {"alembic_version"}


def test_tables_of_sign_in_are_left_to_its_own_migrations(tmp_path: Path) -> None:
    import vivace.auth.stores.tables as sign_in

    url = f"sqlite:///{tmp_path}/app.db"
    sign_in.metadata.create_all(plain_engine(url))
    execute(url, f"CREATE TABLE {sign_in.VERSION_TABLE} (version_num TEXT)")
    migrations = Migrations(SyncDatabase(url, metadata=make_tables()), tmp_path / "migrations")
    migrations.init()
    made = migrations.revision("First tables")
    assert made is not None
    assert "auth_" not in made.read_text()


def test_the_tables_of_several_packages(tmp_path: Path) -> None:
    other = MetaData()
    Table("notes", other, Column("id", Integer, primary_key=True))
    url = f"sqlite:///{tmp_path}/app.db"
    db = SyncDatabase(url, metadata=[make_tables(), other])
    migrations = Migrations(db, tmp_path / "migrations")
    migrations.init()
    migrations.revision("First tables")
    migrations.upgrade()
    migrations.check()
    assert tables_of(url) == {"alembic_version", "heroes", "notes", "teams"}


def test_env_takes_options_of_alembic_s(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/app.db"
    migrations = Migrations(SyncDatabase(url, metadata=make_tables()), tmp_path / "migrations")
    migrations.init()
    env = tmp_path / "migrations" / "env.py"
    env.write_text(env.read_text().replace("run_migrations()", "run_migrations(version_table='v')"))
    migrations.revision("First tables")
    migrations.upgrade()
    assert tables_of(url) == {"v", "heroes", "teams"}


def test_alembic_s_own_command_is_told_what_to_run(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    Migrations(SyncDatabase("sqlite://"), tmp_path / "migrations").init()
    config = Config()
    config.set_main_option("script_location", str(tmp_path / "migrations"))
    with pytest.raises(RuntimeError, match="run by `vivace db`"):
        command.current(config)
    assert callable(run_migrations)
