"""The tables that belong to a database."""

from __future__ import annotations

from collections.abc import Sequence
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


def take_turn(connection: Connection) -> None:
    """Wait until no other process changes tables; those wait until ``connection`` is closed.

    On SQLite ``BEGIN IMMEDIATE`` does that.

    Raises:
        RuntimeError: Another process has been at it for too long.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
        connection.commit()
    elif connection.dialect.name in ("mysql", "mariadb"):
        arguments = {"key": f"vivace-{LOCK}", "seconds": LOCK_TIMEOUT}
        taken = connection.scalar(text("SELECT GET_LOCK(:key, :seconds)"), arguments)
        if not taken:
            raise RuntimeError("Another process has been changing tables for too long.")
        connection.commit()


__all__ = ["NAMING_CONVENTION", "Tables", "as_list", "take_turn"]
