"""Functions are checked when they are registered, and called for what they are made for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from starlette.websockets import WebSocket as StarletteWebSocket

from vivace import (
    APIRouter,
    HTTPException,
    Request,
    Response,
    Vivace,
    WebSocket,
    WebSocketDisconnect,
    WebSocketException,
)
from vivace.middleware import CallNext, CallNextSocket, FunctionMiddleware, Middleware
from vivace.middleware.cors import CORSMiddleware
from vivace.middleware.function import check_function, name_of
from vivace.responses import JSONResponse, StreamingResponse
from vivace.serve.error_boundary import may_handle_errors
from vivace.testclient import TestClient, WebSocketDenialResponse
from vivace.types import Message, Receive, Scope, Send

from .asgi import Connection, http_scope


async def passing(request: Request, call_next: CallNext) -> Response:
    return await call_next(request)


async def translating(request: Request, call_next: CallNext) -> Response:
    try:
        return await call_next(request)
    except ValueError:
        return JSONResponse({"translated": True}, status_code=503)


class Configured:
    """A function with settings."""

    def __init__(self, value: str) -> None:
        self.value = value

    async def __call__(self, request: Request, call_next: CallNext) -> Response:
        response = await call_next(request)
        response.headers["X-Value"] = self.value
        return response


def synchronous(request: Request, call_next: CallNext) -> Response:
    raise AssertionError


async def lonely(request: Request) -> Response:
    raise AssertionError


async def greedy(request: Request, call_next: CallNext, more: int) -> Response:
    raise AssertionError


async def guarding(websocket: WebSocket, call_next: CallNextSocket) -> None:
    if "token" not in websocket.query_params:
        await websocket.close(4401)
        return
    await call_next(websocket)


async def of_starlette(websocket: StarletteWebSocket, call_next: CallNextSocket) -> None:
    raise AssertionError


async def with_unknown(websocket: WebSocket, call_next: Unknown) -> None:  # type: ignore[name-defined]  # noqa: F821
    raise AssertionError


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        (synchronous, "synchronous is not `async def`"),
        (lonely, "lonely does not take two arguments: too many positional arguments"),
        (greedy, "greedy does not take two arguments: missing a required argument: 'more'"),
        (FunctionMiddleware, "FunctionMiddleware is no middleware function"),
        (42, "42 is no middleware function"),
    ],
)
def test_what_is_no_middleware_function_is_refused_with_the_mend(
    function: Any, complaint: str
) -> None:
    around = partial(FunctionMiddleware, Vivace())
    for register in (check_function, Vivace().middleware("http"), around):
        with pytest.raises(TypeError) as caught:
            register(function)
        assert complaint in str(caught.value)
        assert "Write: async def middleware(request: Request, call_next" in str(caught.value)


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (passing, "http"),
        (Configured("x"), "http"),
        (partial(greedy, more=1), "http"),
        (Configured("x").__call__, "http"),
        (guarding, "websocket"),
        (partial(guarding), "websocket"),
        (with_unknown, "websocket"),
        (of_starlette, "websocket"),
        (lambda *given: None, None),
    ],
)
def test_a_function_is_for_what_its_first_parameter_is(function: Any, kind: str | None) -> None:
    if kind is None:
        with pytest.raises(TypeError, match="async def"):
            check_function(function)
    else:
        assert check_function(function) == kind


def test_a_function_has_a_name_in_errors_whatever_it_is() -> None:
    assert name_of(passing).endswith("test_function.passing")
    assert name_of(partial(passing)).endswith("test_function.passing")
    assert "Configured object" in name_of(Configured("x"))


def test_a_limit_below_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="replay_limit=-1"):
        FunctionMiddleware(Vivace(), passing, replay_limit=-1)


def test_only_requests_and_sockets_have_middleware() -> None:
    with pytest.raises(ValueError, match="lifespan"):
        Vivace().middleware("lifespan")(passing)
    with pytest.raises(TypeError, match=r'Annotate it as `websocket: WebSocket`, or .*"http"'):
        Vivace().middleware("websocket")(passing)
    with pytest.raises(TypeError, match=r'Annotate it as `request: Request`, or .*"websocket"'):
        Vivace().middleware("http")(guarding)


def test_an_object_may_be_the_function() -> None:
    app = Vivace()
    router = APIRouter()

    @router.get("/")
    async def endpoint() -> str:
        return "it"

    app.include_router(router)
    app.add_middleware(FunctionMiddleware, dispatch=Configured("set"))
    assert TestClient(app).get("/").headers["X-Value"] == "set"


def test_a_function_for_sockets_lets_them_in_or_not() -> None:
    app = Vivace()
    app.middleware("websocket")(guarding)

    @app.websocket("/")
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())

    @app.get("/")
    async def endpoint() -> str:
        return "it"

    client = TestClient(app)
    with client.websocket_connect("/?token=1") as socket:
        socket.send_text("hello")
        assert socket.receive_text() == "hello"
    with pytest.raises(WebSocketDisconnect) as caught, client.websocket_connect("/"):
        pass
    assert caught.value.code == 4401
    assert client.get("/").json() == "it"


async def refusing_sockets(websocket: WebSocket, call_next: CallNextSocket) -> None:
    match websocket.url.path:
        case "/http":
            raise HTTPException(403, "Not you")
        case "/socket":
            raise WebSocketException(4003, "Not you")
        case _:
            await call_next(websocket)


def test_a_function_refuses_sockets_with_an_exception() -> None:
    app = Vivace()
    app.middleware("websocket")(refusing_sockets)
    client = TestClient(app)
    with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect("/http"):
        pass
    assert (denied.value.status_code, denied.value.json()) == (403, {"detail": "Not you"})
    with pytest.raises(WebSocketDisconnect) as caught, client.websocket_connect("/socket"):
        pass
    assert (caught.value.code, caught.value.reason) == (4003, "Not you")


@pytest.mark.anyio
async def test_where_the_server_cannot_answer_a_socket_is_closed() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = http_scope("/http", type="websocket", extensions={})
    app = FunctionMiddleware(bare, refusing_sockets)
    await app(scope, Connection().receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008, "reason": "Not you"}]
    # What the app raises, it has had the chance to answer.
    with pytest.raises(HTTPException, match="418"):
        await app({**scope, "path": "/"}, Connection().receive, send)


def test_sockets_and_the_lifespan_pass_by_a_function_for_requests() -> None:
    started: list[str] = []
    app = Vivace(on_startup=[lambda: started.append("app")])

    @app.middleware("http")
    async def never(request: Request, call_next: CallNext) -> Response:
        raise AssertionError

    @app.websocket("/")
    async def hello(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("hello")

    with TestClient(app) as client, client.websocket_connect("/") as socket:
        assert socket.receive_text() == "hello"
    assert started == ["app"]


def test_whether_a_function_wants_errors_is_seen_in_its_source() -> None:
    assert not may_handle_errors(Middleware(FunctionMiddleware, dispatch=passing))
    assert not may_handle_errors(Middleware(FunctionMiddleware, passing))
    assert may_handle_errors(Middleware(FunctionMiddleware, dispatch=translating))

    class Catching(FunctionMiddleware):
        async def __call__(self, *given: Any) -> None:
            with suppress(ValueError):
                await super().__call__(*given)

    assert may_handle_errors(Middleware(Catching, dispatch=passing))


def test_an_error_is_answered_inside_of_functions_that_let_it_pass() -> None:
    app = Vivace()

    @app.get("/")
    async def endpoint() -> None:
        raise ValueError

    @app.middleware("http")
    async def stamping(request: Request, call_next: CallNext) -> Response:
        response = await call_next(request)
        response.headers["X-Stamp"] = str(response.status_code)
        return response

    app.add_middleware(CORSMiddleware, allow_origins=["*"])
    client = TestClient(app, raise_server_exceptions=False, headers={"Origin": "https://a.example"})
    response = client.get("/")
    assert (response.status_code, response.headers["X-Stamp"]) == (500, "500")
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    with pytest.raises(ValueError):
        TestClient(app).get("/")
    app.middleware_stack = None
    app.middleware("http")(translating)
    assert TestClient(app).get("/").json() == {"translated": True}


async def refusing(request: Request, call_next: CallNext) -> Response:
    if "late" in request.query_params:
        await call_next(request)
    raise HTTPException(401, "Who is it?", headers={"WWW-Authenticate": "Basic"})


@pytest.mark.parametrize("query", ["", "?late"])
def test_what_a_function_refuses_with_is_answered_as_an_endpoint_s(query: str) -> None:
    app = Vivace(problem_details=True)
    app.add_middleware(FunctionMiddleware, dispatch=refusing)
    app.middleware("http")(passing)
    response = TestClient(app).get(f"/{query}")
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Basic")
    assert response.json()["detail"] == "Who is it?"

    def handle(request: Request, error: HTTPException) -> Response:
        return JSONResponse(f"own {error.detail}", error.status_code)

    app = Vivace(exception_handlers={401: handle})
    app.middleware("http")(refusing)
    assert TestClient(app).get(f"/{query}").json() == "own Who is it?"


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    raise HTTPException(418)


def test_what_the_app_raises_is_not_the_function_s_to_refuse_with() -> None:
    with pytest.raises(HTTPException, match="418"):
        TestClient(FunctionMiddleware(bare, passing)).get("/")


async def breaking_off(request: Request, call_next: CallNext) -> Response:
    async def body() -> AsyncIterator[bytes]:
        yield b"a"
        raise HTTPException(418)

    return StreamingResponse(body())


def test_what_comes_too_late_to_be_answered_is_raised() -> None:
    with pytest.raises(HTTPException, match="418"):
        TestClient(FunctionMiddleware(bare, breaking_off)).get("/")


def test_without_an_app_a_refusal_is_answered_too() -> None:
    response = TestClient(FunctionMiddleware(bare, refusing)).get("/")
    assert (response.status_code, response.json()) == (401, {"detail": "Who is it?"})
