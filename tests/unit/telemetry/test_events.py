from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord

from vivace.telemetry import naming
from vivace.telemetry.events import (
    emit_request_exception,
    emit_validation_failed,
    emit_websocket_exception,
)

from .conftest import Recorded


@pytest.fixture
def other_name() -> Iterator[None]:
    naming.use("shop", "Shop")
    yield
    naming.use("vivace", "Vivace")


def emitted(recorded: Recorded, emit: Any, *arguments: Any) -> ReadableLogRecord:
    """The log record that a function emits."""
    emit(recorded.logger_provider.get_logger("test"), *arguments)
    (log,) = recorded.logs
    return log


def test_failed_validation_is_a_warning(recorded: Recorded) -> None:
    record = emitted(recorded, emit_validation_failed, "/birds", 3).log_record
    assert record.event_name == "vivace.validation.failed"
    assert record.body == "Request validation failed"
    assert (record.severity_number, record.severity_text) == (SeverityNumber.WARN, "WARN")
    assert record.attributes == {"http.route": "/birds", "vivace.validation.error_count": 3}


@pytest.mark.parametrize(
    ("emit", "event_name", "body"),
    [
        (
            emit_request_exception,
            "http.server.request.exception",
            "Unhandled exception in Vivace request",
        ),
        (
            emit_websocket_exception,
            "vivace.websocket.exception",
            "Unhandled exception in Vivace WebSocket connection",
        ),
    ],
)
def test_an_exception_is_an_error(
    recorded: Recorded, emit: Any, event_name: str, body: str
) -> None:
    record = emitted(recorded, emit, "/birds", LookupError("no wren")).log_record
    assert (record.event_name, record.body) == (event_name, body)
    assert (record.severity_number, record.severity_text) == (SeverityNumber.ERROR, "ERROR")
    assert record.attributes is not None
    assert record.attributes["http.route"] == "/birds"
    assert record.attributes["exception.type"] == "LookupError"
    assert record.attributes["exception.message"] == "no wren"


def test_an_exception_carries_its_stack_trace(recorded: Recorded) -> None:
    def fail() -> None:
        raise LookupError("no wren")

    try:
        fail()
    except LookupError as error:
        record = emitted(recorded, emit_request_exception, None, error).log_record
    assert record.attributes is not None
    assert "in fail\n" in str(record.attributes["exception.stacktrace"])


@pytest.mark.parametrize(
    ("emit", "value"),
    [
        (emit_validation_failed, 1),
        (emit_request_exception, ValueError()),
        (emit_websocket_exception, ValueError()),
    ],
)
def test_a_request_without_a_route_names_none(recorded: Recorded, emit: Any, value: Any) -> None:
    record = emitted(recorded, emit, None, value).log_record
    assert record.attributes is not None
    assert "http.route" not in record.attributes


def test_a_record_belongs_to_the_current_span(recorded: Recorded) -> None:
    with recorded.tracer_provider.get_tracer("test").start_as_current_span("request") as span:
        log = emitted(recorded, emit_validation_failed, "/", 1)
    expected = span.get_span_context()
    assert (log.log_record.trace_id, log.log_record.span_id) == (
        expected.trace_id,
        expected.span_id,
    )


@pytest.mark.usefixtures("other_name")
def test_events_go_by_the_name_in_use(recorded: Recorded) -> None:
    logger = recorded.logger_provider.get_logger("test")
    emit_validation_failed(logger, None, 1)
    emit_request_exception(logger, None, ValueError())
    emit_websocket_exception(logger, None, ValueError())
    records = [log.log_record for log in recorded.logs]
    assert [record.event_name for record in records] == [
        "shop.validation.failed",
        "http.server.request.exception",
        "shop.websocket.exception",
    ]
    assert records[0].attributes == {"shop.validation.error_count": 1}
    assert records[1].body == "Unhandled exception in Shop request"
