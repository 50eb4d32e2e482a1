"""The store on a database: SQLite or PostgreSQL, over SQLAlchemy."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace as make_changed
from typing import Any, TypeVar

from vivace.extras import brought_by

with brought_by("auth"):
    from sqlalchemy import URL, ColumnElement, Executable, Table, delete, insert, select, update
    from sqlalchemy.engine import CursorResult
    from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vivace.auth.stores import records
from vivace.auth.stores.database_url import make_engine, make_transaction_engine, read_url
from vivace.auth.stores.migrations import upgrade
from vivace.auth.stores.protocol import Duplicate
from vivace.auth.stores.record_fields import fields_of
from vivace.auth.stores.records import Record
from vivace.auth.stores.tables import metadata, table_of
from vivace.per_loop import PerLoop

R = TypeVar("R", bound=Record)

#: How often a write is tried that the database refuses for a record that is not there any more.
ATTEMPTS = 3


class NotMigrated(RuntimeError):
    """The database has not the tables that the kit needs."""

    def __init__(self, url: URL) -> None:
        address = url.render_as_string(hide_password=True)
        super().__init__(
            f"{address} has not the tables for sign-in, or has those of an older version. Run "
            f"`python -m vivace.auth migrate {address}` once; in development, "
            "SQLStore(..., create_tables=True) does it."
        )


class SQLStore:
    """Keeps records in a database, for all processes that use it.

    It may be made at import: connections are made in each process, for each event loop.

    .. code-block:: python

        auth = Auth(secret, store=SQLStore("sqlite:///app.db", create_tables=True))

    Args:
        url: The address, as ``sqlite:///app.db`` or ``postgresql://user:password@host/name``.
        create_tables: Make the tables, and bring those of an older version up to date, when the
            app starts. In production, ``python -m vivace.auth migrate`` does so before it starts.
        options: For SQLAlchemy's ``create_async_engine``, as ``{"pool_size": 20}``.

    Raises:
        ValueError: The address is none of SQLite or PostgreSQL.
        MissingPackage: The driver is not installed; it says which extra brings it.
    """

    def __init__(
        self,
        url: str | URL,
        *,
        create_tables: bool = False,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.url = read_url(url)
        self._create_tables = create_tables
        self._options = dict(options or {})
        self._engines: PerLoop[AsyncEngine] = PerLoop(self._make_engine, AsyncEngine.dispose)

    def __repr__(self) -> str:
        return f"SQLStore({self.url.render_as_string(hide_password=True)!r})"

    async def open(self) -> None:
        """Connect, and see that the tables are there.

        Raises:
            NotMigrated: They are not, or they are older than the kit.
        """
        if self._create_tables:
            await migrate(self.url, self._options)
        engine = self._engines.get()
        async with engine.connect() as connection:
            if self.url.get_backend_name() == "sqlite":
                await _let_readers_and_a_writer_work_at_once(connection)
            await self._check_tables(connection)

    async def close(self) -> None:
        await self._engines.close()

    async def add(self, record: R) -> None:
        await self._keep(insert(table_of(type(record))).values(_values_of(record)), record, "id")

    async def get(self, kind: type[R], id: str) -> R | None:
        found = await self._select(kind, {"id": id})
        return found[0] if found else None

    async def find(self, kind: type[R], **equal: Any) -> list[R]:
        return await self._select(kind, equal)

    async def replace(self, old: R, **changes: Any) -> R | None:
        new = make_changed(old, **changes, version=old.version + 1)
        table = table_of(type(old))
        statement = (
            update(table)
            .where(table.c.id == old.id, table.c.version == old.version)
            .values(_values_of(new))
        )
        return new if await self._keep(statement, new) else None

    async def remove(self, kind: type[Record], **equal: Any) -> int:
        if not equal:
            raise TypeError("Say which records are to be removed: remove(Session, user_id=...)")
        table = table_of(kind)
        return await self._write(delete(table).where(*_conditions(table, equal)))

    async def remove_expired(self, kind: type[Record]) -> int:
        table = table_of(kind)
        return await self._write(delete(table).where(table.c.expires_at <= records.now()))

    def _make_engine(self) -> AsyncEngine:
        return make_engine(self.url, self._options)

    async def _select(self, kind: type[R], equal: dict[str, Any]) -> list[R]:
        table = table_of(kind)
        statement = (
            select(table).where(*_conditions(table, equal)).order_by(table.c.created_at, table.c.id)
        )
        engine = self._engines.get()
        async with engine.connect() as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return [kind(**row) for row in rows]

    async def _keep(self, statement: Executable, record: Record, *names: str) -> int:
        """Write a record: how many rows that was.

        Args:
            names: Fields that no other record may share, beside those that say so themselves.

        Raises:
            Duplicate: A record has one of these values.
        """
        for _ in range(ATTEMPTS):
            try:
                return await self._write(statement)
            except IntegrityError as error:
                # What the database says of it differs, and quotes the value: it is asked instead.
                refusal = error
            taken = await self._field_taken_from(record, names)
            if taken is not None:
                raise Duplicate(type(record), taken)
            # The other record was removed meanwhile.
        raise refusal

    async def _write(self, statement: Executable) -> int:
        """How many rows were written."""
        engine = self._engines.get()
        async with engine.connect() as connection:
            result = await connection.execute(statement)
            assert isinstance(result, CursorResult)
            return result.rowcount

    async def _field_taken_from(self, record: R, names: tuple[str, ...]) -> str | None:
        """The first field of which another record has the value that ``record`` is to have."""
        for name in (*names, *(field.name for field in fields_of(type(record)) if field.unique)):
            value = getattr(record, name)
            if value is None:
                continue
            others = await self._select(type(record), {name: value})
            if any(name == "id" or other.id != record.id for other in others):
                return name
        return None

    async def _check_tables(self, connection: AsyncConnection) -> None:
        try:
            for table in metadata.sorted_tables:
                await connection.execute(select(table).limit(0))
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            raise NotMigrated(self.url) from None


async def migrate(url: URL, options: Mapping[str, Any] | None = None) -> None:
    """Bring the tables up to date."""
    engine = make_transaction_engine(url, options or {})
    try:
        await upgrade(engine)
    finally:
        await engine.dispose()


def _values_of(record: Record) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields_of(type(record))}


def _conditions(table: Table, equal: dict[str, Any]) -> list[ColumnElement[bool]]:
    """That the fields have these values; ``None`` is one here."""
    return [getattr(table.c, name) == value for name, value in equal.items()]


async def _let_readers_and_a_writer_work_at_once(connection: AsyncConnection) -> None:
    """Write-ahead logging (https://www.sqlite.org/wal.html), which the file then remembers.

    To change to it takes the file for oneself, and SQLite does not wait for that.
    """
    for pause in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, None):
        try:
            await connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            return
        except OperationalError:
            if pause is None:
                raise
            await asyncio.sleep(pause)


__all__ = ["NotMigrated", "SQLStore", "migrate"]
