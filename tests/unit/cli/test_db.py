"""``vivace db``: which database is meant, and what is said."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import Result

from .conftest import Run, Write

TABLES = """
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from vivace.sql import NAMING_CONVENTION, Database


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class Hero(Base):
    __tablename__ = "heroes"

    id: Mapped[int] = mapped_column(primary_key=True)


db = Database("{url}", metadata=Base.metadata)
"""
APP = """
from vivace import Vivace

print("starting")
app = Vivace()
"""


def write_app(write: Write, url: str = "sqlite:///heroes.db") -> None:
    write("main.py", TABLES.format(url=url) + APP)


def test_the_whole_way(run: Run, write: Write, project: Path) -> None:
    write_app(write)
    made = run("db", "init")
    assert made.exit_code == 0, made.stderr
    assert made.stdout == "Made migrations. Next: vivace db revision -m 'First tables'\n"
    assert sorted(path.name for path in (project / "migrations").iterdir()) == [
        "env.py",
        "script.py.mako",
        "versions",
    ]
    assert run("db", "check").exit_code == 1

    revision = run("db", "revision", "-m", "First tables")
    assert revision.exit_code == 0, revision.stderr
    assert re.fullmatch(
        r"Made .*_first_tables\.py\. Read it before you apply it: vivace db upgrade\n",
        revision.stdout,
    )
    early = run("db", "revision", "-m", "Too early")
    assert early.exit_code == 1
    assert early.stderr.endswith("Error: Target database is not up to date.\nvivace db upgrade\n")

    upgraded = run("db", "upgrade")
    assert re.fullmatch(r"Running upgrade  -> \w+, First tables\n", upgraded.stdout)
    assert run("db", "current").stdout.endswith(" (head)\n")
    assert run("db", "check").exit_code == 0
    assert run("db", "revision", "-m", "Again").stdout == "Nothing has changed.\n"
    assert run("db", "history").stdout.startswith("<base> -> ")

    assert "Running downgrade" in run("db", "downgrade", "-1").stdout
    assert run("db", "current").stdout == ""
    assert "Running" not in run("db", "upgrade", "--sql").stdout.splitlines()[0]
    assert run("db", "revision", "-m", "By hand", "--empty").exit_code == 0


def test_pyproject_says_where_the_database_and_the_revisions_are(
    run: Run, write: Write, project: Path
) -> None:
    write("shop/__init__.py", "")
    write("shop/tables.py", TABLES.format(url="sqlite:///heroes.db"))
    write(
        "pyproject.toml",
        '[tool.vivace]\ndatabase = "shop.tables:db"\nmigrations = "shop/revisions"\n',
    )
    result = run("db", "init")
    assert result.exit_code == 0, result.stderr
    assert (project / "shop" / "revisions" / "env.py").exists()
    # What is said on the command line counts for more.
    assert run("db", "init", "-d", "other", "--database", "shop.tables:db").exit_code == 0
    assert (project / "other" / "env.py").exists()


def test_the_app_leads_to_its_database(run: Run, write: Write, project: Path) -> None:
    write("shop/__init__.py", "")
    write("shop/tables.py", TABLES.format(url="sqlite:///heroes.db"))
    write("shop/web.py", "from shop.tables import db, db as same\n" + APP)
    result = run("db", "init", "-e", "shop.web:app")
    assert result.exit_code == 0, result.stderr


SECOND = "\narchive = Database('sqlite:///archive.db')\n"


@pytest.mark.parametrize(
    ("program", "arguments", "message"),
    [
        (APP, [], "There is no database in main.\nSay where it is: in pyproject.toml"),
        (
            TABLES.format(url="sqlite:///heroes.db") + SECOND + APP,
            [],
            "main holds several databases: db, archive.\nSay which one is meant, for example",
        ),
        (
            TABLES.format(url="sqlite:///heroes.db") + APP,
            ["--database", "nothing"],
            "There is no database 'nothing' in main.",
        ),
        (
            TABLES.format(url="sqlite:////nowhere/heroes.db") + APP,
            [],
            "There is no directory /nowhere for the database.",
        ),
        (
            TABLES.format(url="postgresql://postgres@127.0.0.1:1/app") + APP,
            [],
            "The database cannot be reached: ",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    run: Run, write: Write, program: str, arguments: list[str], message: str
) -> None:
    write("main.py", TABLES.format(url="sqlite:///heroes.db") + APP)
    assert run("db", "init").exit_code == 0
    write("main.py", program)
    result = run_fresh(run, "db", "current", *arguments)
    assert result.exit_code == 1
    assert f"Error: {message}" in result.stderr


def run_fresh(run: Run, *arguments: str) -> Result:

    sys.modules.pop("main", None)
    return run(*arguments)


def test_one_of_several_databases_can_be_named(run: Run, write: Write) -> None:
    write("main.py", TABLES.format(url="sqlite:///heroes.db") + SECOND + APP)
    assert run("db", "init", "--database", "archive").exit_code == 0


def test_a_directory_that_is_in_use_is_left_alone(run: Run, write: Write) -> None:
    write_app(write)
    write("migrations/env.py", "")
    result = run("db", "init")
    assert result.exit_code == 1
    assert "migrations exists already.\nChoose another one with --directory." in result.stderr


def test_what_is_missing_is_said_with_what_installs_it(
    run: Run, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:

    monkeypatch.setitem(sys.modules, "alembic.util", None)
    write_app(write)
    result = run("db", "init")
    assert result.exit_code == 1
    assert 'pip install "vivace[sql]"' in result.stderr


def test_other_commands_do_not_wait_for_sqlalchemy() -> None:
    program = "import sys, vivace.cli.commands; print('sqlalchemy' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert printed.stdout == "False\n", printed.stderr
