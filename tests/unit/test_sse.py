from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel, ValidationError

from vivace.sse import EventSourceResponse, ServerSentEvent, encode_event, format_sse_event


class Item(BaseModel):
    name: str


def parsed(stream: bytes) -> dict[str, str]:
    """The fields of one event, as WHATWG HTML, section 9.2.6, has them read."""
    fields: dict[str, str] = {}
    text = stream.decode()
    assert text.endswith("\n")
    for line in re.split("\r\n|\r|\n", text):
        name, _, value = line.partition(":")
        if name == "data" and "data" in fields:
            fields["data"] += "\n" + value.removeprefix(" ")
        elif name:
            fields[name] = value.removeprefix(" ")
    return fields


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("", b"data: \n\n"),
        ("a\r\nb\rc\nd", b"data: a\ndata: b\ndata: c\ndata: d\n\n"),
        ("a\n", b"data: a\ndata: \n\n"),
        ("a\u2028b\x0bc", "data: a\u2028b\x0bc\n\n".encode()),
    ],
)
def test_data_is_split_at_the_line_ends_of_the_format_only(data: str, expected: bytes) -> None:
    assert format_sse_event(data_str=data) == expected


def test_every_field_has_its_line() -> None:
    event = format_sse_event(data_str="d", event="e", id="1", retry=3, comment="c\nd")
    assert event == b": c\n: d\nevent: e\ndata: d\nid: 1\nretry: 3\n\n"


@given(st.text(st.characters(codec="utf-8")))
def test_clients_read_the_data_that_was_sent(data: str) -> None:
    normalized = re.sub("\r\n|\r", "\n", data)
    assert parsed(format_sse_event(data_str=data))["data"] == normalized


@pytest.mark.parametrize("name", ["event", "id"])
@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\r\nb"])
def test_single_line_fields_cannot_inject_others(name: str, value: str) -> None:
    fields: dict[str, Any] = {name: value}
    with pytest.raises(ValidationError, match=f"SSE '{name}' must be a single line"):
        ServerSentEvent(data="d", **fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"id": "a\0b"}, "null"),
        ({"retry": -1}, "greater than or equal to 0"),
        ({"retry": 1.5}, "integer"),
        ({"data": 1, "raw_data": "x"}, "Cannot set both"),
    ],
)
def test_events_that_clients_would_misread_are_refused(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        ServerSentEvent(**fields)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (ServerSentEvent(data="text"), b'data: "text"\n\n'),
        (ServerSentEvent(data={"a": 1}), b'data: {"a": 1}\n\n'),
        (ServerSentEvent(data=Item(name="é")), 'data: {"name":"é"}\n\n'.encode()),
        (ServerSentEvent(raw_data="<b>"), b"data: <b>\n\n"),
        (ServerSentEvent(comment="c"), b": c\n\n"),
        (Item(name="a"), b'data: {"name":"a"}\n\n'),
        (None, b"data: null\n\n"),
    ],
)
def test_what_an_endpoint_yields_becomes_an_event(item: Any, expected: bytes) -> None:
    assert encode_event(item) == expected


@given(st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False) | st.text()))
def test_json_data_is_read_back(value: dict[str, Any]) -> None:
    clean = {key: item for key, item in value.items() if not key.startswith("_sa")}
    assert json.loads(parsed(encode_event(value))["data"]) == clean


def test_the_response_is_neither_cached_nor_buffered() -> None:
    response = EventSourceResponse(iter([b""]))
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-accel-buffering"] == "no"
    own = EventSourceResponse(iter([b""]), headers={"Cache-Control": "no-store"})
    assert own.headers["cache-control"] == "no-store"
