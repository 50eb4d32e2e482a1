from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.trace import StatusCode
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from vivace.telemetry import get_telemetry_data

from .application import Application, websocket_route
from .conftest import Recorded


async def echo(websocket: WebSocket) -> None:
    data = get_telemetry_data()
    assert data is not None
    assert data.websocket is websocket
    assert data.request is None
    await websocket.accept()
    for _ in range(2):
        await websocket.send_text(await websocket.receive_text())
    await websocket.close()


async def fail(websocket: WebSocket) -> None:
    await websocket.accept()
    raise ValueError("failed")


def client(recorded: Recorded, endpoint: Any) -> TestClient:
    return TestClient(Application(recorded.config, routes=[websocket_route("/{room}", endpoint)]))


def test_connection(recorded: Recorded) -> None:
    with client(recorded, echo).websocket_connect("/blue") as websocket:
        websocket.send_text("private")
        assert websocket.receive_text() == "private"
        assert not recorded.server_spans
        websocket.send_text("private")
        websocket.receive()
    (span,) = recorded.server_spans
    assert span.name == "WS /{room}"
    assert span.attributes == {
        "http.route": "/{room}",
        "network.protocol.name": "websocket",
        "server.address": "testserver",
        "server.port": 80,
        "url.scheme": "ws",
    }
    assert [span.name for span in recorded.spans[:-1]] == ["vivace.dependencies", "vivace.endpoint"]
    assert not recorded.points()


@pytest.mark.parametrize("code", [1000, 1001, 1006])
def test_the_client_leaves(recorded: Recorded, code: int) -> None:
    with (
        pytest.raises(WebSocketDisconnect),
        client(recorded, echo).websocket_connect("/blue") as websocket,
    ):
        websocket.close(code)
    (span,) = recorded.server_spans
    is_error = code == 1006
    assert span.status.status_code is (StatusCode.ERROR if is_error else StatusCode.UNSET)
    assert len(recorded.logs) == is_error


@pytest.mark.parametrize("tracing", [True, False])
def test_unhandled_exception(recorded: Recorded, tracing: bool) -> None:
    recorded.config["tracing"] = tracing
    with (
        pytest.raises(ValueError, match="failed"),
        client(recorded, fail).websocket_connect("/blue"),
    ):
        pass
    (log,) = recorded.logs
    assert log.log_record.event_name == "vivace.websocket.exception"
    assert log.log_record.body == "Unhandled exception in Vivace WebSocket connection"
    assert log.log_record.attributes is not None
    assert log.log_record.attributes["http.route"] == "/{room}"
    if tracing:
        (span,) = recorded.server_spans
        assert span.attributes is not None
        assert span.attributes["error.type"] == "ValueError"


def test_metrics_alone_record_no_connection(recorded: Recorded) -> None:
    async def endpoint(websocket: WebSocket) -> None:
        assert get_telemetry_data() is None
        await websocket.accept()
        await websocket.close()

    recorded.config["tracing"] = recorded.config["logs"] = False
    with client(recorded, endpoint).websocket_connect("/blue"):
        pass
    assert recorded.reader.get_metrics_data() is None
