from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.trace import StatusCode
from starlette.exceptions import HTTPException, WebSocketException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Host, Mount, Route
from starlette.websockets import WebSocketDisconnect

from vivace.exceptions import (
    RequestValidationError,
    ResponseValidationError,
    WebSocketRequestValidationError,
)
from vivace.telemetry import TelemetryData, naming
from vivace.telemetry.request import RequestTelemetry, get_request_telemetry, is_answer

from .conftest import Recorded, request_telemetry


async def show(request: Request) -> Response:
    return Response()


def test_the_route_is_the_path_template(recorded: Recorded) -> None:
    telemetry = request_telemetry(recorded)
    assert telemetry.route is None
    telemetry.record_route(Route("/birds/{name:path}", show))
    assert telemetry.route == "/birds/{name}"


def test_the_route_has_the_templates_of_all_mounts_above_it(recorded: Recorded) -> None:
    telemetry = request_telemetry(recorded, root_path="/proxy")
    telemetry.record_route(Mount("/gardens/{garden}", routes=[]))
    telemetry.record_route(Mount("/trees", routes=[]))
    telemetry.record_route(Route("/birds", show))
    assert telemetry.route == "/proxy/gardens/{garden}/trees/birds"


def test_a_mount_by_itself_is_a_route(recorded: Recorded) -> None:
    telemetry = request_telemetry(recorded)
    telemetry.record_route(Mount("/files", routes=[]))
    assert telemetry.route == "/files/{path}"


@pytest.mark.parametrize("route", [Host("example.org", Response()), BaseRoute()])
def test_a_route_without_a_path_is_passed_over(recorded: Recorded, route: BaseRoute) -> None:
    telemetry = request_telemetry(recorded)
    telemetry.record_route(route)
    assert telemetry.route is None


def test_the_span_is_named_after_the_route(recorded: Recorded) -> None:
    telemetry = request_telemetry(recorded)
    telemetry.span = recorded.tracer_provider.get_tracer("test").start_span("GET")
    telemetry.record_route(Route("/birds/{name}", show))
    telemetry.span.end()
    (span,) = recorded.spans
    assert span.name == "GET /birds/{name}"
    assert span.attributes == {"http.route": "/birds/{name}"}


@pytest.mark.parametrize("has_tracer", [True, False])
@pytest.mark.parametrize("has_operations", [True, False])
def test_stages_have_spans_where_they_are_asked_for_and_traced(
    recorded: Recorded, has_tracer: bool, has_operations: bool
) -> None:
    telemetry = RequestTelemetry(
        name="GET",
        root_path="",
        tracer=recorded.tracer_provider.get_tracer("test") if has_tracer else None,
        logger=None,
        has_operations=has_operations,
    )
    with telemetry.operation("endpoint", show):
        pass
    with telemetry.background_task(show):
        pass
    expected = ["vivace.endpoint", "vivace.background_task"]
    names = [span.name for span in recorded.spans]
    assert names == (expected if has_tracer and has_operations else [])


def test_an_answer_of_a_background_task_is_a_fault(recorded: Recorded) -> None:
    telemetry = request_telemetry(recorded)
    for work in (telemetry.operation("endpoint", show), telemetry.background_task(show)):
        with pytest.raises(HTTPException), work:
            raise HTTPException(404)
    assert [span.status.status_code for span in recorded.spans] == [
        StatusCode.UNSET,
        StatusCode.ERROR,
    ]


@pytest.mark.parametrize("errors", [[], [{"loc": ("query", "a")}], [1, 2, 3]])
def test_failed_validation_is_noted_and_logged(recorded: Recorded, errors: list[Any]) -> None:
    telemetry = request_telemetry(recorded)
    telemetry.validation_failed(errors)
    assert telemetry.data.errors == errors
    assert telemetry.data.errors is not errors
    (log,) = recorded.logs
    assert log.log_record.attributes == {"vivace.validation.error_count": len(errors)}


def test_failed_validation_is_noted_where_nothing_is_logged() -> None:
    telemetry = RequestTelemetry(
        name="GET", root_path="", tracer=None, logger=None, has_operations=True
    )
    telemetry.validation_failed(("error",))
    assert telemetry.data.errors == ["error"]


def test_a_closed_request_lets_go_of_its_exception(recorded: Recorded) -> None:
    telemetry = request_telemetry(recorded)
    telemetry.exception = ValueError()
    assert telemetry.open_data is telemetry.data
    telemetry.close()
    telemetry.close()
    assert telemetry.exception is None


def test_handlers_outlive_a_closed_request(recorded: Recorded) -> None:
    telemetry = request_telemetry(recorded)
    telemetry.data.values = {"a": 1}
    telemetry.close()
    assert telemetry.open_data is None
    assert telemetry.data == TelemetryData()
    telemetry.data.values = {"late": 2}
    assert telemetry.open_data is None


def test_the_telemetry_of_a_request_stands_in_its_scope(recorded: Recorded) -> None:
    telemetry = request_telemetry(recorded)
    assert get_request_telemetry({naming.scope_key(): telemetry}) is telemetry


@pytest.mark.parametrize("scope", [{}, {naming.scope_key(): None}, {naming.scope_key(): "text"}])
def test_a_scope_may_hold_no_telemetry(scope: dict[str, Any]) -> None:
    assert get_request_telemetry(scope) is None


@pytest.mark.parametrize(
    ("error", "answers"),
    [
        (ValueError(), False),
        (KeyboardInterrupt(), False),
        (ResponseValidationError([]), False),
        (HTTPException(500), True),
        (WebSocketException(1008), True),
        (RequestValidationError([]), True),
        (WebSocketRequestValidationError([]), True),
        (WebSocketDisconnect(1000), True),
        (WebSocketDisconnect(1001), True),
        (WebSocketDisconnect(1006), False),
        (WebSocketDisconnect(1011), False),
    ],
)
def test_an_answer_is_no_fault(error: BaseException, answers: bool) -> None:
    assert is_answer(error) is answers
