"""Engines, set up for serving requests; or for migrations, which nothing hurries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import URL, Engine, NullPool, QueuePool, create_engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from vivace.sql import sqlite
from vivace.sql.connecting import AsyncPool, connect_in_turn, try_before_use
from vivace.sql.database_url import is_sqlite
from vivace.sql.errors import wrap_driver_error
from vivace.sql.settings import DatabaseSettings


def make_async_engine(
    url: URL,
    settings: DatabaseSettings,
    *,
    replicas: Sequence[URL] = (),
    read_only: bool = False,
    for_migrations: bool = False,
) -> AsyncEngine:
    """An engine for asynchronous sessions.

    Args:
        replicas: Where to connect to, rather than to ``url``, as long as one of them answers.
        read_only: Whether transactions are refused to write.
        for_migrations: Without a pool, and without a limit on how long a statement takes.
    """
    options = _options(url, settings, None if for_migrations else AsyncPool)
    engine = create_async_engine(url, **options)
    _set_up(engine.sync_engine, settings, options, replicas, read_only, for_migrations)
    return engine


def make_sync_engine(
    url: URL,
    settings: DatabaseSettings,
    *,
    replicas: Sequence[URL] = (),
    read_only: bool = False,
    for_migrations: bool = False,
) -> Engine:
    """The same for synchronous sessions."""
    options = _options(url, settings, None if for_migrations else QueuePool)
    engine = create_engine(url, **options)
    _set_up(engine, settings, options, replicas, read_only, for_migrations)
    return engine


def _options(url: URL, settings: DatabaseSettings, pool: type | None) -> dict[str, Any]:
    given = {
        name: value
        for name, value in settings.engine_options.items()
        if pool is not None or not name.startswith(("pool", "max_overflow"))
    }
    connect_args = {**_connect_args(url, settings), **given.pop("connect_args", {})}
    options: dict[str, Any] = {
        "connect_args": connect_args,
        "echo": settings.echo,
        # Parameters are what people entrust to the app: they do not belong in logs.
        "hide_parameters": True,
        "poolclass": pool or NullPool,
    }
    if pool is not None:
        options |= {
            "pool_size": settings.pool_size,
            "max_overflow": settings.max_overflow,
            "pool_timeout": settings.pool_timeout,
            "pool_recycle": settings.pool_recycle,
            # One that was used a moment ago is most likely alive.
            "pool_use_lifo": True,
        }
    if is_sqlite(url):
        options["pool_reset_on_return"] = None
    return options | given


def _connect_args(url: URL, settings: DatabaseSettings) -> dict[str, Any]:
    """The time-out of connecting, as the driver calls it."""
    match url.get_driver_name():
        case "aiosqlite" | "pysqlite":
            return {"timeout": sqlite.busy_timeout(settings)}
        case "asyncpg":
            return {"timeout": settings.connect_timeout}
        case "psycopg" | "psycopg2" | "asyncmy" | "aiomysql" | "pymysql" | "mysqldb":
            # Some take whole seconds only.
            return {"connect_timeout": max(1, round(settings.connect_timeout))}
        case _:
            return {}


def _set_up(
    engine: Engine,
    settings: DatabaseSettings,
    options: dict[str, Any],
    replicas: Sequence[URL],
    read_only: bool,
    for_migrations: bool,
) -> None:
    if replicas:
        connect_in_turn(engine, replicas, settings.replica_retry, options["connect_args"])
    event.listen(engine, "handle_error", wrap_driver_error)
    if is_sqlite(engine.url):
        sqlite.set_up(engine, settings, read_only=read_only, for_migrations=for_migrations)
        return
    if settings.ping_after is not None and not for_migrations:
        try_before_use(engine, settings.ping_after)
    timeout = None if for_migrations else settings.statement_timeout

    @event.listens_for(engine, "connect")
    def connect(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        for statement in _session_statements(engine, timeout, read_only):
            cursor.execute(statement)
        cursor.close()
        connection.commit()


def _session_statements(engine: Engine, timeout: float | None, read_only: bool) -> Iterator[str]:
    """What is said to the server once on each connection."""
    dialect: Any = engine.dialect
    milliseconds = None if timeout is None else round(timeout * 1000)
    if dialect.name == "postgresql":
        if milliseconds is not None:
            yield f"SET statement_timeout = {milliseconds}"
        if read_only:
            yield "SET default_transaction_read_only = on"
        return
    if timeout is not None:
        if dialect.is_mariadb:
            yield f"SET SESSION max_statement_time = {timeout}"
        else:
            yield f"SET SESSION max_execution_time = {milliseconds}"
    if read_only:
        yield "SET SESSION TRANSACTION READ ONLY"


__all__ = ["make_async_engine", "make_sync_engine"]
