"""Values of every type: what comes back, what is refused, how lists go by them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
import sqlalchemy as sa
from pydantic import BaseModel, EmailStr, Field
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from vivace.sql.crud.column_types import type_of_column
from vivace.testclient import TestClient

from ..databases import plain_engine
from .library import place, serve


class Base(DeclarativeBase):
    pass


class Color(Enum):
    RED = "r"
    BLUE = "b"


class Size(BaseModel):
    width: int
    since: date | None = None


class Trimmed(TypeDecorator[str]):
    """A type of an app's own."""

    impl = sa.String(5)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        if value is not None and value.startswith("!"):
            raise ValueError("no shouting")
        return None if value is None else value.strip()


class Row(Base):
    __tablename__ = "column_types"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str | None] = mapped_column(sa.String(10))
    long: Mapped[str | None] = mapped_column(sa.Text)
    email: Mapped[EmailStr | None] = mapped_column(sa.String(40))
    small: Mapped[int | None] = mapped_column(sa.SmallInteger)
    number: Mapped[int | None]
    big: Mapped[int | None] = mapped_column(sa.BigInteger)
    even: Mapped[Annotated[int, Field(multiple_of=2)] | None]
    approximate: Mapped[float | None]
    double: Mapped[float | None] = mapped_column(sa.Double)
    decimal: Mapped[Decimal | None] = mapped_column(sa.Numeric(6, 2))
    flag: Mapped[bool | None]
    date: Mapped[date | None]
    naive: Mapped[datetime | None]
    aware: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    clock: Mapped[time | None]
    span: Mapped[timedelta | None]
    color: Mapped[Color | None]
    literal: Mapped[Literal["on", "off"] | None]
    uuid: Mapped[UUID | None]
    uuid_text: Mapped[str | None] = mapped_column(sa.Uuid(as_uuid=False))
    blob: Mapped[bytes | None] = mapped_column(sa.LargeBinary(20))
    json: Mapped[Any | None] = mapped_column(sa.JSON)
    tags: Mapped[list[str] | None] = mapped_column(sa.JSON)
    size: Mapped[Size | None] = mapped_column(sa.JSON)
    own: Mapped[str | None] = mapped_column(Trimmed)


ONE = "11111111-1111-4111-8111-111111111111"
TWO = "22222222-2222-4222-8222-222222222222"

