from __future__ import annotations

import json
import math
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum
from ipaddress import IPv4Address
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from pydantic import BaseModel, Field, SecretStr

from vivace.encoders import jsonable_encoder
from vivace.runtime import json as runtime_json
from vivace.runtime.json import encode_json


class Color(Enum):
    RED = "red"
    BLUE = 2


class Word(StrEnum):
    YES = "yes"


class Number(IntEnum):
    ONE = 1


class Text(str):
    __slots__ = ()


class Model(BaseModel):
    value: Any = None
    wire: Any = Field(None, serialization_alias="wireName")


class Pair(NamedTuple):
    left: Any
    right: Any


@dataclass
class Record:
    value: Any
    _sa_state: Any = None


class Attributes:
    def __init__(self, value: Any) -> None:
        self.value = value
        self._sa_instance_state = object()


def finite(value: Any) -> Any:
    """``value`` as strict JSON has it: what is no number is null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    return [finite(item) for item in value] if isinstance(value, list) else value


def expected(value: Any) -> bytes:
    encoded = finite(jsonable_encoder(value))
    return json.dumps(encoded, ensure_ascii=False, separators=(",", ":")).encode()


def parsed(text: bytes) -> Any:
    """What ``text`` says: a float may be written as 1e16 or 1e+16."""
    return json.loads(text, object_pairs_hook=lambda pairs: ("object", pairs))


@pytest.fixture(params=["orjson", "standard library"])
def encoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "standard library":
        monkeypatch.setattr(runtime_json, "_quick_encoder", lambda: None)


pytestmark = pytest.mark.usefixtures("encoder")


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
plain = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts)
odd = st.one_of(
    st.datetimes(),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.uuids(),
    st.sampled_from([*Color, *Word, *Number, IPv4Address("1.2.3.4")]),
    st.sampled_from([PurePosixPath("/a"), SecretStr("x"), Text("é"), b"bytes"]),
)
keys = st.one_of(
    texts,
    st.integers(),
    st.booleans(),
    st.none(),
    st.floats(),
    st.uuids(),
    st.sampled_from([*Color, *Word, *Number, Text("t"), "_sa", "_sa_state", '"_sa', "$ref"]),
)
values = st.recursive(
    plain | odd,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.lists(inner, max_size=3).map(deque),
        st.dictionaries(texts, inner, max_size=3),
        st.dictionaries(keys, inner, max_size=3),
        st.dictionaries(texts, inner, max_size=3).map(OrderedDict),
        st.builds(Record, inner),
        st.builds(Model, value=inner, wire=inner),
        st.builds(Attributes, inner),
        st.builds(Pair, inner, inner),
        st.sets(plain, max_size=2),
    ),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values)
def test_it_is_the_json_of_what_the_encoder_makes(value: Any) -> None:
    try:
        text = expected(value)
    except (TypeError, ValueError, OverflowError) as error:
        with pytest.raises(type(error)):
            encode_json(value)
    else:
        assert parsed(encode_json(value)) == parsed(text)


def generate(*items: Any) -> Iterator[Any]:
    yield from items


@pytest.mark.parametrize(
    ("beside", "text"),
    [
        ({}, b"[1,2]"),
        ({Color.RED: 1}, b'[1,2],"red":1'),
        ({"nan": math.nan}, b'[1,2],"nan":null'),
        ({"a": {"_sa": 1, "b": 2}}, b'[1,2],"a":{"b":2}'),
        ({"a": [Record(math.inf)]}, b'[1,2],"a":[{"value":null}]'),
    ],
)
def test_a_generator_is_asked_once_whatever_stands_beside_it(beside: Any, text: bytes) -> None:
    assert encode_json({"it": generate(1, 2), **beside}) == b'{"it":' + text + b"}"
    nested = {"it": Record(generate(1, 2)), **beside}
    assert encode_json(nested) == b'{"it":' + text.replace(b"[1,2]", b'{"value":[1,2]}', 1) + b"}"


def test_it_is_compact_and_leaves_text_as_it_is() -> None:
    assert encode_json({"a": [1, "é"], "b": None}) == '{"a":[1,"é"],"b":null}'.encode()


def test_numbers_that_json_does_not_have_are_null() -> None:
    assert encode_json([math.nan, {"a": math.inf}]) == b'[null,{"a":null}]'


def test_what_sqlalchemy_keeps_on_its_objects_is_left_out() -> None:
    assert encode_json({"_sa_instance_state": 1, "a": '"_sa'}) == b'{"a":"\\"_sa"}'
    assert encode_json([Attributes(1)]) == b'[{"value":1}]'


def test_what_cannot_be_encoded_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match="'object' cannot be encoded"):
        encode_json({"a": object()})
