"""The tables that belong to a database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

from sqlalchemy import Connection, MetaData, text

#: The tables of one package, or of several.
Tables: TypeAlias = MetaData | Sequence[MetaData]

#: Names for constraints and indexes that have none: a migration can change only what has a name
#: (https://alembic.sqlalchemy.org/en/latest/naming.html).
NAMING_CONVENTION = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

#: Taken by who changes tables, so that two processes do it one after the other.
LOCK = int.from_bytes(b"vivsql")
#: For how many seconds one waits for that on MariaDB and MySQL, where a wait needs an end.
LOCK_TIMEOUT = 600


def as_list(tables: Tables | None) -> list[MetaData]:
    if tables is None:
        return []
    return [tables] if isinstance(tables, MetaData) else [*tables]


@contextmanager
def changing_tables(connection: Connection) -> Iterator[None]:
    """Keep other processes from changing tables meanwhile.

    On SQLite ``BEGIN IMMEDIATE`` does.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        yield
    elif connection.dialect.name in ("mysql", "mariadb"):
        key = {"key": f"vivace-{LOCK}", "seconds": LOCK_TIMEOUT}
        connection.execute(text("SELECT GET_LOCK(:key, :seconds)"), key)
        try:
            yield
        finally:
            connection.execute(text("SELECT RELEASE_LOCK(:key)"), key)
    else:
        yield


def create_tables(connection: Connection, tables: Tables | None) -> None:
    """Make the tables that are not there yet."""
    with changing_tables(connection):
        for metadata in as_list(tables):
            metadata.create_all(connection)


__all__ = ["NAMING_CONVENTION", "Tables", "as_list", "changing_tables", "create_tables"]
