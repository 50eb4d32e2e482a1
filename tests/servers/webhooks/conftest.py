from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.sql.databases import new_database

from .receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of each kind, for what their transactions are part of."""
    with new_database(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[str]:
    with new_database("sqlite", tmp_path) as url:
        yield url


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[str]:
    with new_database("postgresql", tmp_path) as url:
        yield url


@pytest.fixture
def anyio_backend() -> str:
    """SQLAlchemy works on asyncio."""
    return "asyncio"
