"""Databases of each kind with the tables of :mod:`heroes`, empty for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .databases import KINDS, execute, new_database, plain_engine
from .heroes import Base


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
    yield from _new_with_tables("sqlite", tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from _new_with_tables("postgresql", tmp_path_factory.mktemp("postgresql"))


@pytest.fixture(scope="session")
def mariadb_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from _new_with_tables("mariadb", tmp_path_factory.mktemp("mariadb"))


@pytest.fixture
def sqlite(sqlite_with_tables: str, tmp_path: Path) -> str:
    """A file with tables that are empty."""
    shutil.copy(sqlite_with_tables.removeprefix("sqlite:///"), tmp_path / "heroes.db")
    return f"sqlite:///{tmp_path}/heroes.db"


def _emptied(url: str) -> str:
    execute(url, *(f"DELETE FROM {table.name}" for table in reversed(Base.metadata.sorted_tables)))
    return url


@pytest.fixture
def postgresql(postgresql_with_tables: str) -> str:
    return _emptied(postgresql_with_tables)


@pytest.fixture
def mariadb(mariadb_with_tables: str) -> str:
    return _emptied(mariadb_with_tables)


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest) -> str:
    """A database of each kind with tables that are empty; the address names no driver."""
    found: str = request.getfixturevalue(request.param)
    return found
