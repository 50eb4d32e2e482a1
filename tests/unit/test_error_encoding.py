from __future__ import annotations

import io
import math
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel
from starlette.datastructures import Headers, UploadFile
from starlette.responses import JSONResponse

from vivace.datastructures import UploadFile as NativeUploadFile
from vivace.encoders import jsonable_encoder
from vivace.error_encoding import encode_errors


class Broken:
    def __iter__(self) -> Any:
        raise RuntimeError

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        raise RuntimeError


class Session:
    def __init__(self, password: str) -> None:
        self.password = password


class Revealing(ValueError):
    def __init__(self, password: str) -> None:
        super().__init__("wrong")
        self.password = password


class Raw(BaseModel):
    content: bytes


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        ("a\ud800b", "a\ufffdb"),
        (b"text", "text"),
        (b"\xff!", "\\xff!"),
        (Broken(), "<Broken>"),
        (Raw(content=b"\xff"), "<Raw>"),
        (ValueError("secret"), {}),
        (Revealing("secret"), {}),
        (Session("secret"), "<Session>"),
        ([Session("secret")], ["<Session>"]),
        (Headers({"a": "b"}), {"a": "b"}),
        (UploadFile(io.BytesIO(b"secret"), filename="note.txt"), "note.txt"),
        ({"file": NativeUploadFile(io.BytesIO(b"secret"))}, {"file": None}),
        ({"a": [1, (2, 3)]}, {"a": [1, [2, 3]]}),
        ({math.nan: 1, "\udfff": 2}, {"NaN": 1, "\ufffd": 2}),
    ],
)
def test_input_is_echoed_as_far_as_json_can_hold_it(value: Any, expected: Any) -> None:
    error = {"type": "x", "loc": ("body", 0), "msg": "m", "input": value}
    encoded = encode_errors([error])
    assert encoded == [{"type": "x", "loc": ["body", 0], "msg": "m", "input": expected}]
    assert JSONResponse(encoded).body


def test_an_integer_too_long_for_decimal_is_echoed() -> None:
    number = 1 << 20_000
    assert encode_errors([number]) == [hex(number)]
    assert JSONResponse(encode_errors([number])).body


def test_input_nested_beyond_the_recursion_limit_is_echoed_in_part() -> None:
    value: list[Any] = []
    for _ in range(2_000):
        value = [value]
    assert encode_errors([value])


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(st.characters(categories=["L", "Cs"]))
    | st.binary()
    | st.datetimes()
    | st.builds(object),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.floats(), inner),
    max_leaves=10,
)


@given(anything)
def test_no_input_makes_it_fail(value: Any) -> None:
    assert JSONResponse(encode_errors([{"input": value}])).body


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.integers() | st.datetimes()))
def test_ordinary_input_is_encoded_as_everywhere(value: Any) -> None:
    assert encode_errors([value]) == jsonable_encoder([value])
