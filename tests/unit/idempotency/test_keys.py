"""What is a key."""

from __future__ import annotations

import http_sf
import pytest
from hypothesis import given, strategies as st

from vivace.datastructures import Headers
from vivace.idempotency import InvalidKey
from vivace.idempotency.keys import key_in, parse_key

UUID = "8e03978e-40d5-43e8-bc93-6894a57f9324"


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=255))
def test_every_string_of_structured_fields_is_a_key(key: str) -> None:
    assert parse_key(http_sf.ser(key)) == key


@given(st.text(st.characters(max_codepoint=255), max_size=30))
def test_whatever_is_sent_is_a_key_or_is_refused(text: str) -> None:
    try:
        assert parse_key(text)
    except InvalidKey as error:
        assert error.status_code == 400


def test_with_and_without_quotes_it_is_the_same() -> None:
    assert parse_key(UUID) == parse_key(f'"{UUID}"') == parse_key(f' "{UUID}" ') == UUID


@pytest.mark.parametrize(
    "text",
    ["", '""', " ", '"', '"a', 'a"', '"a"b', '"a\\b"', "a b", "a,b", '"a", "b"', '"ä"', "ä",
     '"a";b', "(a)", "\x00", "x" * 256, f'"{"x" * 256}"', "x" * 10_000, '"' + '\\"' * 256 + '"'],
)  # fmt: skip
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidKey):
        parse_key(text)


def test_the_longest_there_is_may_be_escaped_throughout() -> None:
    assert parse_key('"' + '\\"' * 255 + '"') == '"' * 255


def test_a_request_has_one_or_none() -> None:
    assert key_in(Headers({})) is None
    assert key_in(Headers({"idempotency-key": "a"})) == "a"
    with pytest.raises(InvalidKey, match="several"):
        key_in(Headers(raw=[(b"idempotency-key", b"a"), (b"idempotency-key", b"a")]))
