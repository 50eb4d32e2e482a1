from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message

from vivace.exceptions import RequestValidationError
from vivace.runtime.body import content_type, is_json, parse_json, read_body

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(TEXTS, children, max_size=4),
    max_leaves=20,
)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-32-be"]


def outcome(parse: Any, body: bytes) -> Any:
    """What parsing gives, in a form that tells ``0`` from ``-0.0`` and NaN equal to itself."""
    try:
        return repr(parse(body))
    except (RequestValidationError, HTTPException, ValueError, RecursionError):
        return "refused"


@given(VALUES, st.sampled_from(ENCODINGS), st.booleans(), st.sampled_from([None, 1]))
def test_json_is_parsed_as_the_standard_library_parses_it(
    value: Any, encoding: str, ascii_only: bool, indent: int | None
) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode(encoding)
    assert repr(parse_json(body)) == repr(json.loads(body))


@given(st.text('[]{}":,0123456789eE+-. \n\t\\ultrfasnINy\0\1é', max_size=12))
def test_what_is_no_json_is_refused_as_the_standard_library_refuses_it(text: str) -> None:
    assert outcome(parse_json, text.encode()) == outcome(json.loads, text.encode())


@given(st.binary(max_size=10))
def test_bytes_that_are_no_text_are_refused(body: bytes) -> None:
    try:
        body.decode(json.detect_encoding(body))
    except UnicodeDecodeError as error:
        with pytest.raises(HTTPException, match=f" at byte {error.start}$") as caught:
            parse_json(body)
        assert caught.value.status_code == 400


@pytest.mark.parametrize(
    "text",
    [
        "-0",
        "1e400",
        "-1e400",
        "5e-324",
        "1.7976931348623159e308",
        "123456789012345678901234567890",
        "0.30000000000000004",
        "NaN",
        "[Infinity, -Infinity]",
        '{"a": 1, "a": 2}',
        '"\\ud83d\\ude00"',
        pytest.param("1" * 5000, id="too many digits"),
        pytest.param("[" * 150 + "]" * 150, id="deep"),
        pytest.param("[" * 100_000, id="too deep"),
    ],
)
def test_the_limits_of_json(text: str) -> None:
    assert outcome(parse_json, text.encode()) == outcome(json.loads, text.encode())


@given(st.text('[]{}":,01-. \nax', min_size=1, max_size=12))
def test_an_error_says_at_which_character_it_is(text: str) -> None:
    try:
        json.loads(text)
    except json.JSONDecodeError as expected:
        with pytest.raises(RequestValidationError) as caught:
            parse_json(text.encode(), {"function": "endpoint"})
        (error,) = caught.value.errors()
        assert error["type"] == "json_invalid"
        assert error["loc"] == ("body", expected.pos)
        assert error["ctx"] == {"error": expected.msg}
        assert caught.value.body == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"application/json", True),
        (b"Application/JSON; charset=utf-8", True),
        (b"application/problem+json", True),
        (b" application/geo+json ;v=1", True),
        (b"text/json", False),
        (b"application/jsonl", False),
        (b"application/x-www-form-urlencoded", False),
        (b"json", False),
        (b"", False),
    ],
)
def test_is_json(value: bytes, expected: bool) -> None:
    assert is_json(value, strict=True) is expected
    assert is_json(value, strict=False) is expected


def test_without_a_content_type_a_body_is_json_only_where_that_is_allowed() -> None:
    assert not is_json(None, strict=True)
    assert is_json(None, strict=False)


def test_the_first_content_type_counts() -> None:
    assert content_type([]) is None
    headers = [(b"accept", b"a"), (b"content-type", b"b"), (b"content-type", b"c")]
    assert content_type(headers) == b"b"


def receiving(*messages: Message) -> Any:
    pending = list(messages)

    async def receive() -> Message:
        return pending.pop(0)

    return receive


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("messages", "body"),
    [
        ([{"type": "http.request", "body": b"all"}], b"all"),
        ([{"type": "http.request"}], b""),
        (
            [
                {"type": "http.request", "body": b"one", "more_body": True},
                {"type": "http.request", "more_body": True},
                {"type": "http.request", "body": b"two"},
            ],
            b"onetwo",
        ),
    ],
)
async def test_read_body(messages: list[Message], body: bytes) -> None:
    assert await read_body(receiving(*messages)) == body


@pytest.mark.anyio
async def test_a_client_that_goes_away_has_no_body() -> None:
    beginning: Message = {"type": "http.request", "body": b"one", "more_body": True}
    with pytest.raises(ClientDisconnect):
        await read_body(receiving(beginning, {"type": "http.disconnect"}))
