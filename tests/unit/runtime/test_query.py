from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request

from vivace.runtime.query import (
    all_headers,
    all_values,
    cookies,
    first_headers,
    grouped,
    last_of,
    last_values,
)

#: Mostly what has a meaning in a query string.
QUERY_STRINGS = st.binary(max_size=40) | st.text("a1&=+%;20é ", max_size=20).map(str.encode)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"cookie", b"x-a", b"x-b", b"x_b"]),
        st.binary(max_size=8) | st.text('a="; ,', max_size=10).map(str.encode),
    ),
    max_size=6,
)


@given(QUERY_STRINGS)
def test_last_values_are_those_of_starlette(query_string: bytes) -> None:
    assert last_values(query_string) == dict(QueryParams(query_string))


@given(QUERY_STRINGS)
def test_all_values_are_those_of_starlette(query_string: bytes) -> None:
    expected = QueryParams(query_string)
    values = all_values(query_string)
    assert values == {name: expected.getlist(name) for name in expected}
    assert list(values) == list(dict.fromkeys(expected))
    assert last_of(values) == last_values(query_string)


@given(HEADERS)
def test_headers_are_those_of_starlette(raw: list[tuple[bytes, bytes]]) -> None:
    expected = Headers(raw=raw)
    first = first_headers(raw)
    assert {n.decode(): v.decode("latin-1") for n, v in first.items()} == {
        name: expected[name] for name in expected
    }
    assert all_headers(raw) == {name: expected.getlist(name) for name in expected}


@given(HEADERS)
def test_cookies_are_those_of_starlette(raw: list[tuple[bytes, bytes]]) -> None:
    assert cookies(raw) == Request({"type": "http", "headers": raw}).cookies


def test_a_name_without_value_has_an_empty_one() -> None:
    assert last_values(b"a&b=&=c&&") == {"a": "", "b": "", "": "c"}
    assert all_values(b"a&b=&=c&&a=1") == {"a": ["", "1"], "b": [""], "": ["c"]}


@pytest.mark.parametrize("query_string", [b"a=%C3%A9+1", b"%61=%C3%A9%201"])
def test_escapes_are_decoded(query_string: bytes) -> None:
    assert last_values(query_string) == {"a": "é 1"}
    assert all_values(query_string) == {"a": ["é 1"]}


def test_grouped_keeps_the_order() -> None:
    assert grouped([("b", 1), ("a", 2), ("b", 3)]) == {"b": [1, 3], "a": [2]}
