from __future__ import annotations

import decimal
import math
from collections import deque
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings, strategies as st
from pydantic import AnyUrl, SecretStr

from vivace.mongo import ObjectId
from vivace.mongo.codec import Unstorable, decode, encode


class Genre(Enum):
    JAZZ = "jazz"


class Rank(IntEnum):
    FIRST = 1


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (Genre.JAZZ, "jazz"),
        (Rank.FIRST, 1),
        (date(2024, 2, 29), datetime(2024, 2, 29, tzinfo=UTC)),
        (time(12, 30), "12:30:00"),
        (timedelta(minutes=90), "PT1H30M"),
        (AnyUrl("https://a.example/x"), "https://a.example/x"),
        (SecretStr("hush"), "hush"),
        ((1, 2), [1, 2]),
        ({Genre.JAZZ}, ["jazz"]),
        (frozenset({1}), [1]),
        (deque([1]), [1]),
        (bytearray(b"\xff"), b"\xff"),
        ({Genre.JAZZ: {Rank.FIRST: 1}}, {"jazz": {"1": 1}}),
        ({date(2024, 2, 29): [{ObjectId("0" * 24): 1}]}, {"2024-02-29": [{"0" * 24: 1}]}),
    ],
)
def test_a_value_of_another_type_is_stored_as_the_nearest_of_bson(value: Any, stored: Any) -> None:
    assert decode(encode({"value": value})) == {"value": stored}


def test_a_time_comes_back_in_utc_and_in_milliseconds() -> None:
    east = timezone(timedelta(hours=2))
    given = datetime(2024, 1, 1, 12, 0, 0, 123_999, east)
    [stored] = decode(encode({"at": given})).values()
    assert stored == datetime(2024, 1, 1, 10, 0, 0, 123_000, UTC)
    assert stored.tzinfo is UTC


def test_a_time_without_a_zone_is_taken_for_utc() -> None:
    stored = decode(encode({"at": datetime(2024, 1, 1)}))
    assert stored == {"at": datetime(2024, 1, 1, tzinfo=UTC)}


def test_a_uuid_has_the_standard_subtype() -> None:
    made = uuid4()
    assert b"\x10\x00\x00\x00\x04" + made.bytes in encode({"id": made})
    assert decode(encode({"id": made})) == {"id": made}


def test_decimals_keep_their_digits() -> None:
    [stored] = decode(encode({"price": Decimal("1.50")})).values()
    assert str(stored) == "1.50"


KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False),
        st.text(),
        st.binary(),
        st.uuids(),
        st.decimals(
            allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9
        ),
        st.datetimes(timezones=st.just(UTC)).map(
            lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(KEYS, inner, max_size=3),
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_what_bson_has_comes_back_as_it_was(document: dict[str, Any]) -> None:
    assert decode(encode(document)) == document


@pytest.mark.parametrize(
    "value",
    [
        2**63,
        -(2**63) - 1,
        Decimal("1." + "1" * 40),
        Decimal("1E+7000"),
        "\ud800",
        {"a\0b": 1},
        datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_a_value_without_a_place_is_told_of_with_where_it_is(value: Any) -> None:
    document = {"title": "So What", "albums": [{"year": 1959}, {"year": value}], "price": value}
    with pytest.raises(Unstorable) as caught:
        encode(document)
    assert [place[:3] for place in caught.value.places] == [("albums", 1, "year"), ("price",)]


def test_a_key_without_a_place_is_told_of_by_where_it_would_be() -> None:
    with pytest.raises(Unstorable, match=r"BSON has no place for these values: names$"):
        encode({"names": {"a\0": 1}})


def test_what_is_nested_too_deep_is_told_of() -> None:
    document: dict[str, Any] = {}
    for _ in range(100_000):
        document = {"inner": document}
    with pytest.raises(Unstorable):
        encode(document)


def test_numbers_that_are_none_are_stored() -> None:
    [real, number] = decode(encode({"a": math.nan, "b": Decimal("NaN")})).values()
    assert math.isnan(real)
    assert number.is_nan()


def test_the_context_of_decimals_does_not_matter() -> None:
    with decimal.localcontext(prec=3):
        assert decode(encode({"price": Decimal("1.23456")})) == {"price": Decimal("1.23456")}


def test_what_has_no_form_at_all_is_the_program_s_fault() -> None:
    with pytest.raises(ValueError, match="Unable to serialize unknown type"):
        encode({"value": object()})


def test_uuids_of_other_subtypes_are_left_as_they_are() -> None:
    from bson.binary import Binary

    old = Binary(UUID(int=1).bytes, 3)
    assert decode(encode({"id": old})) == {"id": old}
