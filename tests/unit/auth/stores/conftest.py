"""The stores that the tests run on, each empty.

Servers are looked for where ``VIVACE_TEST_POSTGRESQL`` and ``VIVACE_TEST_REDIS`` say. Where there
is none, the tests that need it are skipped. A worker of xdist has one database of each kind, whose
rows or tables are removed before each test.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import make_url
from tests.unit.auth.postgresql import execute, new_postgresql
from tests.unit.auth.redis_keys import REDIS, new_prefix, remove_keys

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

#: Quicker than TRUNCATE, for the few rows that a test leaves.
REMOVE_ALL = "; ".join(f"DELETE FROM {name}" for name in metadata.tables)

MakeStore = Callable[[], Store]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """SQLAlchemy and redis-py work on asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def some_postgresql() -> Iterator[str]:
    with new_postgresql() as url:
        yield url


@pytest.fixture
def empty_postgresql(some_postgresql: str) -> str:
    """A database of PostgreSQL without any tables."""
    # Quicker than a new database.
    execute(some_postgresql, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return some_postgresql


@pytest.fixture(scope="session")
def migrated_postgresql() -> Iterator[str]:
    with new_postgresql() as url:
        asyncio.run(migrate(read_url(url)))
        yield url


@pytest.fixture
def postgresql(migrated_postgresql: str) -> str:
    """A database with tables that are empty."""
    execute(migrated_postgresql, REMOVE_ALL)
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


@pytest.fixture
def redis_prefix() -> Iterator[str]:
    with new_prefix() as prefix:
        yield prefix


@dataclass(frozen=True)
class Place:
    """Where stores keep their records: one for all tests of a module, which empty it."""

    #: Gives a new store object each time, all on the same records.
    make: MakeStore
    empty: Callable[[], None]


@contextmanager
def _in_memory(request: pytest.FixtureRequest) -> Iterator[Place]:
    store = MemoryStore()
    yield Place(lambda: store, lambda: vars(store).update(vars(MemoryStore())))


@contextmanager
def _in_sqlite(request: pytest.FixtureRequest) -> Iterator[Place]:
    template: Path = request.getfixturevalue("migrated_sqlite")
    directory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    path = shutil.copy(template, directory.mktemp("sqlite") / "auth.db")

    def empty() -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(REMOVE_ALL)

    yield Place(lambda: SQLStore(f"sqlite:///{path}"), empty)


@contextmanager
def _in_postgresql(request: pytest.FixtureRequest) -> Iterator[Place]:
    url: str = request.getfixturevalue("migrated_postgresql")
    yield Place(lambda: SQLStore(url), lambda: execute(url, REMOVE_ALL))


@contextmanager
def _in_redis(request: pytest.FixtureRequest) -> Iterator[Place]:
    with new_prefix() as prefix:
        yield Place(lambda: RedisStore(REDIS, prefix=prefix), lambda: remove_keys(prefix))


@contextmanager
def _in_both(request: pytest.FixtureRequest) -> Iterator[Place]:
    with _in_sqlite(request) as rest, _in_redis(request) as other:

        def make() -> Store:
            redis = other.make()
            return SplitStore(rest.make(), {Session: redis, Challenge: redis, Attempts: redis})

        def empty() -> None:
            rest.empty()
            other.empty()

        yield Place(make, empty)


PLACES = {
    "memory": _in_memory,
    "sqlite": _in_sqlite,
    "postgresql": _in_postgresql,
    "redis": _in_redis,
    "split": _in_both,
}
#: Those that several processes can use.
SHARED_PLACES = [name for name in PLACES if name != "memory"]


@pytest.fixture(scope="module", params=PLACES)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with PLACES[request.param](request) as made:
        yield made


@pytest.fixture
def make_store(place: Place) -> MakeStore:
    place.empty()
    return place.make


@pytest.fixture(scope="module")
async def open_store(place: Place) -> AsyncIterator[Store]:
    store = place.make()
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def store(place: Place, open_store: Store) -> Store:
    """One that is open and empty."""
    place.empty()
    return open_store
