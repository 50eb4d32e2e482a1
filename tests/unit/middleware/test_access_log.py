"""Each request is logged once, with what is known of it and nothing that is secret."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import anyio
import pytest
from hypothesis import given, strategies as st

from vivace import (
    APIRouter,
    BackgroundTasks,
    Request,
    Vivace,
    WebSocket,
    WebSocketDisconnect,
)
from vivace.addresses import ClientAddress
from vivace.middleware import AccessLogMiddleware, RequestIdMiddleware
from vivace.middleware.access_log import make_printable
from vivace.responses import StreamingResponse
from vivace.testclient import TestClient
from vivace.types import Receive, Scope, Send

from .asgi import Connection, answering, http_scope


def make_app(**settings: Any) -> Vivace:
    app = Vivace()
    app.add_middleware(AccessLogMiddleware, **settings)
    app.add_middleware(RequestIdMiddleware, make=lambda: "made")
    router = APIRouter(prefix="/items")

    @router.post("/{id}")
    async def endpoint(id: int, request: Request) -> str:
        return (await request.body()).decode()

    @app.get("/broken")
    async def broken() -> None:
        raise ValueError("secret")

    @app.get("/health")
    async def health() -> str:
        return "fine"

    @app.get("/task")
    async def task(tasks: BackgroundTasks) -> str:
        tasks.add_task(fail)
        return "done"

    @app.websocket("/socket")
    async def socket(websocket: WebSocket) -> None:
        if "no" in websocket.query_params:
            await websocket.close(4403)
            return
        await websocket.accept()
        await websocket.send_text("hello")
        if "stay" in websocket.query_params:
            await websocket.receive_text()
        await websocket.close(3001)

    inner = Vivace()
    inner.include_router(router)
    app.include_router(router)
    app.mount("/inner", inner)
    return app


async def fail() -> None:
    raise ValueError("task")


class Records(list[logging.LogRecord]):
    @property
    def one(self) -> dict[str, Any]:
        (record,) = self
        return vars(record)


@pytest.fixture
def records(caplog: pytest.LogCaptureFixture) -> Iterator[Records]:
    found = Records()

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record)

    caplog.set_level(logging.INFO, "vivace.access")
    caplog.set_level(logging.INFO, "shop")
    logger = logging.getLogger("vivace.access")
    handler = Handler()
    logger.addHandler(handler)
    yield found
    logger.removeHandler(handler)


def test_a_request_is_one_record(records: Records) -> None:
    client = TestClient(make_app(), client=("2001:db8::1", 1))
    client.post("/items/7?name=ada&token=1", content="hello", headers={"User-Agent": "ua"})
    record = records.one
    assert record["levelname"] == "INFO"
    assert record["msg"] % record["args"] == f"POST /items/7 200 {record['args'][1]:.1f}ms"
    assert record["http.request.method"] == "POST"
    assert record["url.path"] == "/items/7"
    assert record["url.scheme"] == "http"
    assert record["url.query"] == "name=REDACTED&token=REDACTED"
    assert record["http.route"] == "/items/{id}"
    assert record["http.response.status_code"] == 200
    assert record["http.request.body.size"] == 5
    assert record["http.response.body.size"] == 7
    assert record["client.address"] == "2001:db8::1"
    assert record["user_agent.original"] == "ua"
    assert record["network.protocol.version"] == "1.1"
    assert record["request_id"] == "made"
    assert 0 < record["http.server.request.duration"] < 60
    assert "error.type" not in record


def test_the_route_of_a_mounted_app_has_the_path_of_the_mount(records: Records) -> None:
    client = TestClient(make_app(), root_path="/proxy")
    client.post("/proxy/inner/items/7", content="x")
    assert records.one["http.route"] == "/inner/items/{id}"
    records.clear()
    client.get("/proxy/inner/nowhere")
    assert records.one["http.route"] == "/inner/{path}"


def test_what_no_route_is_for_has_none(records: Records) -> None:
    TestClient(make_app()).get("/nowhere")
    assert records.one["http.response.status_code"] == 404
    assert "http.route" not in records.one
    assert records.one["levelname"] == "INFO"


def test_an_error_is_named_and_its_reply_counted(records: Records) -> None:
    TestClient(make_app(), raise_server_exceptions=False).get("/broken")
    record = records.one
    assert (record["levelname"], record["http.response.status_code"]) == ("ERROR", 500)
    assert record["error.type"] == "ValueError"
    assert "secret" not in str(record)


def test_a_status_of_an_error_without_an_exception_is_one(records: Records) -> None:
    client = TestClient(AccessLogMiddleware(answering(b"", status=503)))
    client.get("/")
    assert (records.one["levelname"], records.one["error.type"]) == ("ERROR", "503")


def test_what_fails_after_the_response_is_no_matter_of_it(records: Records) -> None:
    TestClient(make_app(), raise_server_exceptions=False).get("/task")
    assert (records.one["levelname"], records.one["http.response.status_code"]) == ("INFO", 200)


@pytest.mark.parametrize(
    ("query", "logged"),
    [
        ("names", "a=REDACTED&token=REDACTED&b=REDACTED"),
        ("full", "a=1%202&token=REDACTED&b="),
        ("omit", None),
    ],
)
def test_how_much_of_the_query_is_logged_is_a_setting(
    records: Records, query: Any, logged: str | None
) -> None:
    TestClient(make_app(query=query)).get("/health?a=1+2&token=3&b")
    assert records.one.get("url.query") == logged


def test_a_query_of_many_parameters_is_cut(records: Records) -> None:
    TestClient(make_app()).get("/health?" + "&".join(f"a{n}=1" for n in range(200)))
    assert records.one["url.query"].count("=") == 64


@pytest.mark.parametrize("exclude", [{"/health"}, lambda scope: scope["path"] == "/health"])
def test_health_checks_may_be_left_out(records: Records, exclude: Any) -> None:
    client = TestClient(make_app(exclude=exclude))
    client.get("/health")
    assert records == []
    client.get("/healthy")
    assert len(records) == 1


def test_the_address_behind_a_proxy_is_the_client_s(records: Records) -> None:
    app = make_app(address=ClientAddress(["10.0.0.0/8"]))
    headers = {"X-Forwarded-For": "198.51.100.1, 192.0.2.7"}
    TestClient(app, client=("10.0.0.1", 1)).get("/health", headers=headers)
    assert records.one["client.address"] == "192.0.2.7"
    records.clear()
    TestClient(app, client=("192.0.2.1", 1)).get("/health", headers=headers)
    assert records.one["client.address"] == "192.0.2.1"


@pytest.mark.anyio
async def test_a_client_cannot_write_lines_of_its_own(records: Records) -> None:
    scope = http_scope("/a\r\nb\x1b[31m\u202e", headers=[("User-Agent", "x\x85y" + "z" * 5000)])
    await Connection(scope=scope).call(AccessLogMiddleware(answering(b"a")))
    record = records.one
    assert record["url.path"] == r"/a\r\nb\x1b[31m\u202e"
    assert (record["msg"] % record["args"]).isprintable()
    assert record["user_agent.original"].startswith(r"x\x85yzz")
    assert len(record["user_agent.original"]) < 1100


@given(st.text(max_size=2000))
def test_what_is_logged_prints(text: str) -> None:
    assert make_printable(text).isprintable()


@pytest.mark.anyio
async def test_a_response_that_breaks_off_is_an_error(records: Records) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"abc"
        raise ValueError

    with pytest.raises(ValueError):
        await Connection().call(AccessLogMiddleware(StreamingResponse(broken())))
    record = records.one
    assert (record["levelname"], record["http.response.status_code"]) == ("ERROR", 200)
    assert (record["error.type"], record["http.response.body.size"]) == ("ValueError", 3)


@pytest.mark.anyio
async def test_a_client_that_leaves_is_a_warning(records: Records) -> None:
    connection = Connection()

    async def endless() -> AsyncIterator[bytes]:
        yield b"abc"
        connection.leave()
        await anyio.sleep_forever()

    with anyio.fail_after(5):
        await connection.call(AccessLogMiddleware(StreamingResponse(endless())))
    record = records.one
    assert (record["levelname"], record["error.type"]) == ("WARNING", "ConnectionError")
    assert record["http.response.body.size"] == 3


@pytest.mark.anyio
async def test_an_app_that_does_not_answer_is_an_error(records: Records) -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()

    await Connection().call(AccessLogMiddleware(silent))
    assert (records.one["levelname"], records.one["error.type"]) == ("ERROR", "RuntimeError")
    assert "http.response.status_code" not in records.one


@pytest.mark.anyio
async def test_a_request_that_is_cancelled_is_logged(records: Records) -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await anyio.sleep_forever()

    with anyio.move_on_after(0.01):
        await Connection().call(AccessLogMiddleware(slow))
    assert records.one["error.type"].endswith(("CancelledError", "Cancelled"))


@pytest.mark.anyio
async def test_a_file_that_the_server_sends_is_complete(records: Records) -> None:
    async def file(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.pathsend", "path": "/a"})

    await Connection().call(AccessLogMiddleware(file))
    assert records.one["levelname"] == "INFO"


@pytest.mark.parametrize(
    ("query", "status", "code"), [("", 101, 3001), ("?no", 403, 4403), ("?stay", 101, 1000)]
)
def test_a_socket_is_one_record(records: Records, query: str, status: int, code: int) -> None:
    client = TestClient(make_app(), raise_server_exceptions=False)
    with suppress(WebSocketDisconnect), client.websocket_connect(f"/socket{query}") as socket:
        assert socket.receive_text() == "hello"
    record = records.one
    assert (record["levelname"], "error.type" in record) == ("INFO", False)
    assert record["network.protocol.name"] == "websocket"
    assert (record["http.response.status_code"], record["websocket.close_code"]) == (status, code)
    assert (record["url.path"], record["http.route"]) == ("/socket", "/socket")


def test_a_socket_that_is_refused_with_a_response_has_its_status(records: Records) -> None:
    client = TestClient(make_app())
    with suppress(WebSocketDisconnect), client.websocket_connect("/nowhere"):
        raise AssertionError
    assert records.one["http.response.status_code"] in (403, 404)


def test_where_nobody_listens_nothing_is_made(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "shop.access")
    app = make_app(logger="shop.access")
    assert TestClient(app).get("/health").json() == "fine"
    caplog.set_level(logging.WARNING, "shop.access")
    TestClient(app, raise_server_exceptions=False).get("/broken")
    TestClient(app).get("/health")
    assert [r.levelname for r in caplog.records if r.name == "shop.access"] == ["ERROR"]


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [({"query": "all"}, "query='all' is none of"), ({"exclude": "/health"}, "is a string")],
)
def test_settings_that_mean_nothing_are_errors(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        AccessLogMiddleware(answering(b""), **settings)
