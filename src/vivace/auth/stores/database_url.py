"""Addresses of databases, and engines for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from vivace.extras import MissingPackage

#: The asynchronous driver of an address that names none.
DRIVERS = {"sqlite": "aiosqlite", "postgresql": "asyncpg"}
#: Which extra brings a driver.
EXTRAS = {"aiosqlite": "auth", "asyncpg": "postgresql"}
#: For how many seconds a process waits for its turn to write to an SQLite file.
BUSY_TIMEOUT = 30.0


def read_url(url: str | URL) -> URL:
    """The address with an asynchronous driver: ``sqlite:///app.db`` is for aiosqlite.

    Raises:
        ValueError: It is no address, not one of SQLite or PostgreSQL, or one of a database in
            memory.
        MissingPackage: The driver is not installed.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        # The address is not repeated, as there may be a password in it.
        raise ValueError(
            "This is no address of a database. One looks like sqlite:///app.db or "
            "postgresql://user:password@host/name."
        ) from None
    backend, _, driver = parsed.drivername.partition("+")
    backend = {"postgres": "postgresql"}.get(backend, backend)
    if backend not in DRIVERS:
        raise ValueError(f"{backend} is not supported: use sqlite or postgresql.")
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ValueError(
            "A database in memory is gone with its connection. Use MemoryStore, or a file."
        )
    parsed = parsed.set(drivername=f"{backend}+{driver or DRIVERS[backend]}")
    _check_driver(parsed)
    return parsed


def _check_driver(url: URL) -> None:
    driver = url.get_driver_name()
    try:
        dialect = url.get_dialect()
        dialect.import_dbapi()
    except NoSuchModuleError:
        raise ValueError(f"There is no driver {driver!r} for {url.get_backend_name()}.") from None
    except ImportError:
        raise MissingPackage(driver, EXTRAS.get(driver)) from None
    if not dialect.is_async:
        raise ValueError(
            f"{driver} is not asynchronous: use {url.get_backend_name()}+"
            f"{DRIVERS[url.get_backend_name()]}."
        )


def make_engine(url: URL, options: Mapping[str, Any]) -> AsyncEngine:
    """An engine for single statements, each of which is a transaction.

    No method of a store needs more than one, so nothing waits between a ``BEGIN`` and a
    ``COMMIT``, neither for the network nor with a lock held.

    Raises:
        FileNotFoundError: The directory that an SQLite file is to be in is not there.
    """
    chosen: dict[str, Any] = {"isolation_level": "AUTOCOMMIT", "pool_reset_on_return": None}
    if not _is_sqlite(url):
        # A connection that the server has closed meanwhile is noticed, and made anew.
        chosen["pool_pre_ping"] = True
    return _make_engine(url, chosen | dict(options))


def make_transaction_engine(url: URL, options: Mapping[str, Any]) -> AsyncEngine:
    """An engine for transactions that read and then write, one at a time on SQLite."""
    engine = _make_engine(url, dict(options))
    if _is_sqlite(url):
        # Python's driver would begin at the first INSERT, with DDL outside; and a transaction
        # that begins as a reader cannot wait for its turn to write
        # (https://www.sqlite.org/lang_transaction.html).
        @event.listens_for(engine.sync_engine, "connect")
        def leave_transactions_to_us(connection: Any, record: Any) -> None:
            connection.isolation_level = None

        @event.listens_for(engine.sync_engine, "begin")
        def begin(connection: Any) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _make_engine(url: URL, options: dict[str, Any]) -> AsyncEngine:
    if _is_sqlite(url):
        _check_directory(url)
        given = options.get("connect_args", {})
        options["connect_args"] = {"timeout": BUSY_TIMEOUT, **given}
    # Parameters are hashes and addresses of people: they do not belong in logs.
    return create_async_engine(url, hide_parameters=True, **options)


def _check_directory(url: URL) -> None:
    """SQLite would say only that it cannot open the file; its driver, in a thread of its own."""
    directory = Path(url.database or "").parent
    if not (url.database or "").startswith("file:") and not directory.is_dir():
        raise FileNotFoundError(f"There is no directory {directory} for the database.")


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


__all__ = ["make_engine", "make_transaction_engine", "read_url"]
