from __future__ import annotations

import json
import math
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import ip_address
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st
from pydantic import AnyUrl, BaseModel, ConfigDict, Field, PostgresDsn, SecretStr
from pydantic_core import PydanticUndefined

from vivace.encoders import encode_json, jsonable_encoder


class Colour(Enum):
    RED = "red"
    SINCE = date(2024, 1, 2)


class Item(BaseModel):
    name: str = Field(alias="Name")
    price: float = 1.0
    note: str | None = None


@dataclass
class Point:
    x: int
    y: Any = None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        ("text", "text"),
        (b"text", "text"),
        (bytearray(b"text"), "text"),
        (date(2024, 1, 2), "2024-01-02"),
        (datetime(2024, 1, 2, tzinfo=UTC), "2024-01-02T00:00:00+00:00"),
        (time(3, 4), "03:04:00"),
        (timedelta(minutes=1), 60.0),
        (Decimal("2"), 2),
        (Decimal("1E+2"), 100),
        (Decimal("1.5"), 1.5),
        (Colour.RED, "red"),
        (Colour.SINCE, "2024-01-02"),
        (ip_address("::1"), "::1"),
        (re.compile("a+"), "a+"),
        (PurePosixPath("/a/b"), "/a/b"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (AnyUrl("http://a.example"), "http://a.example/"),
        (PostgresDsn("postgres://a/b"), "postgres://a/b"),
        (SecretStr("hidden"), "**********"),
        (PydanticUndefined, None),
        ({1}, [1]),
        ((1, 2), [1, 2]),
        (deque([Point(1)]), [{"x": 1, "y": None}]),
        ((n for n in (1, 2)), [1, 2]),
        (Point(1, Point(2)), {"x": 1, "y": {"x": 2, "y": None}}),
        (Item(Name="a"), {"Name": "a", "price": 1.0, "note": None}),
        ({"when": {date(2024, 1, 2): Colour.RED}}, {"when": {"2024-01-02": "red"}}),
    ],
)
def test_encodes_common_types(value: Any, expected: Any) -> None:
    assert jsonable_encoder(value) == expected


@pytest.mark.parametrize("value", [{"x": 1, "y": 2}, Point(1, 2)])
@pytest.mark.parametrize("as_keys", [set, list, tuple])
def test_include_and_exclude_choose_keys(value: Any, as_keys: Any) -> None:
    assert jsonable_encoder(value, include=as_keys(["x"])) == {"x": 1}
    assert jsonable_encoder(value, exclude=as_keys(["x"])) == {"y": 2}
    assert jsonable_encoder(value, include=as_keys([])) == {}
    assert jsonable_encoder(value, exclude=as_keys([])) == {"x": 1, "y": 2}
    assert jsonable_encoder([value], include=as_keys(["x"])) == [{"x": 1}]


def test_model_settings_reach_models_in_collections() -> None:
    item = Item(Name="a", price=1.0)
    assert jsonable_encoder([item], exclude_unset=True) == [{"Name": "a", "price": 1.0}]
    assert jsonable_encoder({"k": item}, exclude_defaults=True) == {"k": {"Name": "a"}}
    assert jsonable_encoder(item, by_alias=False, include={"name"}) == {"name": "a"}
    assert jsonable_encoder(item, exclude_none=True) == {"Name": "a", "price": 1.0}


def test_exclude_none_leaves_out_keys_at_every_depth() -> None:
    assert jsonable_encoder({"a": None, "b": {"c": None}}, exclude_none=True) == {"b": {}}
    assert jsonable_encoder(Point(1), exclude_none=True) == {"x": 1}


def test_keys_of_sqlalchemy_are_left_out() -> None:
    assert jsonable_encoder({"_sa_state": 1, "a": 2}) == {"a": 2}
    assert jsonable_encoder({"_sa": 1}, sqlalchemy_safe=False) == {"_sa": 1}


def test_a_custom_encoder_wins_for_the_type_and_its_subclasses() -> None:
    class Stamp(datetime):
        pass

    stamp = Stamp(2024, 1, 2, 3)
    by_year = {datetime: lambda value: value.year}
    assert jsonable_encoder({"at": stamp}, custom_encoder=by_year) == {"at": 2024}
    both = {datetime: lambda value: 0, Stamp: lambda value: 1}
    assert jsonable_encoder(stamp, custom_encoder=both) == 1


def test_other_objects_are_encoded_by_items_or_attributes() -> None:
    class Attributes:
        def __init__(self) -> None:
            self.point = Point(1, 2)

    class Items(Attributes):
        def __iter__(self) -> Iterator[tuple[str, int]]:
            return iter([("a", 1)])

    assert jsonable_encoder(Attributes()) == {"point": {"x": 1, "y": 2}}
    assert jsonable_encoder(Items()) == {"a": 1}


@pytest.mark.parametrize("value", [object(), 1j, Point, len])
def test_what_cannot_be_encoded_is_refused_by_name(value: Any) -> None:
    with pytest.raises(ValueError, match="cannot be encoded as JSON"):
        jsonable_encoder(value)


def test_a_model_with_its_own_dump_may_give_anything() -> None:
    class Own(BaseModel):
        def model_dump(self, **options: Any) -> dict[str, Any]:
            return {"when": date(2024, 1, 2)}

    assert jsonable_encoder(Own()) == {"when": "2024-01-02"}


def test_encode_json_has_null_for_numbers_that_json_does_not_have() -> None:
    value = {"a": [math.nan, math.inf], "b": 1.5, math.inf: "key"}
    assert json.loads(encode_json(value)) == {"a": [None, None], "b": 1.5, "Infinity": "key"}


def test_encode_json_follows_the_configuration_of_a_model() -> None:
    class Strings(BaseModel):
        model_config = ConfigDict(ser_json_inf_nan="strings")
        value: float

    assert encode_json(Strings(value=math.nan)) == '{"value":"NaN"}'
    assert encode_json(Item(Name="a", price=math.nan)) == '{"Name":"a","price":null,"note":null}'


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(plain)
def test_what_is_json_already_stays_as_it_is(value: Any) -> None:
    assert jsonable_encoder(value, sqlalchemy_safe=False) == value


@given(st.recursive(st.floats() | st.text() | st.dates(), st.lists, max_leaves=10))
def test_encode_json_gives_strict_json(value: Any) -> None:
    json.loads(encode_json(value), parse_constant=pytest.fail)
