"""The stores that the tests run on, each empty.

Servers are looked for where ``VIVACE_TEST_POSTGRESQL`` and ``VIVACE_TEST_REDIS`` say. Where there
is none, the tests that need it are skipped.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import pytest
import redis
from sqlalchemy import make_url
from tests.unit.auth.postgresql import execute, new_postgresql

from vivace.auth import (
    Attempts,
    Challenge,
    MemoryStore,
    RedisStore,
    Session,
    SplitStore,
    SQLStore,
    Store,
)
from vivace.auth.stores.database_url import read_url
from vivace.auth.stores.sql import migrate
from vivace.auth.stores.tables import metadata

REDIS = os.environ.get("VIVACE_TEST_REDIS", "redis://127.0.0.1:6379/15")

#: Gives a new store object each time, all on the same records.
MakeStore = Callable[[], Store]


@pytest.fixture
def anyio_backend() -> str:
    """SQLAlchemy and redis-py work on asyncio."""
    return "asyncio"


@pytest.fixture
def empty_postgresql() -> Iterator[str]:
    """A database of PostgreSQL without any tables."""
    with new_postgresql() as url:
        yield url


@pytest.fixture(scope="module")
def shop_database() -> Iterator[str]:
    """A database of PostgreSQL for an app that makes its tables."""
    with new_postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_postgresql() -> Iterator[str]:
    with new_postgresql() as url:
        asyncio.run(migrate(read_url(url)))
        yield url


@pytest.fixture
def postgresql(migrated_postgresql: str) -> str:
    """A database with tables that are empty."""
    # Quicker than TRUNCATE, for the few rows that a test leaves.
    tables = metadata.sorted_tables
    execute(migrated_postgresql, *(f"DELETE FROM {table.name}" for table in tables))
    return migrated_postgresql


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    asyncio.run(migrate(make_url(f"sqlite+aiosqlite:///{path}")))
    return path


@pytest.fixture
def sqlite(migrated_sqlite: Path, tmp_path: Path) -> str:
    """A file with tables that are empty."""
    shutil.copy(migrated_sqlite, tmp_path / "auth.db")
    return f"sqlite:///{tmp_path}/auth.db"


@contextmanager
def _new_prefix() -> Iterator[str]:
    prefix = f"vivace:test:{token_hex(6)}"
    with redis.Redis.from_url(REDIS) as client:
        try:
            client.ping()
        except redis.ConnectionError as error:
            pytest.skip(f"There is no Redis at {REDIS}: {error}")
        yield prefix
        for key in client.scan_iter(f"{prefix}*", count=1000):
            client.delete(key)


@pytest.fixture
def redis_prefix() -> Iterator[str]:
    """What keys in Redis may begin with: there are none that do."""
    with _new_prefix() as prefix:
        yield prefix


@pytest.fixture(scope="module")
def shop_prefix() -> Iterator[str]:
    """The same, for an app."""
    with _new_prefix() as prefix:
        yield prefix


def _make_memory(request: pytest.FixtureRequest) -> MakeStore:
    store = MemoryStore()
    return lambda: store


def _make_sqlite(request: pytest.FixtureRequest) -> MakeStore:
    url = request.getfixturevalue("sqlite")
    return lambda: SQLStore(url)


def _make_postgresql(request: pytest.FixtureRequest) -> MakeStore:
    url = request.getfixturevalue("postgresql")
    return lambda: SQLStore(url)


def _make_redis(request: pytest.FixtureRequest) -> MakeStore:
    prefix = request.getfixturevalue("redis_prefix")
    return lambda: RedisStore(REDIS, prefix=prefix)


def _make_split(request: pytest.FixtureRequest) -> MakeStore:
    make_rest, make_other = _make_sqlite(request), _make_redis(request)

    def make() -> Store:
        other = make_other()
        return SplitStore(make_rest(), {Session: other, Challenge: other, Attempts: other})

    return make


MAKERS = {
    "memory": _make_memory,
    "sqlite": _make_sqlite,
    "postgresql": _make_postgresql,
    "redis": _make_redis,
    "split": _make_split,
}


@pytest.fixture(params=MAKERS)
def make_store(request: pytest.FixtureRequest) -> MakeStore:
    return MAKERS[request.param](request)


@pytest.fixture(params=[name for name in MAKERS if name != "memory"])
def make_shared_store(request: pytest.FixtureRequest) -> MakeStore:
    """Of stores that several processes can use."""
    return MAKERS[request.param](request)


@pytest.fixture
async def store(make_store: MakeStore) -> AsyncIterator[Store]:
    store = make_store()
    await store.open()
    yield store
    await store.close()
