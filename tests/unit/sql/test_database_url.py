from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from vivace.extras import MissingPackage
from vivace.sql import Database, SyncDatabase, database_url
from vivace.sql.database_url import check_directory, read_url


@pytest.mark.parametrize(
    ("given", "is_async", "driver"),
    [
        ("sqlite:///app.db", True, "sqlite+aiosqlite"),
        ("sqlite+aiosqlite:////srv/app.db", True, "sqlite+aiosqlite"),
        ("sqlite:///app.db", False, "sqlite+pysqlite"),
        ("postgresql://ada@localhost/app", True, "postgresql+asyncpg"),
        ("postgres://ada@localhost/app", True, "postgresql+asyncpg"),
        ("postgresql+psycopg://ada@localhost/app", True, "postgresql+psycopg"),
        ("postgresql://ada@localhost/app", False, "postgresql+psycopg"),
        ("mysql://ada@localhost/app", True, "mysql+asyncmy"),
        ("mariadb://ada@localhost/app?charset=utf8mb4", True, "mariadb+asyncmy"),
        ("mariadb://ada@localhost/app", False, "mariadb+pymysql"),
    ],
)
def test_an_address_gets_a_driver_that_is_installed(
    given: str, is_async: bool, driver: str
) -> None:
    url = read_url(given, is_async=is_async)
    assert url.drivername == driver
    assert str(url).partition(":")[2] == given.partition(":")[2]


@pytest.mark.parametrize(
    ("given", "is_async", "message"),
    [
        ("hush", True, "no address of a database"),
        ("oracle://root:hush@localhost/app", True, "oracle is not supported"),
        ("sqlite+pysqlite:///app.db", True, r"pysqlite is not async.*aiosqlite here, or SyncD"),
        ("postgresql+asyncpg://a:hush@b/c", False, r"asyncpg is not sync.*psycopg here, or Datab"),
        ("postgresql+nothing://ada:hush@localhost/app", True, "no driver 'nothing'"),
    ],
)
def test_an_address_that_is_of_no_use_is_refused(given: str, is_async: bool, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        read_url(given, is_async=is_async)
    assert "hush" not in str(caught.value)


def test_the_next_driver_is_taken_where_the_first_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        database_url, "find_spec", lambda name: None if name == "asyncpg" else find_spec(name)
    )
    url = read_url("postgresql://ada@localhost/app", is_async=True)
    assert url.drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    ("given", "is_async", "install"),
    [
        ("sqlite:///app.db", True, '"vivace[sql]"'),
        ("postgresql://ada@localhost/app", True, '"vivace[postgresql]"'),
        ("mariadb://ada@localhost/app", True, '"vivace[mariadb]"'),
        ("postgresql://ada@localhost/app", False, '"psycopg[binary]"'),
        ("mysql://ada@localhost/app", False, "pymysql"),
    ],
)
def test_a_missing_driver_says_what_to_install(
    given: str, is_async: bool, install: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_url, "find_spec", lambda name: None)
    with pytest.raises(MissingPackage) as caught:
        (Database if is_async else SyncDatabase)(given)
    assert str(caught.value).endswith(f"pip install {install}")


def test_a_missing_driver_that_was_named_says_what_to_install() -> None:
    with pytest.raises(MissingPackage, match="pip install aiomysql"):
        read_url("mysql+aiomysql://ada@localhost/app", is_async=True)


def test_the_directory_of_a_file_has_to_be_there(tmp_path: Path) -> None:
    check_directory(read_url(f"sqlite:///{tmp_path}/app.db", is_async=True))
    check_directory(read_url("sqlite://", is_async=True))
    with pytest.raises(FileNotFoundError, match="There is no directory /nowhere"):
        check_directory(read_url("sqlite:////nowhere/app.db", is_async=True))
