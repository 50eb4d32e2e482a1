"""What a client sends may close its connection, and never is an error of the server's."""

from __future__ import annotations

import json

import pytest
from starlette.websockets import WebSocket as StarletteWebSocket

from vivace import Vivace, WebSocket, WebSocketDisconnect
from vivace.testclient import TestClient

app = Vivace()


@app.websocket("/{how}")
async def echo(websocket: WebSocket, how: str) -> None:
    await websocket.accept()
    match how:
        case "text":
            await websocket.send_text(await websocket.receive_text())
        case "binary":
            await websocket.send_bytes(await websocket.receive_bytes())
        case "json":
            await websocket.send_json(await websocket.receive_json())
        case "json of bytes":
            await websocket.send_json(await websocket.receive_json("binary"))
        case "all":
            async for item in websocket.iter_json():
                await websocket.send_json(item)


def close_of(how: str, frame: str | bytes) -> WebSocketDisconnect:
    with TestClient(app).websocket_connect(f"/{how}") as socket:
        if isinstance(frame, str):
            socket.send_text(frame)
        else:
            socket.send_bytes(frame)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    return closed.value


@pytest.mark.parametrize(
    ("how", "frame", "reason"),
    [
        ("text", b"hello", "A text frame is expected."),
        ("binary", "hello", "A binary frame is expected."),
        ("json", b"{}", "A text frame is expected."),
        ("json of bytes", "{}", "A binary frame is expected."),
        ("all", b"{}", "A text frame is expected."),
    ],
)
def test_a_frame_of_the_other_kind_closes_with_1003(
    how: str, frame: str | bytes, reason: str
) -> None:
    closed = close_of(how, frame)
    assert (closed.code, closed.reason) == (1003, reason)


@pytest.mark.parametrize(
    ("how", "frame"),
    [
        ("json", "{"),
        ("json", ""),
        pytest.param("json", "[" * 100_000, id="nested"),
        ("all", "nothing"),
        ("json of bytes", b"\xff"),
        ("json of bytes", b"{"),
    ],
)
def test_a_frame_without_json_closes_with_1007(how: str, frame: str | bytes) -> None:
    closed = close_of(how, frame)
    assert (closed.code, closed.reason) == (1007, "The frame is no valid JSON.")


def test_an_endpoint_may_catch_what_starlette_raises() -> None:
    app = Vivace()
    caught: list[Exception] = []

    @app.websocket("/")
    async def read(websocket: StarletteWebSocket) -> None:
        await websocket.accept()
        for _ in range(2):
            try:
                await websocket.receive_json()
            except (KeyError, json.JSONDecodeError) as error:
                caught.append(error)
        await websocket.send_text("still here")

    with TestClient(app).websocket_connect("/") as socket:
        socket.send_bytes(b"{}")
        socket.send_text('{"a": ?}')
        assert socket.receive_text() == "still here"
    assert isinstance(caught[0], KeyError)
    assert isinstance(caught[1], json.JSONDecodeError)
    assert caught[1].pos == 6
    assert caught[1].doc == '{"a": ?}'


def test_what_fits_passes() -> None:
    client = TestClient(app)
    with client.websocket_connect("/text") as socket:
        socket.send_text("hello")
        assert socket.receive_text() == "hello"
    with client.websocket_connect("/binary") as socket:
        socket.send_bytes(b"hello")
        assert socket.receive_bytes() == b"hello"
    with client.websocket_connect("/json of bytes") as socket:
        socket.send_bytes(b'{"a": 1}')
        assert socket.receive_json() == {"a": 1}
