from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, make_url
from sqlalchemy.exc import OperationalError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vivace.auth.stores.database_url import make_engine, make_transaction_engine, read_url
from vivace.extras import MissingPackage


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("sqlite:///app.db", "sqlite+aiosqlite"),
        ("sqlite+aiosqlite:////srv/app.db", "sqlite+aiosqlite"),
        ("postgresql://ada@localhost/app", "postgresql+asyncpg"),
        ("postgres://ada@localhost/app", "postgresql+asyncpg"),
        ("postgresql+asyncpg://ada@localhost/app?ssl=require", "postgresql+asyncpg"),
    ],
)
def test_an_address_gets_the_asynchronous_driver(given: str, driver: str) -> None:
    url = read_url(given)
    assert url.drivername == driver
    assert str(url).partition(":")[2] == given.partition(":")[2]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("hush", "no address of a database"),
        ("mysql://root:hush@localhost/app", "mysql is not supported"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite+pysqlite:///app.db", r"pysqlite is not asynchronous: use sqlite\+aiosqlite"),
        ("postgresql+nothing://ada:hush@localhost/app", "no driver 'nothing'"),
    ],
)
def test_an_address_that_is_of_no_use_is_refused(given: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        read_url(given)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("driver", "address", "extra"),
    [
        ("asyncpg", "postgresql://ada@localhost/app", "postgresql"),
        ("aiosqlite", "sqlite:///app.db", "auth"),
    ],
)
def test_a_missing_driver_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, driver: str, address: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(MissingPackage, match=rf'{driver} .*pip install "vivace\[{extra}\]"'):
        read_url(address)


def test_an_address_may_be_parsed_already() -> None:
    assert read_url(make_url("sqlite:///app.db")) == make_url("sqlite+aiosqlite:///app.db")


def test_a_password_stays_in_the_address_and_is_not_shown() -> None:
    url = read_url("postgresql://ada:h%40sh@localhost/app")
    assert url.password == "h@sh"
    assert "sh@" not in str(url)


@pytest.fixture
def url(tmp_path: Path) -> URL:
    return read_url(f"sqlite:///{tmp_path / 'app.db'}")


@asynccontextmanager
async def connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


@pytest.mark.parametrize("make", [make_engine, make_transaction_engine])
def test_a_directory_that_is_missing_is_named(
    tmp_path: Path, make: Callable[..., AsyncEngine]
) -> None:
    url = read_url(f"sqlite:///{tmp_path}/missing/app.db")
    with pytest.raises(FileNotFoundError, match=r"There is no directory .*/missing for"):
        make(url, {})


def test_a_uri_of_sqlite_is_left_to_sqlite() -> None:
    make_engine(read_url("sqlite:///file:missing/app.db?uri=true"), {})


@pytest.mark.anyio
async def test_each_statement_is_a_transaction(url: URL) -> None:
    async with connected(make_engine(url, {})) as writer:
        await writer.exec_driver_sql("CREATE TABLE bird (name TEXT)")
        await writer.exec_driver_sql("INSERT INTO bird VALUES ('wren')")
        async with connected(make_engine(url, {})) as reader:
            rows = await reader.exec_driver_sql("SELECT name FROM bird")
            assert rows.scalars().all() == ["wren"]


@pytest.mark.anyio
async def test_a_transaction_is_rolled_back_with_its_tables(url: URL) -> None:
    engine = make_transaction_engine(url, {})
    with pytest.raises(LookupError):
        async with engine.begin() as connection:
            await connection.exec_driver_sql("CREATE TABLE bird (name TEXT)")
            raise LookupError
    async with connected(engine) as connection:
        rows = await connection.exec_driver_sql("SELECT name FROM sqlite_schema")
        assert rows.all() == []


@pytest.mark.anyio
async def test_a_transaction_has_its_turn_to_write_from_the_start(url: URL) -> None:
    first = make_transaction_engine(url, {})
    second = make_transaction_engine(url, {"connect_args": {"timeout": 0}})
    async with connected(first) as holder:
        await holder.exec_driver_sql("SELECT 1")
        with pytest.raises(OperationalError, match="locked"):
            async with connected(second) as other:
                await other.exec_driver_sql("SELECT 1")
    await second.dispose()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("options", "milliseconds"), [({}, 30_000), ({"connect_args": {"timeout": 2}}, 2000)]
)
@pytest.mark.parametrize("make", [make_engine, make_transaction_engine])
async def test_a_process_waits_for_its_turn_as_long_as_it_is_told(
    url: URL, make: Callable[..., AsyncEngine], options: dict[str, Any], milliseconds: int
) -> None:
    async with connected(make(url, options)) as connection:
        timeout = await connection.exec_driver_sql("PRAGMA busy_timeout")
        assert timeout.scalar_one() == milliseconds


@pytest.mark.anyio
@pytest.mark.parametrize("make", [make_engine, make_transaction_engine])
async def test_errors_do_not_show_parameters(url: URL, make: Callable[..., AsyncEngine]) -> None:
    async with connected(make(url, {})) as connection:
        with pytest.raises(StatementError) as caught:
            await connection.exec_driver_sql("SELECT missing WHERE 1 = ?", ("hush",))
    assert "hush" not in str(caught.value)


def test_a_connection_that_a_server_has_closed_is_noticed() -> None:
    engine = make_engine(read_url("postgresql://ada@localhost/app"), {"pool_size": 3})
    assert engine.pool._pre_ping
    assert engine.pool.size() == 3  # type: ignore[attr-defined]
