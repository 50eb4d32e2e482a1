from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, strategies as st
from taskiq.message import TaskiqMessage

from vivace.tasks.message import MAX_SIZE, Message

JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.text(), JSON, max_size=3), st.integers(1, 100), st.text())
def test_a_message_comes_back_as_it_was(
    arguments: dict[str, Any], attempt: int, failure: str
) -> None:
    message = Message(
        id="1",
        task="main.work",
        arguments=arguments,
        queue="urgent",
        attempt=attempt,
        due=12.5,
        sent=3.25,
        lost=2,
        trace={"traceparent": "00-1-2-01"},
        failure={"kind": "ValueError", "message": failure},
    )
    assert Message.decode(message.encode()) == message


def test_the_format_is_that_of_taskiq() -> None:
    found = TaskiqMessage.model_validate_json(Message("1", "work", {"a": 1}).encode())
    assert (found.task_id, found.task_name, found.kwargs) == ("1", "work", {"a": 1})
    sent = TaskiqMessage(task_id="1", task_name="work", labels={"x": "y"}, args=[], kwargs={"a": 2})
    assert Message.decode(sent.model_dump_json().encode()) == Message("1", "work", {"a": 2})


@given(st.binary() | st.builds(lambda value: json.dumps(value).encode(), JSON))
def test_whatever_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="no message of a task"):
        Message.decode(body)


def test_arguments_without_names_are_refused() -> None:
    sent = TaskiqMessage(task_id="1", task_name="work", labels={}, args=[1], kwargs={})
    with pytest.raises(ValueError, match="by name"):
        Message.decode(sent.model_dump_json().encode())


def test_a_message_that_no_engine_takes_is_refused() -> None:
    with pytest.raises(ValueError, match="Store what is large elsewhere"):
        Message("1", "work", {"text": "x" * MAX_SIZE}).check_size()


def test_the_wait_ends_when_it_is_due() -> None:
    assert Message("1", "work").wait == 0
    assert Message("1", "work", due=time.time() - 5).wait == 0
    assert 4 < Message("1", "work").again(5).wait <= 5
    assert Message("1", "work", due=7.0).again(0).due == 0
