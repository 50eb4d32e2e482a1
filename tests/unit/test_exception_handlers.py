"""The replies to exceptions that an app gives unless it says otherwise."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import Message

from vivace import HTTPException, Request, Vivace, WebSocket
from vivace.exception_handlers import (
    MAX_REASON_BYTES,
    http_exception_handler,
    request_validation_exception_handler,
    websocket_request_validation_exception_handler,
)
from vivace.exceptions import RequestValidationError, WebSocketRequestValidationError
from vivace.testclient import TestClient

pytestmark = pytest.mark.anyio


def make_request() -> Request:
    return Request({"type": "http", "method": "GET", "path": "/", "headers": []})


def error(given: Any) -> dict[str, Any]:
    return {"type": "int_parsing", "loc": ("query", "n"), "msg": "No integer", "input": given}


@pytest.mark.parametrize("detail", ["gone", {"code": 7}, ["a", "b"], None])
async def test_an_http_exception_is_answered_with_its_detail(detail: Any) -> None:
    raised = HTTPException(410, detail=detail, headers={"X-Reason": "sold"})
    response = await http_exception_handler(make_request(), raised)
    assert response.status_code == 410
    assert response.headers["X-Reason"] == "sold"
    assert json.loads(bytes(response.body)) == {"detail": raised.detail}


@pytest.mark.parametrize("status", [204, 304])
async def test_a_status_without_content_is_answered_without(status: int) -> None:
    raised = HTTPException(status, detail="unseen", headers={"ETag": '"1"'})
    response = await http_exception_handler(make_request(), raised)
    assert (response.status_code, bytes(response.body)) == (status, b"")
    assert response.headers["ETag"] == '"1"'
    assert "Content-Type" not in response.headers


async def test_an_exception_of_starlette_is_answered_like_one_of_vivace() -> None:
    response = await http_exception_handler(make_request(), StarletteHTTPException(404))
    assert (response.status_code, bytes(response.body)) == (404, b'{"detail":"Not Found"}')


async def test_validation_errors_are_answered_with_all_of_them() -> None:
    raised = RequestValidationError([error("a"), error("b")])
    response = await request_validation_exception_handler(make_request(), raised)
    assert response.status_code == 422
    expected = [{**error(given), "loc": ["query", "n"]} for given in ("a", "b")]
    assert json.loads(bytes(response.body)) == {"detail": expected}


@pytest.mark.parametrize(
    ("given", "expected"),
    [(b"\xff", "\\xff"), ("\ud800", "\ufffd"), (object(), "<object>"), ({1}, [1])],
)
async def test_no_input_keeps_validation_errors_from_being_answered(
    given: Any, expected: Any
) -> None:
    raised = RequestValidationError([error(given)])
    response = await request_validation_exception_handler(make_request(), raised)
    assert json.loads(bytes(response.body))["detail"][0]["input"] == expected


async def close(given: Any) -> Message:
    """The message with which a WebSocket is closed for ``given``."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    websocket = WebSocket({"type": "websocket", "path": "/", "headers": []}, receive, send)
    raised = WebSocketRequestValidationError([error(given)])
    await websocket_request_validation_exception_handler(websocket, raised)
    (message,) = sent
    return message


async def test_a_websocket_is_closed_for_a_violation_of_its_policy() -> None:
    message = await close("a")
    assert (message["type"], message["code"]) == ("websocket.close", 1008)
    assert message["reason"].startswith("[{'type': 'int_parsing', 'loc': ['query', 'n']")


@pytest.mark.parametrize("given", ["a" * 1000, "é" * 1000, "x" + "é" * 1000, "😀" * 1000])
async def test_the_reason_fits_into_the_frame_and_ends_with_a_whole_character(given: str) -> None:
    reason = (await close(given))["reason"]
    encoded = reason.encode()
    assert MAX_REASON_BYTES - 4 < len(encoded) <= MAX_REASON_BYTES
    assert "\ufffd" not in reason


def test_an_app_answers_with_these() -> None:
    app = Vivace()

    @app.get("/items/{n}")
    async def read(n: int) -> int:
        if n == 0:
            raise HTTPException(404, detail="none")
        return n

    client = TestClient(app)
    assert client.get("/items/0").json() == {"detail": "none"}
    response = client.get("/items/a")
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["path", "n"]


def test_an_app_may_answer_otherwise_and_still_use_these() -> None:
    app = Vivace()

    @app.exception_handler(RequestValidationError)
    async def handle(request: Request, raised: RequestValidationError) -> Any:
        response = await request_validation_exception_handler(request, raised)
        response.headers["X-Errors"] = str(len(raised.errors()))
        return response

    @app.get("/items/{n}")
    async def read(n: int) -> int:
        return n

    response = TestClient(app).get("/items/a")
    assert (response.status_code, response.headers["X-Errors"]) == (422, "1")
