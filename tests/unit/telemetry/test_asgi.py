"""The layer around an application: server spans, metrics, exclusion and exceptions."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest
from opentelemetry import context, trace
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import StatusCode
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vivace.telemetry import Telemetry, get_telemetry_data, read_config, scope_key

from .application import Application, RecordedMount, route
from .conftest import Recorded


async def show(request: Request, **values: Any) -> dict[str, Any]:
    return values


async def fail(request: Request) -> None:
    raise ValueError("private detail")


def test_span_and_metrics_of_a_request(recorded: Recorded) -> None:
    client = TestClient(Application(recorded.config, routes=[route("/items/{id}", show)]))
    assert client.get("/items/1?sig=secret").json() == {"id": "1"}
    (span,) = recorded.server_spans
    assert span.name == "GET /items/{id}"
    assert span.status.status_code is StatusCode.UNSET
    assert span.attributes == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/items/{id}",
        "server.address": "testserver",
        "server.port": 80,
        "url.path": "/items/1",
        "url.query": "sig=REDACTED",
        "url.scheme": "http",
        "network.protocol.version": "1.1",
    }
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "vivace"
    assert span.instrumentation_scope.schema_url == "https://opentelemetry.io/schemas/1.44.0"
    (duration,) = recorded.points()
    assert duration.count == 1
    assert duration.explicit_bounds[0] == 0.005
    assert duration.attributes == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/items/{id}",
        "network.protocol.version": "1.1",
        "url.scheme": "http",
    }
    (active,) = recorded.points("http.server.active_requests")
    assert active.value == 0
    assert not trace.get_current_span().get_span_context().is_valid


def test_remote_parent(recorded: Recorded) -> None:
    client = TestClient(Application(recorded.config))
    client.get("/", headers={"traceparent": f"00-{'1' * 32}-{'2' * 16}-01"})
    (span,) = recorded.server_spans
    assert span.parent is not None
    assert span.parent.span_id == int("2" * 16, 16)


@pytest.mark.parametrize("signals", [(True, False), (False, True), (False, False)])
def test_signals_are_independent(recorded: Recorded, signals: tuple[bool, bool]) -> None:
    recorded.config["tracing"], recorded.config["metrics"] = signals
    TestClient(Application(recorded.config)).get("/")
    assert (len(recorded.spans), len(recorded.points())) == signals


def test_metrics_count_what_is_not_sampled(recorded: Recorded) -> None:
    recorded.tracer_provider.sampler = ALWAYS_OFF
    TestClient(Application(recorded.config)).get("/")
    assert not recorded.spans
    assert len(recorded.points()) == 1


def test_unknown_methods_are_one(recorded: Recorded) -> None:
    client = TestClient(Application(recorded.config, routes=[route("/items/{id}", show)]))
    assert client.request("MADE_UP", "/items/1").status_code == 405
    (span,) = recorded.server_spans
    assert span.name == "HTTP /items/{id}"
    assert span.attributes is not None
    assert span.attributes["http.request.method_original"] == "MADE_UP"
    assert recorded.points()[0].attributes["http.request.method"] == "_OTHER"


def test_route_of_a_mounted_application_behind_a_proxy(recorded: Recorded) -> None:
    inner = Application(routes=[route("/items/{id}", show)])
    outer = Application(recorded.config, routes=[RecordedMount("/tenants/{tenant}", inner)])
    client = TestClient(outer, root_path="/proxy")
    assert client.get("/proxy/tenants/acme/items/4").status_code == 200
    assert client.get("/proxy/tenants/acme/missing").status_code == 404
    assert [span.name for span in recorded.server_spans] == [
        "GET /proxy/tenants/{tenant}/items/{id}",
        "GET /proxy/tenants/{tenant}/{path}",
    ]


# Exclusion.


@pytest.mark.parametrize("raises", [False, True])
def test_excluded_requests_are_excluded_from_mounted_applications(
    recorded: Recorded, raises: bool
) -> None:
    scopes: list[Scope] = []

    async def endpoint(request: Request, **values: Any) -> str:
        scopes.append(request.scope)
        assert request.scope[scope_key()] is None
        if raises:
            raise ValueError
        return "ok"

    inner = Application(recorded.config, routes=[route("/excluded", endpoint)])
    recorded.config["exclude"] = lambda scope: scope["path"].endswith("/excluded")
    outer = Application(recorded.config, routes=[RecordedMount("/inner", inner)])
    client = TestClient(outer, raise_server_exceptions=False)
    assert client.get("/inner/excluded").status_code == (500 if raises else 200)
    assert not recorded.spans
    assert not recorded.points()
    assert not recorded.logs
    assert scope_key() not in scopes[0]
    client.get("/inner/missing")
    assert len(recorded.server_spans) == 1


@pytest.mark.parametrize("error", [None, ValueError(), asyncio.CancelledError()])
def test_excluded_request_within_another_request(
    recorded: Recorded, error: BaseException | None
) -> None:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/excluded":
            assert get_telemetry_data() is None
            if error is not None:
                raise error
            return
        data, around = get_telemetry_data(), context.get_current()
        assert data is not None
        try:
            await telemetry(application, http_scope("/excluded"), receive, send)
        except BaseException as raised:
            assert raised is error
        assert get_telemetry_data() is data
        assert context.get_current() is around
        await PlainTextResponse("ok")(scope, receive, send)

    recorded.config["exclude"] = lambda scope: scope["path"] == "/excluded"
    telemetry = Telemetry(read_config(recorded.config))
    TestClient(bind(telemetry, application)).get("/outer")
    assert [span.attributes and span.attributes["url.path"] for span in recorded.spans] == [
        "/outer"
    ]
    assert not recorded.logs


def test_foreign_value_under_the_key_means_that_others_record(recorded: Recorded) -> None:
    inner = Application(recorded.config)

    async def outer(scope: Scope, receive: Receive, send: Send) -> None:
        scope[scope_key()] = None
        await inner(scope, receive, send)

    assert TestClient(outer).get("/").status_code == 404
    assert not recorded.spans


# Exceptions.


@pytest.mark.parametrize("sampled", [True, False])
def test_unhandled_exception(recorded: Recorded, sampled: bool) -> None:
    if not sampled:
        recorded.tracer_provider.sampler = ALWAYS_OFF
    client = TestClient(
        Application(recorded.config, routes=[route("/", fail)]), raise_server_exceptions=False
    )
    assert client.get("/").status_code == 500
    (log,) = recorded.logs
    record = log.log_record
    assert record.event_name == "http.server.request.exception"
    assert record.body == "Unhandled exception in Vivace request"
    assert record.severity_number is SeverityNumber.ERROR
    assert record.attributes is not None
    assert record.attributes["exception.type"] == "ValueError"
    assert record.attributes["http.route"] == "/"
    assert "raise ValueError" in str(record.attributes["exception.stacktrace"])
    assert record.trace_id
    assert recorded.points()[0].attributes["error.type"] == "ValueError"
    if sampled:
        (span,) = recorded.server_spans
        assert span.context is not None and record.span_id == span.context.span_id
        assert span.status.status_code is StatusCode.ERROR
        assert span.attributes is not None
        assert span.attributes["error.type"] == "ValueError"
        assert span.attributes["http.response.status_code"] == 500
        assert not span.events
        assert "private detail" not in repr(span.attributes)
    else:
        assert not recorded.spans


def test_error_handler_runs_within_the_span(recorded: Recorded) -> None:
    def answer(request: Request, error: Exception) -> JSONResponse:
        trace.get_current_span().set_attribute("handled", True)
        return JSONResponse("failed", status_code=500)

    application = Application(
        recorded.config, routes=[route("/", fail)], exception_handlers={500: answer}
    )
    TestClient(application, raise_server_exceptions=False).get("/")
    (span,) = recorded.server_spans
    assert span.attributes is not None
    assert span.attributes["handled"] is True
    assert span.attributes["error.type"] == "ValueError"


def test_exception_of_middleware(recorded: Recorded) -> None:
    class Failing:
        def __init__(self, app: ASGIApp) -> None: ...

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            raise RuntimeError

    application = Application(recorded.config, middleware=[Middleware(Failing)])
    TestClient(application, raise_server_exceptions=False).get("/")
    (span,) = recorded.server_spans
    assert span.attributes is not None
    assert span.attributes["error.type"] == "RuntimeError"
    assert "http.route" not in span.attributes


@pytest.mark.parametrize("status", [404, 503])
def test_http_exception_is_an_answer(recorded: Recorded, status: int) -> None:
    async def refuse(request: Request) -> None:
        raise HTTPException(status, "private detail")

    client = TestClient(Application(recorded.config, routes=[route("/", refuse)]))
    assert client.get("/").status_code == status
    assert not recorded.logs
    (span,) = recorded.server_spans
    assert span.attributes is not None
    assert span.attributes.get("error.type") == ("503" if status == 503 else None)
    assert recorded.points()[0].attributes.get("error.type") == span.attributes.get("error.type")


def test_exception_after_a_complete_response_is_logged_alone(recorded: Recorded) -> None:
    def fail_late() -> None:
        raise ValueError

    async def endpoint(request: Request) -> JSONResponse:
        return JSONResponse("ok", background=BackgroundTask(fail_late))

    application = Application(recorded.config, routes=[route("/", endpoint)])
    TestClient(application, raise_server_exceptions=False).get("/")
    (span,) = recorded.server_spans
    assert span.status.status_code is StatusCode.UNSET
    (log,) = recorded.logs
    assert span.context is not None and log.log_record.trace_id == span.context.trace_id


# The course of a response.


def http_scope(path: str = "/") -> dict[str, Any]:
    return {"type": "http", "method": "GET", "scheme": "http", "path": path, "headers": []}


def bind(telemetry: Telemetry, application: ASGIApp) -> ASGIApp:
    async def bound(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await telemetry(application, scope, receive, send)

    return bound


async def receive_disconnect() -> Message:
    return {"type": "http.disconnect"}


async def discard(message: Message) -> None: ...


async def run(recorded: Recorded, application: ASGIApp, send: Send = discard) -> None:
    scope = http_scope()
    try:
        await Telemetry(read_config(recorded.config))(application, scope, receive_disconnect, send)
    finally:
        assert scope_key() not in scope


START: Message = {"type": "http.response.start", "status": 200, "headers": []}


@pytest.mark.anyio
@pytest.mark.parametrize(
    "last",
    [
        {"type": "http.response.body", "body": b"ok"},
        {"type": "http.response.pathsend", "path": "/file"},
        {"type": "http.response.zerocopysend", "file": 1},
    ],
)
async def test_span_ends_with_the_last_message(recorded: Recorded, last: Message) -> None:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        assert not recorded.spans
        await send(last)
        assert len(recorded.spans) == 1
        assert recorded.points("http.server.active_requests")[0].value == 0

    await run(recorded, application)
    assert recorded.points()[0].count == 1


@pytest.mark.anyio
async def test_span_ends_with_the_trailers(recorded: Recorded) -> None:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await send({**START, "trailers": True})
        await send({"type": "http.response.body", "body": b"ok"})
        await send({"type": "http.response.trailers", "headers": [], "more_trailers": True})
        assert not recorded.spans
        await send({"type": "http.response.trailers", "headers": []})
        assert len(recorded.spans) == 1

    await run(recorded, application)


@pytest.mark.anyio
@pytest.mark.parametrize("starts", [False, True])
@pytest.mark.parametrize(
    ("disconnects", "error_type"), [(True, "ConnectionError"), (False, "RuntimeError")]
)
async def test_incomplete_response(
    recorded: Recorded, starts: bool, disconnects: bool, error_type: str
) -> None:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if starts:
            await send(START)
        if disconnects:
            await receive()

    await run(recorded, application)
    (span,) = recorded.server_spans
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes is not None
    assert span.attributes["error.type"] == error_type
    assert not recorded.logs


@pytest.mark.anyio
async def test_failing_send(recorded: Recorded) -> None:
    async def refuse(message: Message) -> None:
        raise OSError("closed")

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)

    with pytest.raises(OSError, match="closed"):
        await run(recorded, application, refuse)
    (span,) = recorded.server_spans
    assert span.attributes is not None
    assert span.attributes["error.type"] == "OSError"
    assert span.attributes["http.response.status_code"] == 200


@pytest.mark.anyio
async def test_cancellation_is_an_error_but_no_log(recorded: Recorded) -> None:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await anyio.sleep_forever()

    with anyio.move_on_after(0):
        await run(recorded, application)
    (span,) = recorded.server_spans
    assert span.status.status_code is StatusCode.ERROR
    assert not recorded.logs


def test_stream_is_part_of_the_span(recorded: Recorded) -> None:
    names: list[str] = []

    async def endpoint(request: Request) -> StreamingResponse:
        async def stream() -> Any:
            names.append(trace.get_current_span().name)  # type: ignore[attr-defined]
            yield b"one"
            assert not recorded.server_spans

        return StreamingResponse(stream())

    client = TestClient(Application(recorded.config, routes=[route("/", endpoint)]))
    assert client.get("/").content == b"one"
    assert names == ["GET /"]
    assert len(recorded.server_spans) == 1
