"""Databases that are made for these tests: their address, and what is in them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine

from vivace.auth import User
from vivace.auth.database_url import read_url
from vivace.auth.records import Record
from vivace.auth.sql import SQLStore, migrate

T = TypeVar("T")
R = TypeVar("R", bound=Record)

POSTGRESQL = os.environ.get(
    "VIVACE_TEST_POSTGRESQL", "postgresql+asyncpg://postgres@127.0.0.1:5432/postgres"
)


@dataclass(frozen=True)
class Database:
    """One with the tables of the kit."""

    url: str

    def run(self, work: Callable[[SQLStore], Awaitable[T]]) -> T:
        """What ``work`` gives, with a store on this database."""

        async def main() -> T:
            # It need not be opened: that only sees to the tables, which are there.
            store = SQLStore(self.url)
            try:
                return await work(store)
            finally:
                await store.close()

        return asyncio.run(main())

    def find(self, kind: type[R], **equal: Any) -> list[R]:
        return self.run(lambda store: store.find(kind, **equal))

    def add(self, record: Record) -> None:
        self.run(lambda store: store.add(record))

    def change(self, record: R, **changes: Any) -> R:
        changed = self.run(lambda store: store.replace(record, **changes))
        assert changed is not None, "It has been changed meanwhile."
        return changed

    def user(self, name: str) -> User:
        [user] = self.find(User, name=name)
        return user

    def dump(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of every table, as the database has them."""

        def read(connection: Connection) -> dict[str, list[dict[str, Any]]]:
            return {
                table: [
                    dict(row)
                    for row in connection.execute(text(f'SELECT * FROM "{table}"')).mappings()
                ]
                for table in inspect(connection).get_table_names()
            }

        async def main() -> dict[str, list[dict[str, Any]]]:
            engine = create_async_engine(read_url(self.url))
            try:
                async with engine.connect() as connection:
                    return await connection.run_sync(read)
            finally:
                await engine.dispose()

        return asyncio.run(main())


@contextmanager
def new_database(kind: str, directory: Path) -> Iterator[Database]:
    """A new database, ``sqlite`` or ``postgresql``, with the tables of the kit."""
    make = {"sqlite": _new_file, "postgresql": _new_postgresql}[kind]
    with make(directory) as url:
        asyncio.run(migrate(read_url(url)))
        yield Database(url)


@contextmanager
def _new_file(directory: Path) -> Iterator[str]:
    yield f"sqlite:///{directory}/auth.db"


@contextmanager
def _new_postgresql(directory: Path) -> Iterator[str]:
    server = read_url(POSTGRESQL)
    name = f"vivace_test_{token_hex(6)}"
    try:
        _execute(f"CREATE DATABASE {name}")
    except OSError as error:
        pytest.skip(f"There is no PostgreSQL at {server.render_as_string()}: {error}")
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        _execute(f"DROP DATABASE {name} WITH (FORCE)")


def _execute(statement: str) -> None:
    async def main() -> None:
        engine = create_async_engine(read_url(POSTGRESQL), isolation_level="AUTOCOMMIT")
        try:
            async with engine.connect() as connection:
                await connection.execute(text(statement))
        finally:
            await engine.dispose()

    asyncio.run(main())
