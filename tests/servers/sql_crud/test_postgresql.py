"""Types that only PostgreSQL has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from tests.unit.sql.crud.library import place, serve
from tests.unit.sql.databases import new_database, plain_engine

from vivace.testclient import TestClient


class Base(DeclarativeBase):
    pass


class Native(Base):
    __tablename__ = "native"

    id: Mapped[int] = mapped_column(primary_key=True)
    numbers: Mapped[list[int] | None] = mapped_column(postgresql.ARRAY(sa.Integer))
    words: Mapped[list[str] | None] = mapped_column(postgresql.ARRAY(sa.String(5)))
    table: Mapped[list[list[int]] | None] = mapped_column(
        postgresql.ARRAY(sa.Integer, dimensions=2)
    )
    data: Mapped[dict[str, Any]] = mapped_column(postgresql.JSONB, default=dict)
    span: Mapped[timedelta | None] = mapped_column(postgresql.INTERVAL)
    name: Mapped[str | None] = mapped_column(postgresql.CITEXT)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    directory: Path = tmp_path_factory.mktemp("native")
    with new_database("postgresql", directory) as url:
        with plain_engine(url).begin() as connection:
            connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS citext"))
        Base.metadata.create_all(plain_engine(url))
        with serve(url, Native) as client:
            yield client


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("numbers", [1, 2, -3]),
        ("words", ["a", "ü"]),
        ("table", [[1, 2], [3, 4]]),
        ("data", {"a": {"b": [1.5, None]}}),
        ("span", "P1DT2S"),
        ("name", "Ada"),
    ],
)
def test_what_is_sent_is_what_is_kept(client: TestClient, name: str, value: Any) -> None:
    made = client.post("/natives", json={name: value})
    assert made.json()[name] == value
    read = client.get(made.headers["Location"])
    assert (read.json(), read.headers["ETag"]) == (made.json(), made.headers["ETag"])


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("numbers", [1, 2**31], ["numbers", 1]),
        ("words", ["a", "abcdef"], ["words", 1]),
        ("words", ["a\0"], ["words", 0]),
        ("table", [[1], [2**31]], ["table", 1, 0]),
        ("data", {"a": "\0"}, ["data"]),
        ("name", "\0", ["name"]),
        # What only the database finds has no place.
        ("table", [[1], [2, 3]], []),
    ],
)
def test_what_has_no_place_is_refused(
    client: TestClient, name: str, value: Any, where: list[Any]
) -> None:
    assert place(client.post("/natives", json={name: value})) == (422, ["body", *where])


def test_objects_are_merged(client: TestClient) -> None:
    path = client.post("/natives", json={"data": {"a": {"b": 1}}}).headers["Location"]
    patched = client.patch(path, json={"data": {"a": {"c": 2}}})
    assert patched.json()["data"] == {"a": {"b": 1, "c": 2}}
