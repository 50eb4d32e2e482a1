"""Databases on servers with the tables of the unit tests, empty for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.sql.databases import execute, new_database, plain_engine
from tests.unit.sql.heroes import Base

SERVERS = ["postgresql", "mariadb"]


@pytest.fixture
def anyio_backend() -> str:
    """SQLAlchemy works on asyncio."""
    return "asyncio"


def _new_with_tables(kind: str) -> Iterator[str]:
    with new_database(kind, Path()) as url:
        Base.metadata.create_all(plain_engine(url))
        yield url


@pytest.fixture(scope="session")
def postgresql_with_tables() -> Iterator[str]:
    yield from _new_with_tables("postgresql")


@pytest.fixture(scope="session")
def mariadb_with_tables() -> Iterator[str]:
    yield from _new_with_tables("mariadb")


def _emptied(url: str) -> str:
    execute(url, *(f"DELETE FROM {table.name}" for table in reversed(Base.metadata.sorted_tables)))
    return url


@pytest.fixture
def postgresql(postgresql_with_tables: str) -> str:
    return _emptied(postgresql_with_tables)


@pytest.fixture
def mariadb(mariadb_with_tables: str) -> str:
    return _emptied(mariadb_with_tables)


@pytest.fixture(params=SERVERS)
def url(request: pytest.FixtureRequest) -> str:
    """A database of each kind with tables that are empty; the address names no driver."""
    found: str = request.getfixturevalue(request.param)
    return found
