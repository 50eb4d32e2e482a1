"""Databases that are made for these tests: their address, and what is in them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine
from tests.unit.auth.postgresql import new_postgresql

from vivace.auth import Record, SQLStore, User
from vivace.auth.stores.database_url import read_url

T = TypeVar("T")
R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Database:
    """One that has the tables of the kit when a server has started."""

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
    """A new database, ``sqlite`` or ``postgresql``, without tables."""
    file = nullcontext(f"sqlite:///{directory}/auth.db")
    with file if kind == "sqlite" else new_postgresql() as url:
        yield Database(url)
