"""A record is one line of JSON, whatever is in it."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

from hypothesis import given, strategies as st
from opentelemetry.sdk.trace import TracerProvider

from vivace.middleware import JSONLinesFormatter


def written(message: str = "said", **extra: Any) -> dict[str, Any]:
    record = logging.makeLogRecord({"name": "shop", "msg": message, "levelname": "INFO", **extra})
    line = JSONLinesFormatter().format(record)
    assert line.isascii()
    assert line.isprintable()
    parsed: dict[str, Any] = json.loads(line)
    return parsed


def test_a_record_has_the_names_of_opentelemetry() -> None:
    found = written(created=0.5, **{"http.route": "/a", "request_id": "1"})
    assert found == {
        "timestamp": "1970-01-01T00:00:00.500Z",
        "severity_text": "INFO",
        "logger": "shop",
        "message": "said",
        "http.route": "/a",
        "request_id": "1",
    }


def test_arguments_stand_in_the_message() -> None:
    assert written("%s and %d", args=("a", 1))["message"] == "a and 1"


def test_an_exception_is_three_attributes() -> None:
    try:
        raise LookupError("it")
    except LookupError:
        found = written(exc_info=sys.exc_info())
    assert found["exception.type"] == "builtins.LookupError"
    assert found["exception.message"] == "it"
    assert found["exception.stacktrace"].startswith("Traceback")
    assert "exception.type" not in written(exc_info=(None, None, None))


def test_a_record_within_a_span_names_it() -> None:
    with TracerProvider().get_tracer("test").start_as_current_span("span") as span:
        found = written()
    assert int(found["trace_id"], 16) == span.get_span_context().trace_id
    assert int(found["span_id"], 16) == span.get_span_context().span_id


def test_what_is_no_json_is_written_as_text() -> None:
    assert written(value={1})["value"] == "{1}"


@given(st.text(), st.text())
def test_a_record_is_one_line_whatever_is_in_it(message: str, value: str) -> None:
    found = written(message, value=value)
    assert (found["message"], found["value"]) == (message, value)
