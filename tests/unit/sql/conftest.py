"""A file of SQLite with the tables of :mod:`heroes`, empty for each test.

The same tests run on PostgreSQL and MariaDB in ``tests/servers/sql``.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .databases import new_database, plain_engine
from .heroes import Base


@pytest.fixture
def anyio_backend() -> str:
    """SQLAlchemy works on asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with new_database("sqlite", tmp_path_factory.mktemp("sqlite")) as url:
        Base.metadata.create_all(plain_engine(url))
        yield url


@pytest.fixture
def sqlite(sqlite_with_tables: str, tmp_path: Path) -> str:
    """A file with tables that are empty."""
    shutil.copy(sqlite_with_tables.removeprefix("sqlite:///"), tmp_path / "heroes.db")
    return f"sqlite:///{tmp_path}/heroes.db"


@pytest.fixture
def url(sqlite: str) -> str:
    """The database of tests that are the same on every kind; the address names no driver."""
    return sqlite
