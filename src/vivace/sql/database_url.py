"""Addresses of databases, and the drivers that connect to them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from vivace.extras import MissingPackage


@dataclass(frozen=True)
class Driver:
    """A driver as SQLAlchemy names it.

    Args:
        module: What is imported.
        package: What is installed.
        extra: The extra of Vivace's that brings it, if one does.
    """

    name: str
    module: str
    package: str
    extra: str | None = None


_MYSQL_ASYNC = (
    Driver("asyncmy", "asyncmy", "asyncmy", "mariadb"),
    Driver("aiomysql", "aiomysql", "aiomysql"),
)
_MYSQL_SYNC = (Driver("pymysql", "pymysql", "pymysql"),)
_PSYCOPG = Driver("psycopg", "psycopg", '"psycopg[binary]"')

#: For addresses that name no driver: the first that is installed.
ASYNC_DRIVERS = {
    "sqlite": (Driver("aiosqlite", "aiosqlite", "aiosqlite", "sql"),),
    "postgresql": (Driver("asyncpg", "asyncpg", "asyncpg", "postgresql"), _PSYCOPG),
    "mysql": _MYSQL_ASYNC,
    "mariadb": _MYSQL_ASYNC,
}
SYNC_DRIVERS = {
    "sqlite": (Driver("pysqlite", "sqlite3", "Python's own sqlite3"),),
    "postgresql": (_PSYCOPG,),
    "mysql": _MYSQL_SYNC,
    "mariadb": _MYSQL_SYNC,
}
#: What is often written for it.
ALIASES = {"postgres": "postgresql"}
#: Databases in memory, as SQLAlchemy names them.
IN_MEMORY = (None, "", ":memory:")


def read_url(url: str | URL, *, is_async: bool) -> URL:
    """The address with a driver that is installed: ``sqlite:///app.db`` is for aiosqlite.

    Raises:
        ValueError: It is no address, or one of another kind of database or driver.
        MissingPackage: No driver for it is installed; it says what to install.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        # The address is not repeated, as there may be a password in it.
        raise ValueError(
            "This is no address of a database. One looks like sqlite:///app.db or "
            "postgresql://user:password@host/name."
        ) from None
    backend, _, named = parsed.drivername.partition("+")
    backend = ALIASES.get(backend, backend)
    drivers = (ASYNC_DRIVERS if is_async else SYNC_DRIVERS).get(backend)
    if drivers is None:
        supported = ", ".join(ASYNC_DRIVERS)
        raise ValueError(f"{backend} is not supported. These are: {supported}.")
    name = named or _installed(drivers).name
    parsed = parsed.set(drivername=f"{backend}+{name}")
    _check_driver(parsed, drivers, is_async=is_async)
    return parsed


def _installed(drivers: tuple[Driver, ...]) -> Driver:
    for driver in drivers:
        if find_spec(driver.module) is not None:
            return driver
    raise MissingPackage(drivers[0].package, drivers[0].extra)


def _check_driver(url: URL, drivers: tuple[Driver, ...], *, is_async: bool) -> None:
    """See that the driver is there, and of the kind that is asked for."""
    name = url.get_driver_name()
    known = {driver.name: driver for driver in drivers}
    try:
        dialect = url.get_dialect()
        if is_async:
            # Some drivers are of both kinds.
            dialect = dialect.get_async_dialect_cls(url)
        dialect.import_dbapi()
    except NoSuchModuleError:
        raise ValueError(f"There is no driver {name!r} for {url.get_backend_name()}.") from None
    except ImportError:
        driver = known.get(name, Driver(name, name, name))
        raise MissingPackage(driver.package, driver.extra) from None
    if dialect.is_async is not is_async:
        kind, other = ("asynchronous", "SyncDatabase") if is_async else ("synchronous", "Database")
        raise ValueError(
            f"{name} is not {kind}: use {url.get_backend_name()}+{drivers[0].name} here, or "
            f"{other}."
        )


def is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def is_in_memory(url: URL) -> bool:
    return is_sqlite(url) and url.database in IN_MEMORY


def check_directory(url: URL) -> None:
    """See that an SQLite file can be made: SQLite would say only that it cannot open it.

    Raises:
        FileNotFoundError: The directory that the file is to be in is not there.
    """
    if not is_sqlite(url) or is_in_memory(url) or (url.database or "").startswith("file:"):
        return
    directory = Path(url.database or "").parent
    if not directory.is_dir():
        raise FileNotFoundError(f"There is no directory {directory} for the database.")


__all__ = [
    "ASYNC_DRIVERS",
    "SYNC_DRIVERS",
    "Driver",
    "check_directory",
    "is_in_memory",
    "is_sqlite",
    "read_url",
]
