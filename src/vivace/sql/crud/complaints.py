"""What a database complains about: which columns, as far as its driver says so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa


@dataclass(frozen=True)
class Complaint:
    """What an error of a database is about.

    Args:
        columns: Their names in the database.
        index: The name of an index or a constraint, where the columns are not named.
        table: Where they are; ``None`` where it is not said.
    """

    columns: tuple[str, ...] = ()
    index: str | None = None
    table: str | None = None

    def columns_in(self, tables: Iterable[sa.Table]) -> list[sa.Column[Any]]:
        """The columns of ``tables`` that it is about."""
        return [
            column
            for table in tables
            if self.table in (None, table.name)
            for column in self._columns_of(table)
        ]

    def _columns_of(self, table: sa.Table) -> list[sa.Column[Any]]:
        if self.index is not None:
            return _indexed(table, self.index)
        return [column for column in table.columns if column.name in self.columns]


def _indexed(table: sa.Table, name: str) -> list[sa.Column[Any]]:
    if name == "PRIMARY":
        return [*table.primary_key.columns]
    kinds = (sa.Index, sa.UniqueConstraint)
    for one in (*table.indexes, *table.constraints):
        if isinstance(one, kinds) and one.name == name:
            return [*one.columns]
    # MariaDB calls one without a name after its first column.
    return [column for column in table.columns if column.name == name and column.unique]


def read_complaint(orig: Any) -> Complaint:
    """What the error of a driver says.

    Args:
        orig: The driver's own exception, as SQLAlchemy passes it on.
    """
    arguments: tuple[Any, ...] = getattr(orig, "args", ())
    if len(arguments) > 1 and isinstance(arguments[0], int):
        return _of_mariadb(str(arguments[1]))
    if hasattr(orig, "sqlite_errorcode"):
        return _of_sqlite(str(orig))
    # Of asyncpg's, and of psycopg's.
    return _of_postgresql(getattr(orig, "diag", None) or orig.__cause__)


#: As in ``UNIQUE constraint failed: books.title, books.shelf_id``.
_SQLITE_COLUMNS = re.compile(r"constraint failed: (\w+\.\w+(?:, \w+\.\w+)*)$")
_SQLITE_INDEX = re.compile(r"constraint failed: index '(\w+)'$")


def _of_sqlite(text: str) -> Complaint:
    if (found := _SQLITE_COLUMNS.search(text)) is not None:
        named = [one.split(".") for one in found[1].split(", ")]
        return Complaint(tuple(column for _, column in named), table=named[0][0])
    found = _SQLITE_INDEX.search(text)
    return Complaint(index=found[1]) if found is not None else Complaint()


#: As in ``Key (title, shelf_id)=(...) already exists.``, in whatever language.
_POSTGRESQL_KEY = re.compile(r"\(([^()]+)\)=\(")


def _of_postgresql(report: Any) -> Complaint:
    detail = getattr(report, "detail", None) or getattr(report, "message_detail", None) or ""
    table = getattr(report, "table_name", None)
    if (found := _POSTGRESQL_KEY.search(detail)) is not None:
        return Complaint(tuple(found[1].replace('"', "").split(", ")), table=table)
    column = getattr(report, "column_name", None)
    return Complaint((column,) if column else (), table=table)


#: As in ``Duplicate entry '...' for key 'title'``; MySQL has the table before it.
_MARIADB_INDEX = re.compile(r"for key '(?:[^']+\.)?([^'.]+)'$")
#: As in ``(`shop`.`books`, CONSTRAINT `...` FOREIGN KEY (`shelf_id`) REFERENCES ...``.
_MARIADB_REFERENCE = re.compile(r"`(\w+)`, CONSTRAINT `\w+` FOREIGN KEY \(([^)]+)\)")
#: As in ``Column 'title' cannot be null``, ``Data too long for column 'title' at row 1``.
_MARIADB_COLUMN = re.compile(r"(?:[Cc]olumn|Field) '(\w+)'")


def _of_mariadb(text: str) -> Complaint:
    if (found := _MARIADB_INDEX.search(text)) is not None:
        return Complaint(index=found[1])
    if (found := _MARIADB_REFERENCE.search(text)) is not None:
        return Complaint(tuple(found[2].replace("`", "").split(", ")), table=found[1])
    found = _MARIADB_COLUMN.search(text)
    return Complaint((found[1],)) if found is not None else Complaint()


__all__ = ["Complaint", "read_complaint"]
