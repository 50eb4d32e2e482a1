"""The tables of the kinds of records.

They are derived from the dataclasses, so what is kept is said in one place. How a database gets
them, and goes from one version to the next, is said in :mod:`vivace.auth.stores.migrations`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, MetaData, Table

from vivace.auth.stores.column_types import AnyString, StringTuple, UTCTime
from vivace.auth.stores.record_fields import RecordField, fields_of, name_of
from vivace.auth.stores.records import KINDS, Record

#: What the name of each table begins with, in a database that is the app's as well.
PREFIX = "auth_"

#: Where Alembic notes the revision, apart from that of the app's own migrations.
VERSION_TABLE = f"{PREFIX}alembic_version"

#: Names by which migrations can change a constraint, and errors can be understood.
metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

COLUMN_TYPES: dict[type[Any], Any] = {
    str: AnyString,
    int: BigInteger,
    bool: Boolean,
    datetime: UTCTime,
    tuple: StringTuple,
}


def make_table(kind: type[Record], into: MetaData) -> Table:
    """The table of ``kind``."""
    return Table(PREFIX + name_of(kind), into, *(_make_column(field) for field in fields_of(kind)))


def _make_column(field: RecordField) -> Column[Any]:
    return Column(
        field.name,
        COLUMN_TYPES[field.type](),
        primary_key=field.name == "id",
        nullable=field.optional,
        unique=field.unique or None,
        # What has expired is looked for among much that has not.
        index=field.indexed or field.name == "expires_at" or None,
    )


TABLES: dict[type[Record], Table] = {kind: make_table(kind, metadata) for kind in KINDS}


def table_of(kind: type[Record]) -> Table:
    """The table of ``kind``.

    Raises:
        TypeError: It is no kind that the kit keeps.
    """
    try:
        return TABLES[kind]
    except KeyError:
        raise TypeError(f"There is no table for {kind.__name__}.") from None


__all__ = ["PREFIX", "TABLES", "VERSION_TABLE", "make_table", "metadata", "table_of"]
