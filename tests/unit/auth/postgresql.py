"""New databases of PostgreSQL, on the server that ``VIVACE_TEST_POSTGRESQL`` says."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex

import pytest
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine

from vivace.auth.stores.database_url import read_url

POSTGRESQL = os.environ.get(
    "VIVACE_TEST_POSTGRESQL", "postgresql+asyncpg://postgres@127.0.0.1:5432/postgres"
)


def execute(url: URL | str, *statements: str) -> None:
    async def run() -> None:
        engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
        try:
            async with engine.connect() as connection:
                for statement in statements:
                    await connection.execute(text(statement))
        finally:
            await engine.dispose()

    asyncio.run(run())


@contextmanager
def new_postgresql() -> Iterator[str]:
    """A database without tables; the test is skipped where there is no server."""
    server = read_url(POSTGRESQL)
    name = f"vivace_test_{token_hex(6)}"
    try:
        execute(server, f"CREATE DATABASE {name}")
    except OSError as error:
        pytest.skip(f"There is no PostgreSQL at {server.render_as_string()}: {error}")
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        execute(server, f"DROP DATABASE {name} WITH (FORCE)")
