"""New databases of PostgreSQL, on the server that ``VIVACE_TEST_POSTGRESQL`` says."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex

import asyncpg
import pytest
from sqlalchemy import URL

from vivace.auth.stores.database_url import read_url

POSTGRESQL = os.environ.get(
    "VIVACE_TEST_POSTGRESQL", "postgresql+asyncpg://postgres@127.0.0.1:5432/postgres"
)


def execute(url: URL | str, statements: str) -> None:
    """Several are one transaction."""

    async def run() -> None:
        address = read_url(url).set(drivername="postgresql")
        connection = await asyncpg.connect(address.render_as_string(hide_password=False))
        try:
            await connection.execute(statements)
        finally:
            await connection.close()

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
        # What a test has written need not outlive the server.
        execute(server, f"ALTER DATABASE {name} SET synchronous_commit = off")
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        execute(server, f"DROP DATABASE {name} WITH (FORCE)")
