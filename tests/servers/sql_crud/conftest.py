"""Databases on servers with the tables of the unit tests, empty for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.sql.crud.library import Base
from tests.unit.sql.databases import new_database, plain_engine


@pytest.fixture
def anyio_backend() -> str:
    """SQLAlchemy works on asyncio."""
    return "asyncio"


def _new_with_tables(kind: str, directory: Path) -> Iterator[str]:
    with new_database(kind, directory) as url:
        Base.metadata.create_all(plain_engine(url))
        yield url


@pytest.fixture(scope="session")
def sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from _new_with_tables("sqlite", tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="session")
def postgresql_with_tables() -> Iterator[str]:
    yield from _new_with_tables("postgresql", Path())


@pytest.fixture(scope="session")
def mariadb_with_tables() -> Iterator[str]:
    yield from _new_with_tables("mariadb", Path())


def _emptied(url: str) -> str:
    with plain_engine(url).begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
    return url


@pytest.fixture(params=["postgresql", "mariadb"])
def url(request: pytest.FixtureRequest) -> str:
    """A database on each server, for tests that the unit tests make on SQLite."""
    return _emptied(request.getfixturevalue(f"{request.param}_with_tables"))


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def any_url(request: pytest.FixtureRequest) -> str:
    """A database of each kind."""
    return _emptied(request.getfixturevalue(f"{request.param}_with_tables"))
