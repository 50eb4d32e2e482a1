from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel

from vivace.exceptions import RequestValidationError
from vivace.webhooks import Dropped, Events, Malformed
from vivace.webhooks.incoming.messages import Reader, documented

events = Events()


class Line(BaseModel):
    text: str


@events.event("tree.grown")
class Tree(BaseModel):
    lines: list[Line]
    branches: list[Tree] = []


reader = Reader(events)


@given(st.binary() | st.text().map(str.encode))
def test_whatever_is_sent_is_a_message_or_none(body: bytes) -> None:
    with pytest.raises((Malformed, Dropped, RequestValidationError)):
        reader.read("msg_1", body)


@given(st.recursive(st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner)))
def test_whatever_data_is_sent_is_wrong_in_its_place(data: object) -> None:
    body = {"type": "tree.grown", "timestamp": "2026-01-01T00:00:00Z", "data": data}
    with pytest.raises(RequestValidationError) as caught:
        reader.read("msg_1", json.dumps(body).encode())
    assert all(error["loc"][:2] == ("body", "data") for error in caught.value.errors())


def test_what_is_nested_too_deep_is_refused() -> None:
    deep = b'{"type":"tree.grown","data":' + b"[" * 100_000
    with pytest.raises(Malformed):
        reader.read("msg_1", deep)


def test_definitions_stand_where_they_are_used() -> None:
    made = documented(events)
    text = json.dumps(made)
    assert "$ref" not in text and "$defs" not in text
    data = made["requestBody"]["content"]["application/json"]["schema"]["properties"]["data"]
    assert data["properties"]["lines"]["items"]["properties"]["text"]["type"] == "string"
    # What contains itself is anything, within itself.
    assert data["properties"]["branches"]["items"] == {}
