from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from opentelemetry import context, trace
from opentelemetry.trace import StatusCode

from vivace import BackgroundTasks, Vivace
from vivace.telemetry.background import background_task
from vivace.telemetry.data import CONTEXT_KEY
from vivace.telemetry.request import RequestTelemetry
from vivace.testclient import TestClient

from .conftest import Recorded, request_telemetry


def send_mail() -> None: ...


@contextmanager
def handling(telemetry: RequestTelemetry) -> Iterator[None]:
    """Within the request that this is the telemetry of."""
    token = context.attach(context.set_value(CONTEXT_KEY, telemetry))
    try:
        yield
    finally:
        context.detach(token)


def test_a_task_outside_a_request_has_no_span(recorded: Recorded) -> None:
    with background_task(send_mail):
        assert trace.get_current_span() is trace.INVALID_SPAN
    assert recorded.spans == []


def test_a_task_outside_a_request_may_fail() -> None:
    with pytest.raises(LookupError), background_task(send_mail):
        raise LookupError


def test_a_task_of_a_request_has_a_span(recorded: Recorded) -> None:
    with handling(request_telemetry(recorded)), background_task(send_mail):
        assert trace.get_current_span().is_recording()
    (span,) = recorded.spans
    assert span.name == "vivace.background_task"
    assert span.attributes is not None
    assert str(span.attributes["code.function.name"]).endswith("test_background.send_mail")
    assert span.status.status_code is StatusCode.UNSET


def test_a_task_of_a_request_that_is_over_has_a_span(recorded: Recorded) -> None:
    telemetry = request_telemetry(recorded)
    telemetry.close()
    with handling(telemetry), background_task(send_mail):
        pass
    assert len(recorded.spans) == 1


def test_a_task_without_operations_has_no_span(recorded: Recorded) -> None:
    with handling(request_telemetry(recorded, has_operations=False)), background_task(send_mail):
        pass
    assert recorded.spans == []


def test_a_task_that_fails_is_an_error(recorded: Recorded) -> None:
    with (
        pytest.raises(LookupError),
        handling(request_telemetry(recorded)),
        background_task(send_mail),
    ):
        raise LookupError
    (span,) = recorded.spans
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes is not None
    assert span.attributes["error.type"] == "LookupError"


def test_each_task_of_an_application_has_a_span(recorded: Recorded) -> None:
    app = Vivace(telemetry=recorded.config)

    @app.get("/")
    async def read(tasks: BackgroundTasks) -> None:
        tasks.add_task(send_mail)
        tasks.add_task(send_mail)

    assert TestClient(app).get("/").status_code == 200
    spans = [span for span in recorded.spans if span.name == "vivace.background_task"]
    (server,) = recorded.server_spans
    assert len(spans) == 2
    assert server.context is not None
    for span in spans:
        assert span.parent is not None and span.parent.span_id == server.context.span_id
