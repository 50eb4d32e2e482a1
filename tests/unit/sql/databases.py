"""New databases for tests: files of SQLite, and databases on servers that are there.

Servers are looked for where ``VIVACE_TEST_POSTGRESQL`` and ``VIVACE_TEST_MARIADB`` say; where there
is none, the tests that need it are skipped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import pytest
from sqlalchemy import URL, Engine, NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

SERVERS = {
    "postgresql": os.environ.get(
        "VIVACE_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres"
    ),
    "mariadb": os.environ.get("VIVACE_TEST_MARIADB", "mariadb://root@127.0.0.1:3306/test"),
}
#: What the tests look into databases by.
DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
    "mariadb": "mariadb+pymysql",
}
KINDS = [*DRIVERS]


def plain_engine(url: str | URL) -> Engine:
    """An engine of SQLAlchemy's own, which keeps no connection."""
    parsed = make_url(url)
    return create_engine(
        parsed.set(drivername=DRIVERS[parsed.get_backend_name()]), poolclass=NullPool
    )


def execute(url: str | URL, *statements: str) -> None:
    """Execute statements, each committed by itself."""
    with plain_engine(url).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            connection.execute(text(statement))


def scalars(url: str | URL, query: str) -> list[object]:
    """The first column of what a query finds, over a connection of its own."""
    with plain_engine(url).connect() as connection:
        return [*connection.scalars(text(query))]


@contextmanager
def new_database(kind: str, directory: Path) -> Iterator[str]:
    """The address of an empty database, which names no driver."""
    name = f"vivace_test_{token_hex(6)}"
    if kind == "sqlite":
        yield f"sqlite:///{directory}/{name}.db"
        return
    server = make_url(SERVERS[kind]).set(drivername=kind)
    try:
        execute(server, f"CREATE DATABASE {name}")
    except OperationalError as error:
        pytest.skip(f"There is no {kind} at {server.render_as_string()}: {error.orig}")
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        force = " WITH (FORCE)" if kind == "postgresql" else ""
        execute(server, f"DROP DATABASE {name}{force}")
