from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings, strategies as st
from pydantic_core import to_json

from vivace.crud import Order
from vivace.crud.cursors import Cursor, Cursors, InvalidCursor


class Size(Enum):
    SMALL = "s"
    LARGE = "l"


TYPES: dict[str, Any] = {
    "name": str,
    "nickname": str | None,
    "age": int,
    "price": Decimal,
    "at": datetime,
    "day": date | None,
    "id": UUID,
    "size": Size,
}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": st.text(),
    "nickname": st.none() | st.text(),
    "age": st.integers(),
    "price": st.decimals(allow_nan=False, allow_infinity=False),
    "at": st.datetimes(timezones=st.just(UTC)),
    "day": st.none() | st.dates(),
    "id": st.uuids(),
    "size": st.sampled_from(Size),
}
CURSORS = Cursors(TYPES)
ORDERS = st.lists(st.sampled_from([*TYPES]), min_size=1, unique=True).flatmap(
    lambda names: st.tuples(*(st.builds(Order, st.just(name), st.booleans()) for name in names))
)
CURSOR = ORDERS.flatmap(
    lambda order: st.builds(
        Cursor,
        st.just(order),
        st.tuples(*(VALUES[one.field] for one in order)),
        st.booleans(),
    )
)
BY_NAME = (Order("name"), Order("age", descending=True))


@settings(max_examples=40)
@given(CURSOR)
def test_a_cursor_is_read_as_it_was_written(cursor: Cursor) -> None:
    text = CURSORS.write(cursor)
    assert CURSORS.read(text, cursor.order) == cursor
    # It can stand in an address as it is.
    assert text.isascii()
    assert text.replace("-", "").replace("_", "").isalnum()


def encoded(content: Any) -> str:
    text = content if isinstance(content, bytes) else to_json(content)
    return urlsafe_b64encode(text).rstrip(b"=").decode()


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(
    st.text()
    | st.binary().map(encoded)
    | ANY_JSON.map(encoded)
    | st.tuples(st.just("name,-age"), ANY_JSON, ANY_JSON).map(encoded)
    | st.tuples(st.just("name,-age"), st.sampled_from([0, 1]), ANY_JSON).map(encoded)
)
def test_whatever_a_client_sends_is_a_cursor_or_refused(text: str) -> None:
    try:
        cursor = CURSORS.read(text, BY_NAME)
    except InvalidCursor:
        return
    name, age = cursor.values
    assert isinstance(name, str)
    assert isinstance(age, int)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'["name,-age",0,["a",' + b"9" * 5000 + b"]]",
        ["name,-age", 0, ["a"]],
        ["name,-age", 0, ["a", 1, 2]],
        ["name,-age", 2, ["a", 1]],
        ["name,-age", 0, [None, 1]],
        ["name,-age", 0, ["a", "b"]],
        ["name", 0, ["a"]],
        ["name,age", 0, ["a", 1]],
    ],
)
def test_a_cursor_that_is_made_up_wrongly_is_refused(content: Any) -> None:
    with pytest.raises(InvalidCursor):
        CURSORS.read(encoded(content), BY_NAME)


def test_a_cursor_of_another_order_says_so() -> None:
    text = CURSORS.write(Cursor(BY_NAME, ("a", 1)))
    with pytest.raises(InvalidCursor, match="in another order"):
        CURSORS.read(text, (Order("name"), Order("age")))


def test_values_have_the_types_of_their_fields() -> None:
    order = (Order("id"), Order("day"))
    one = UUID(int=1)
    cursor = Cursor(order, (one, date(2025, 1, 2)), backward=True)
    assert CURSORS.read(CURSORS.write(cursor), order).values == (one, date(2025, 1, 2))