#: Of each column: values in their order, as they are sent and shown.
GOOD: dict[str, list[Any]] = {
    "text": ["", "a%b_c\\", "ü" * 10],
    "long": ["x" * 5000],
    "email": ["ada@example.com"],
    "small": [-(2**15), 0, 2**15 - 1],
    "number": [-(2**31), 2**31 - 1],
    "big": [-(2**63), 2**63 - 1],
    "even": [-2, 4],
    "approximate": [-1.5, 0.1, 2.0],
    "double": [-1e300, 0.1, 1.0000000000000002],
    "decimal": ["-9999.99", "0.00", "0.10", "9999.99"],
    "flag": [False, True],
    "date": ["1700-01-01", "2025-02-03", "9999-12-31"],
    "naive": ["1970-01-01T00:00:00", "2025-02-03T04:05:06"],
    "aware": ["1970-01-01T00:00:00Z", "2025-02-03T04:05:06Z"],
    "clock": ["00:00:00", "23:59:59"],
    "span": ["PT0S", "P1DT2H3M4S"],
    "color": ["r", "b"],
    "literal": ["off", "on"],
    "uuid": [ONE, TWO],
    "uuid_text": [ONE, TWO],
    "blob": ["", "AP8="],
    "json": [{"a": [1, None, "ü", 1.5, {"b": {}}]}, [], "text", 3],
    "tags": [[], ["a", "b"]],
    "size": [{"width": 1, "since": "2025-01-01"}],
    "own": ["abc"],
}
#: Of some columns: what is refused.
BAD: dict[str, list[Any]] = {
    "text": ["x" * 11, "a\0b", 3, ["a"]],
    "long": ["a\0b"],
    "email": ["ada", "a" * 64 + "@example.com\0"],
    "small": [2**15, -(2**15) - 1, 1.5, "x"],
    "number": [2**31, -(2**31) - 1, 10**30],
    "big": [2**63, -(2**63) - 1],
    "even": [3],
    "approximate": ["NaN", "Infinity", "1e999"],
    "double": ["-Infinity"],
    "decimal": ["10000", "0.001", "NaN", "1e999999", "Infinity"],
    "flag": ["perhaps", 2],
    "date": ["2025-02-30", "10000-01-01"],
    "naive": ["2025-02-03T04:05:06Z", "x"],
    "aware": ["2025-02-03T04:05:06", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"],
    "clock": ["25:00", "12:00:00Z"],
    "span": ["P999999D", "x"],
    "color": ["RED", "g"],
    "literal": ["up"],
    "uuid": ["x"],
    "uuid_text": ["x", 3],
    "blob": ["%", "AA", "ü", "A" * 28],
    "json": [{"a\0": 1}, ["\0"]],
    "tags": ["a", [1], ["\0"]],
    "size": [{"width": "x"}, {}],
    "own": ["abcdef", "!a"],
}
SORTABLE = [
    "text",
    "small",
    "number",
    "big",
    "even",
    "approximate",
    "double",
    "decimal",
    "flag",
    "date",
    "naive",
    "aware",
    "clock",
    "span",
    "uuid",
    "uuid_text",
]


@pytest.fixture
def client(url: str) -> Iterator[TestClient]:
    engine = plain_engine(url)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with serve(url, (Row, {"name": "row"})) as client:
        yield client


def test_what_is_sent_is_what_is_kept(client: TestClient) -> None:
    for name, values in GOOD.items():
        for value in values:
            made = client.post("/rows", json={name: value})
            assert made.status_code == 201, made.text
            assert made.json()[name] == value
            read = client.get(made.headers["Location"])
            assert (read.json()[name], read.headers["ETag"]) == (value, made.headers["ETag"])
        # Nothing of what is there stands in the way of a change.
        same = client.patch(made.headers["Location"], json={"text": None})
        assert same.json()[name] == (None if name == "text" else value)
        assert client.put(made.headers["Location"], json=same.json()).json() == same.json()


def test_what_has_no_place_is_refused_with_its_place(client: TestClient) -> None:
    row = client.post("/rows", json={}).headers["Location"]
    for name, values in BAD.items():
        for value in values:
            for refused in (
                client.post("/rows", json={name: value}),
                client.patch(row, json={name: value}),
            ):
                status, where = place(refused)
                assert (status, where[0]) == (422, "body"), (name, value, refused.text)
                assert name == "own" or where[1] == name
    # The app's own type refuses only when the row is written.
    assert place(client.post("/rows", json={"own": "!a"})) == (422, ["body"])


def test_the_same_time_elsewhere_is_the_same(client: TestClient) -> None:
    made = client.post("/rows", json={"aware": "2025-02-03T06:05:06+02:00"}).json()
    assert made["aware"] == "2025-02-03T04:05:06Z"
    for value in ("2025-02-03T04:05:06Z", "2025-02-03T05:05:06%2B01:00", "2025-02-03T04:05:06"):
        assert len(client.get(f"/rows?aware={value}").json()["items"]) == 1


def walk(client: TestClient, query: str) -> list[Any]:
    page = client.get(f"/rows?{query}&limit=2").json()
    items: list[Any] = page["items"]
    while page["next_cursor"] and len(items) < 20:
        page = client.get(f"/rows?{query}&limit=2&cursor={page['next_cursor']}").json()
        items += page["items"]
    return items


def test_lists_go_along_the_values_and_null_comes_last(client: TestClient) -> None:
    for name in SORTABLE:
        values = [*GOOD[name], GOOD[name][0], None]
        made = client.post("/rows/bulk", json=[{name: value} for value in values]).json()
        rows = f"id__gte={made[0]['id']}"
        seen = [item[name] for item in walk(client, f"{rows}&sort={name}")]
        assert seen == [GOOD[name][0], *GOOD[name], None]
        assert [item[name] for item in walk(client, f"{rows}&sort=-{name}")] == seen[::-1]


def test_lists_are_filtered_by_values(client: TestClient) -> None:
    for name in SORTABLE:
        client.post("/rows/bulk", json=[{name: value} for value in GOOD[name]])

    def count(**query: Any) -> int:
        found = client.get("/rows", params={"total": True, **query})
        assert found.status_code == 200, found.text
        total: int = found.json()["total"]
        return total

    for name in SORTABLE:
        values = GOOD[name]
        assert count(**{name: values[-1]}) == 1
        assert count(**{f"{name}__in": values}) == len(values)
        assert count(**{f"{name}__is_null": False}) == len(values)
        if name not in ("text", "flag"):
            assert count(**{f"{name}__gte": values[0], f"{name}__lt": values[-1]}) == (
                len(values) - 1
            )


def test_a_value_that_no_row_can_have_is_not_asked_for(client: TestClient) -> None:
    for name in ("small", "number", "big", "decimal", "date", "uuid", "span"):
        for value in BAD[name]:
            refused = client.get("/rows", params={f"{name}__in": value})
            assert place(refused)[1][:2] == ["query", f"{name}__in"]


def test_a_search_takes_its_text_as_it_is(client: TestClient) -> None:
    client.post("/rows/bulk", json=[{"text": text} for text in ("a%b", "aXb", "A_c", "\\d")])

    def found(**query: str) -> list[str]:
        items = client.get("/rows", params={"sort": "id", **query}).json()["items"]
        return [item["text"] for item in items]

    assert found(text__icontains="%") == ["a%b"]
    assert found(text__icontains="_") == ["A_c"]
    assert found(text__icontains="\\") == ["\\d"]
    assert found(text__istartswith="a") == ["a%b", "aXb", "A_c"]
    assert place(client.get("/rows?text__icontains=%00")) == (422, ["query", "text__icontains"])


@pytest.mark.parametrize(
    ("column_type", "hint", "python", "sortable"),
    [
        (sa.Enum("a", "b"), None, Literal["a", "b"], False),
        (mysql.INTEGER(unsigned=True), None, int, True),
        (mysql.TINYINT(), None, int, True),
        (postgresql.CITEXT(), None, str, False),
        (postgresql.INET(), str, str, False),
        (sa.Numeric(5, asdecimal=False), None, float, True),
        (postgresql.JSONB(), dict[str, int], dict[str, int], False),
        (postgresql.ARRAY(sa.Integer), None, list[int], False),
        (postgresql.ARRAY(sa.Integer), list[int], list[int], False),
        (postgresql.INTERVAL(), timedelta, timedelta, False),
        (postgresql.ARRAY(sa.Integer, dimensions=2), None, list[list[int]], False),
        (Trimmed(), None, str, False),
        (Trimmed(), Color, Color, False),
    ],
)
def test_what_a_type_holds(column_type: Any, hint: Any, python: Any, sortable: bool) -> None:
    made = type_of_column(column_type, hint)
    assert (made.read, made.sortable) == (python, sortable)


def test_of_some_types_nothing_is_known() -> None:
    for column_type in (postgresql.INET(), sa.PickleType(), sa.types.NullType()):
        with pytest.raises(TypeError):
            type_of_column(column_type)


def test_times_of_an_app_s_own_type_stay_in_their_order() -> None:
    class Stamp(TypeDecorator[datetime]):
        impl = sa.DateTime
        cache_ok = True

    assert type_of_column(Stamp()).sortable
    assert type_of_column(sa.DateTime(timezone=True)).load(datetime(2025, 1, 1)) == datetime(  # type: ignore[misc]
        2025, 1, 1, tzinfo=UTC
    )
