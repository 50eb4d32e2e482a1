"""What the application, its router and its compiled handlers tell telemetry."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import Span, SpanProcessor
from opentelemetry.trace import StatusCode
from starlette.testclient import TestClient

from vivace import APIRouter, BackgroundTasks, Depends, HTTPException, Request, Vivace, WebSocket
from vivace.telemetry import get_telemetry_data

from .conftest import Recorded


def client(application: Vivace) -> TestClient:
    return TestClient(application, raise_server_exceptions=False)


def names(recorded: Recorded) -> list[str]:
    return [span.name for span in recorded.spans]


OPERATIONS = ["vivace.dependencies", "vivace.endpoint", "vivace.serialization"]


def test_stages_of_a_request(recorded: Recorded) -> None:
    application = Vivace(telemetry=recorded.config)

    @application.get("/items/{number}")
    async def read_item(number: int) -> int:
        return number

    assert client(application).get("/items/3").json() == 3
    assert names(recorded) == [*OPERATIONS, "GET /items/{number}"]


def test_without_providers_handlers_say_nothing() -> None:
    application = Vivace()

    @application.get("/")
    async def read_root() -> str:
        assert get_telemetry_data() is None
        return "ok"

    assert client(application).get("/").json() == "ok"
    route: Any = application.routes[-1]
    assert "telemetry" not in route.source()


def test_an_endpoint_in_a_thread_begins_its_span_there(recorded: Recorded) -> None:
    begun: dict[str, int] = {}
    application = Vivace(telemetry=recorded.config)

    class Processor(SpanProcessor):
        def on_start(self, span: Span, parent_context: Any = None) -> None:
            begun[span.name] = threading.get_ident()

    recorded.tracer_provider.add_span_processor(Processor())

    @application.get("/")
    def read_root() -> str:
        begun["called"] = threading.get_ident()
        return "ok"

    client(application).get("/")
    assert begun["vivace.endpoint"] == begun["called"] != begun["vivace.dependencies"]


def test_data_of_a_request(recorded: Recorded) -> None:
    application = Vivace(telemetry=recorded.config)
    service = object()

    def dependency(request: Request) -> object:
        data = get_telemetry_data()
        assert data is not None
        assert data.request is request
        assert data.body == {"a": 1}
        assert data.values is None
        return service

    @application.post("/{number}")
    async def create(number: int, body: dict[str, int], used: Any = Depends(dependency)) -> None:
        data = get_telemetry_data()
        assert data is not None
        assert data.values == {"number": 1, "body": {"a": 1}, "used": service}
        assert data.errors == []

    assert client(application).post("/1", json={"a": 1}).status_code == 200


@pytest.mark.parametrize(
    ("content", "has_operation"), [(b"{", False), (b'{"a": "no number"}', True)]
)
def test_invalid_body(recorded: Recorded, content: bytes, has_operation: bool) -> None:
    application = Vivace(telemetry=recorded.config)

    @application.post("/")
    async def create(body: dict[str, int]) -> None: ...

    headers = {"content-type": "application/json"}
    assert client(application).post("/", content=content, headers=headers).status_code == 422
    assert names(recorded) == ["vivace.dependencies"] * has_operation + ["POST /"]
    (log,) = recorded.logs
    assert log.log_record.event_name == "vivace.validation.failed"


def test_unhandled_exception(recorded: Recorded) -> None:
    application = Vivace(telemetry=recorded.config)

    @application.get("/")
    async def fail() -> None:
        raise ValueError

    assert client(application).get("/").status_code == 500
    (span,) = recorded.server_spans
    assert span.attributes is not None
    assert span.attributes["error.type"] == "ValueError"
    assert len(recorded.logs) == 1


def test_clean_up_comes_after_the_span(recorded: Recorded) -> None:
    application = Vivace(telemetry=recorded.config)
    finished: list[int] = []

    def dependency() -> Iterator[None]:
        yield
        finished.append(len(recorded.server_spans))

    @application.get("/", dependencies=[Depends(dependency)])
    async def read_root() -> str:
        return "ok"

    client(application).get("/")
    assert finished == [1]


def test_background_tasks(recorded: Recorded) -> None:
    application = Vivace(telemetry=recorded.config)

    def refuse() -> None:
        assert trace.get_current_span().is_recording()
        raise HTTPException(400)

    @application.get("/")
    async def read_root(tasks: BackgroundTasks) -> str:
        tasks.add_task(refuse)
        return "ok"

    assert client(application).get("/").status_code == 200
    task = recorded.spans[-1]
    (server,) = recorded.server_spans
    assert task.name == "vivace.background_task"
    assert task.status.status_code is StatusCode.ERROR
    assert task.parent is not None and server.context is not None
    assert task.parent.span_id == server.context.span_id
    assert server.status.status_code is StatusCode.UNSET
    assert len(recorded.logs) == 1


def test_web_socket(recorded: Recorded) -> None:
    application = Vivace(telemetry=recorded.config)

    @application.websocket("/{room}")
    async def join(websocket: WebSocket, room: str) -> None:
        data = get_telemetry_data()
        assert data is not None
        assert data.websocket is websocket
        assert data.values == {"websocket": websocket, "room": room}
        await websocket.accept()
        await websocket.close()

    with client(application).websocket_connect("/blue") as websocket:
        websocket.receive()
    assert names(recorded) == ["vivace.dependencies", "vivace.endpoint", "WS /{room}"]


@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("GET", "/api/items/1/", 200, "GET /api/items/{number}/"),
        ("GET", "/api/items/1", 307, "GET /api/items/{number}/"),
        ("POST", "/api/items/1/", 405, "POST /api/items/{number}/"),
        ("GET", "/missing", 404, "GET"),
        ("GET", "/inner/acme/items/1/", 200, "GET /inner/{tenant}/items/{number}/"),
        ("GET", "/inner/acme/missing", 404, "GET /inner/{tenant}/{path}"),
        ("GET", "/openapi.json", 200, "GET /openapi.json"),
    ],
)
def test_routes(recorded: Recorded, method: str, path: str, status: int, name: str) -> None:
    router = APIRouter()

    @router.get("/items/{number}/")
    async def read_item(number: int) -> int:
        return number

    inner = Vivace()
    inner.include_router(router)
    application = Vivace(telemetry=recorded.config)
    application.include_router(router, prefix="/api")
    application.mount("/inner/{tenant}", inner)
    response = client(application).request(method, path, follow_redirects=False)
    assert response.status_code == status
    (span,) = recorded.server_spans
    assert span.name == name
