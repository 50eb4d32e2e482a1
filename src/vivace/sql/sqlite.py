"""SQLite, as it has to be set up to serve an API."""

from __future__ import annotations

import sqlite3
import time
from secrets import token_hex
from typing import Any
from weakref import finalize

from sqlalchemy import URL, Connection, Engine, PoolResetState, event
from sqlalchemy.exc import OperationalError

from vivace.sql.settings import DatabaseSettings

#: For how many seconds one waits for another who writes, where no statement time-out is set.
BUSY_TIMEOUT = 30.0
#: After how many instructions of SQLite's own the time-out is looked at: some milliseconds.
INSTRUCTIONS = 100_000
#: Since then databases in memory can be shared by connections that each have their transaction.
SHARED_MEMORY = (3, 36, 0)


def busy_timeout(settings: DatabaseSettings) -> float:
    return settings.statement_timeout or BUSY_TIMEOUT


class MemoryDatabase:
    """A database in memory, which lives as long as this object.

    It is one of the ``memdb`` VFS: as with a file, each connection has a transaction of its own.
    A shared cache is not: who finds a table locked there is refused rather than kept waiting.

    Raises:
        ValueError: SQLite is older than 3.36.
    """

    def __init__(self) -> None:
        if sqlite3.sqlite_version_info < SHARED_MEMORY:
            raise ValueError(
                f"A database in memory takes SQLite 3.36, and this is {sqlite3.sqlite_version}: "
                "use a file."
            )
        self._path = f"file:/vivace-{token_hex(8)}"
        # It is gone when its last connection is closed.
        anchor = sqlite3.connect(f"{self._path}?vfs=memdb", uri=True, check_same_thread=False)
        finalize(self, anchor.close)

    def locate(self, url: URL) -> URL:
        """``url``, leading to this database."""
        return url.set(database=self._path, query={"vfs": "memdb", "uri": "true"})


def set_up(
    engine: Engine, settings: DatabaseSettings, *, read_only: bool, for_migrations: bool
) -> None:
    """Have each connection of ``engine`` enforce foreign keys, write ahead and time out.

    Args:
        for_migrations: One after the other, with foreign keys off: to change a table, SQLite makes
            it anew, which must not delete what refers to its rows. Nothing times out.
    """
    immediate = for_migrations or (settings.begin_immediate and not read_only)
    begin = "BEGIN IMMEDIATE" if immediate else "BEGIN"
    timeout = None if for_migrations else settings.statement_timeout

    @event.listens_for(engine, "connect")
    def connect(connection: Any, record: Any) -> None:
        # Python's driver would begin only at the first INSERT, with reads and DDL outside.
        connection.isolation_level = None
        if not for_migrations:
            _execute(connection, "PRAGMA foreign_keys = ON")
        _write_ahead(connection)
        if read_only:
            _execute(connection, "PRAGMA query_only = ON")
        if timeout is not None:
            record.info["deadline"] = _limit(connection)

    @event.listens_for(engine, "begin")
    def emit_begin(connection: Connection) -> None:
        try:
            _call(connection.connection.dbapi_connection, "execute", begin)
        except sqlite3.Error as error:
            raise OperationalError(begin, None, error, hide_parameters=True) from error

    @event.listens_for(engine, "reset")
    def reset(connection: Any, record: Any, state: PoolResetState) -> None:
        # The pool's own reset would call into the connection's thread, mostly for nothing.
        driver = getattr(connection, "driver_connection", connection)
        if not state.terminate_only and driver.in_transaction:
            connection.rollback()

    if timeout is not None:
        _time_statements(engine, timeout)


class _Deadline:
    """When the statement that a connection executes has to be done."""

    __slots__ = ("at",)

    def __init__(self) -> None:
        self.at = float("inf")

    def is_over(self) -> bool:
        return time.monotonic() > self.at


def _limit(connection: Any) -> _Deadline:
    """Have SQLite interrupt a statement of ``connection`` that runs past its deadline."""
    deadline = _Deadline()
    _call(connection, "set_progress_handler", deadline.is_over, INSTRUCTIONS)
    return deadline


def _call(connection: Any, method: str, *arguments: Any) -> None:
    """Call a method of the driver's connection, of which aiosqlite's awaits it."""
    if isinstance(connection, sqlite3.Connection):
        getattr(connection, method)(*arguments)
    else:
        connection.run_async(lambda driver: getattr(driver, method)(*arguments))


def _time_statements(engine: Engine, seconds: float) -> None:
    @event.listens_for(engine, "before_cursor_execute")
    def start(connection: Connection, *ignored: Any) -> None:
        connection.info["deadline"].at = time.monotonic() + seconds


def _write_ahead(connection: Any) -> None:
    """Let readers and a writer work at once (https://www.sqlite.org/wal.html).

    The file remembers it. To change to it takes the file for oneself, and SQLite does not wait for
    that: where others are at work, it is left to the next connection.
    """
    try:
        _execute(connection, "PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError:
        return


def _execute(connection: Any, statement: str) -> None:
    cursor = connection.cursor()
    try:
        cursor.execute(statement)
    finally:
        cursor.close()


__all__ = ["MemoryDatabase", "busy_timeout", "set_up"]
