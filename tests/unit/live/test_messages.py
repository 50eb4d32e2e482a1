"""Frames, whatever is in them."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel, Field
from pydantic_core import from_json, to_json

from vivace.live.brokers.protocol import Entry
from vivace.live.frames import MESSAGE, pack, unpack
from vivace.live.messages import InvalidFrame, Messages, parse_object, take_ref

from .chat import Ask, Said, Say, Whisper

RECEIVES = Messages(Say | Ask | Whisper, "test")

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.text() | values.map(lambda value: to_json(value, inf_nan_mode="constants").decode()))
def test_any_text_is_an_object_or_an_invalid_frame(text: str) -> None:
    try:
        assert isinstance(parse_object(text), dict)
    except InvalidFrame as error:
        assert error.errors[0].keys() == {"type", "loc", "msg"}
        to_json(error.errors)


frames = st.dictionaries(st.sampled_from(["type", "text", "count", "to", "ref", "x"]), values)


@given(frames | st.fixed_dictionaries({"type": st.sampled_from(["say", "ask"]), "text": values}))
def test_any_object_is_a_message_or_an_invalid_frame(content: dict[str, Any]) -> None:
    try:
        ref = take_ref(content)
        assert ref is None or len(ref) <= 64
        assert isinstance(RECEIVES.read(content), BaseModel)
    except InvalidFrame as error:
        to_json(error.errors)


@given(st.binary() | st.binary().map(lambda data: b'{"kind":"message"}\n' + data))
def test_any_entry_is_a_frame_that_can_be_sent_or_none(data: bytes) -> None:
    received = unpack(Entry("1", data))
    if received is not None:
        assert received.frame.text.startswith("{")
        assert received.frame.event.endswith(b"\n\n")


@given(st.text(min_size=1), st.text(min_size=1), st.text())
def test_an_entry_is_unpacked_as_it_was_packed(user: str, key: str, text: str) -> None:
    type, json = Messages(Said, "test").encode(Said(user=user, text=text))
    received = unpack(Entry("1-2", pack(MESSAGE, json, type=type, to=user, key=key)))
    assert received is not None
    frame = received.frame
    assert (received.kind, frame.type, frame.to, frame.key) == (MESSAGE, "said", user, key)
    written = from_json(frame.text)
    assert written == {"event_id": "1-2", "type": "said", "user": user, "text": text}


def test_a_union_may_say_how_it_is_told_apart() -> None:
    messages = Messages(Annotated[Say | Ask, Field(discriminator="type")], "test")
    assert set(messages.by_type) == {"say", "ask"}
    assert Messages(Say, "test").read({"type": "say", "text": "a"}) == Say(text="a")
    with pytest.raises(InvalidFrame) as refused:
        Messages(Say, "test").read({"type": "ask"})
    assert {tuple(one["loc"]) for one in refused.value.errors} == {("type",), ("text",)}
