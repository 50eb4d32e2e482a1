"""Spans of a request's stages, and what processors find out about it."""

from __future__ import annotations

import gc
import threading
import weakref
from functools import partial
from typing import Any

import pytest
from opentelemetry import context, trace
from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.trace import Span, SpanProcessor
from opentelemetry.trace import SpanKind, StatusCode
from starlette.exceptions import HTTPException, WebSocketException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from vivace.exceptions import (
    RequestValidationError,
    ResponseValidationError,
    WebSocketRequestValidationError,
)
from vivace.telemetry import TelemetryData, background_task, get_telemetry_data

from .application import Application, answer_invalid, route
from .conftest import Recorded, request_telemetry


async def show(request: Request, **values: Any) -> dict[str, Any]:
    return values


async def respond(request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


def test_operations_are_children_of_the_server_span(recorded: Recorded) -> None:
    client = TestClient(Application(recorded.config, routes=[route("/", show)]))
    assert client.get("/").status_code == 200
    (server,) = recorded.server_spans
    operations = [span for span in recorded.spans if span is not server]
    assert [span.name for span in operations] == [
        "vivace.dependencies",
        "vivace.endpoint",
        "vivace.serialization",
    ]
    for span in operations:
        assert span.kind is SpanKind.INTERNAL
        assert span.attributes == {"code.function.name": f"{__name__}.show"}
        assert span.parent is not None and server.context is not None
        assert span.parent.span_id == server.context.span_id


def test_a_response_is_not_serialized(recorded: Recorded) -> None:
    TestClient(Application(recorded.config, routes=[route("/", respond)])).get("/")
    assert len(recorded.spans) == 3


def test_operations_can_be_turned_off(recorded: Recorded) -> None:
    recorded.config["operation_spans"] = False
    TestClient(Application(recorded.config, routes=[route("/", show)])).get("/")
    assert recorded.spans == recorded.server_spans
    telemetry = request_telemetry(recorded, has_operations=False)
    with telemetry.operation("endpoint", show), telemetry.background_task(show):
        assert not trace.get_current_span().is_recording()


def test_operation_in_the_thread_that_enters_it(recorded: Recorded) -> None:
    telemetry = request_telemetry(recorded)
    names: list[str] = []

    def in_thread() -> None:
        with telemetry.operation("endpoint", show):
            names.append(trace.get_current_span().name)  # type: ignore[attr-defined]

    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()
    assert names == ["vivace.endpoint"]
    assert not trace.get_current_span().get_span_context().is_valid


@pytest.mark.parametrize(
    ("error", "answers"),
    [
        (ValueError(), False),
        (ResponseValidationError([]), False),
        (HTTPException(500), True),
        (WebSocketException(1008), True),
        (RequestValidationError([]), True),
        (WebSocketRequestValidationError([]), True),
        (WebSocketDisconnect(1000), True),
        (WebSocketDisconnect(1001), True),
        (WebSocketDisconnect(1006), False),
    ],
)
def test_only_faults_are_errors(recorded: Recorded, error: Exception, answers: bool) -> None:
    telemetry = request_telemetry(recorded)
    with pytest.raises(type(error)), telemetry.operation("endpoint", show):
        raise error
    (span,) = recorded.spans
    expected = StatusCode.UNSET if answers else StatusCode.ERROR
    assert span.status.status_code is expected
    assert not span.events


# Background tasks.


def test_every_exception_of_a_background_task_is_a_fault(recorded: Recorded) -> None:
    telemetry = request_telemetry(recorded)
    with pytest.raises(HTTPException), telemetry.background_task(partial(show)):
        raise HTTPException(400)
    (span,) = recorded.spans
    assert span.name == "vivace.background_task"
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes == {
        "code.function.name": f"{__name__}.show",
        "error.type": "starlette.exceptions.HTTPException",
    }


def test_background_task_outside_of_requests() -> None:
    with background_task(show):
        assert not trace.get_current_span().is_recording()


def test_background_task_of_a_request(recorded: Recorded) -> None:
    async def endpoint(request: Request) -> str:
        with background_task(show):
            pass
        return "ok"

    TestClient(Application(recorded.config, routes=[route("/", endpoint)])).get("/")
    assert "vivace.background_task" in [span.name for span in recorded.spans]


# The data of a request.


def test_data_is_there_while_the_request_is_handled(recorded: Recorded) -> None:
    contexts: list[Context] = []
    seen: list[TelemetryData] = []
    references: list[weakref.ref[Request]] = []

    async def endpoint(request: Request, id: str) -> str:
        data = get_telemetry_data()
        assert data is not None
        assert data.request is request
        assert data.websocket is None
        assert data.values == {"id": "1"}
        assert data.errors == []
        contexts.append(context.get_current())
        references.append(weakref.ref(request))
        return "ok"

    class Processor(SpanProcessor):
        def on_start(self, span: Span, parent_context: Context | None = None) -> None:
            data = get_telemetry_data(parent_context)
            assert data is not None
            seen.append(TelemetryData(request=data.request, values=data.values))

    recorded.tracer_provider.add_span_processor(Processor())
    TestClient(Application(recorded.config, routes=[route("/{id}", endpoint)])).get("/1")
    server, dependencies, endpoint_span, serialization = seen
    assert server.request is None
    assert dependencies.request is not None and dependencies.values is None
    assert endpoint_span.values == {"id": "1"}
    seen.clear()
    del server, dependencies, endpoint_span, serialization
    assert get_telemetry_data(contexts[0]) is None
    assert get_telemetry_data() is None
    gc.collect()
    assert references[0]() is None


@pytest.mark.parametrize("tracing", [True, False])
def test_failed_validation_is_logged_without_what_was_sent(
    recorded: Recorded, tracing: bool
) -> None:
    observed: list[Any] = []

    class Processor(LogRecordProcessor):
        def on_emit(self, log_record: ReadWriteLogRecord) -> None:
            data = get_telemetry_data(log_record.log_record.context)
            assert data is not None and data.errors is not None
            observed.append(data.errors[0]["input"])

        def shutdown(self) -> None: ...

        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            return True

    recorded.logger_provider.add_log_record_processor(Processor())
    recorded.config["tracing"] = tracing
    application = Application(
        recorded.config,
        routes=[route("/{id}", show, integers=("id",))],
        exception_handlers={RequestValidationError: answer_invalid},
    )
    assert TestClient(application).get("/private").status_code == 422
    assert observed == ["private"]
    (log,) = recorded.logs
    record = log.log_record
    assert record.event_name == "vivace.validation.failed"
    assert record.body == "Request validation failed"
    assert record.severity_number is SeverityNumber.WARN
    assert record.attributes == {"http.route": "/{id}", "vivace.validation.error_count": 1}
    assert record.timestamp is not None and record.observed_timestamp is not None
    assert record.timestamp <= record.observed_timestamp
    assert bool(record.trace_id) is tracing
    assert all(span.status.status_code is StatusCode.UNSET for span in recorded.spans)
