"""What drivers say of an error, and what can be read from it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from vivace.sql.crud.complaints import Complaint, read_complaint

from .library import Author, Base

BOOKS = Base.metadata.tables["books"]
EMMA = sa.Table(
    "emma",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("a", sa.Integer, unique=True),
    sa.Column("b", sa.Integer),
    sa.UniqueConstraint("a", "b", name="uq_ab"),
    sa.Index("ix_b", "b", unique=True),
)


def of_sqlite(text: str) -> Any:
    error: Any = Exception(text)
    error.sqlite_errorcode = 2067
    return error


def of_psycopg(**report: Any) -> Any:
    error: Any = Exception("x")
    error.diag = SimpleNamespace(**report)
    return error


@pytest.mark.parametrize(
    ("error", "complaint"),
    [
        (
            of_sqlite("UNIQUE constraint failed: emma.a, emma.b"),
            Complaint(("a", "b"), table="emma"),
        ),
        (of_sqlite("UNIQUE constraint failed: index 'ix_b'"), Complaint(index="ix_b")),
        (of_sqlite("NOT NULL constraint failed: emma.a"), Complaint(("a",), table="emma")),
        (of_sqlite("FOREIGN KEY constraint failed"), Complaint()),
        (
            of_psycopg(
                message_detail='Schlüssel »(a, "b")=(1, (2)=(3)« existiert.', table_name="t"
            ),
            Complaint(("a", "b"), table="t"),
        ),
        (of_psycopg(column_name="a", table_name="t"), Complaint(("a",), table="t")),
        (of_psycopg(), Complaint()),
        (
            Exception(1062, "Duplicate entry 'a' for key 'b'' for key 'uq_ab'"),
            Complaint(index="uq_ab"),
        ),
        (Exception(1062, "Duplicate entry 'x' for key 'emma.uq_ab'"), Complaint(index="uq_ab")),
        (
            Exception(
                1452,
                "Cannot add or update a child row: a foreign key constraint fails (`x`.`emma`, "
                "CONSTRAINT `f` FOREIGN KEY (`a`, `b`) REFERENCES `y` (`id`))",
            ),
            Complaint(("a", "b"), table="emma"),
        ),
        (Exception(1048, "Column 'a' cannot be null"), Complaint(("a",))),
        (Exception(1364, "Field 'a' doesn't have a default value"), Complaint(("a",))),
        (Exception(1406, "Data too long for column 'a' at row 1"), Complaint(("a",))),
        (Exception(1213, "Deadlock found"), Complaint()),
    ],
)
def test_columns_and_indexes_are_read(error: Any, complaint: Complaint) -> None:
    assert read_complaint(error) == complaint


@pytest.mark.parametrize(
    ("complaint", "columns"),
    [
        (Complaint(("a", "b")), ["a", "b"]),
        (Complaint(("a",), table="emma"), ["a"]),
        (Complaint(("a",), table="other"), []),
        (Complaint(("lower(a)",)), []),
        (Complaint(index="uq_ab"), ["a", "b"]),
        (Complaint(index="ix_b"), ["b"]),
        (Complaint(index="a"), ["a"]),
        (Complaint(index="b"), []),
        (Complaint(index="PRIMARY"), ["id"]),
        (Complaint(index="unknown"), []),
        (Complaint(), []),
    ],
)
def test_columns_are_found_in_the_table(complaint: Complaint, columns: list[str]) -> None:
    assert [column.name for column in complaint.columns_in([EMMA])] == columns


def test_columns_of_several_tables() -> None:
    tables = [BOOKS, Author.__table__]
    found = Complaint(("name",)).columns_in(tables)  # type: ignore[arg-type]
    assert found == [Author.__table__.c.name]
