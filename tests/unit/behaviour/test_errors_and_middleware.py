"""An error that nobody handles is answered inside the middleware, and raised for the server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from pydantic import BaseModel
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vivace import APIRouter, Depends, HTTPException, Request, Response, Vivace
from vivace.middleware.cors import CORSMiddleware
from vivace.middleware.gzip import GZipMiddleware
from vivace.responses import JSONResponse
from vivace.testclient import TestClient

ORIGIN = {"Origin": "https://shop.example"}


class Broken(Exception):
    pass


class Mishandled(Exception):
    pass


class Item(BaseModel):
    name: str


class StampMiddleware:
    """Pure ASGI middleware that adds a header."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def stamp(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-stamp", b"1")]
            await send(message)

        await self.app(scope, receive, stamp)


async def add_header(request: Request, call_next: Callable[[Request], Any]) -> Response:
    response: Response = await call_next(request)
    response.headers["X-Passed"] = "yes"
    return response


def fail() -> None:
    raise Broken("secret")


async def fail_late() -> Any:
    yield 1
    raise Broken("secret")


def add_endpoints(app: Vivace) -> None:
    router = APIRouter(prefix="/included")

    @app.get("/async")
    async def in_place() -> None:
        raise Broken("secret")

    @app.get("/sync")
    def in_thread() -> None:
        raise Broken("secret")

    @app.get("/dependency", dependencies=[Depends(fail)])
    async def behind_dependency() -> None:
        raise AssertionError

    @app.get("/clean-up")
    async def clean_up(value: Annotated[int, Depends(fail_late, scope="function")]) -> int:
        return value

    @app.get("/response")
    async def unfit() -> Item:
        return {"title": "secret"}  # type: ignore[return-value]

    @app.get("/plain")
    async def not_json() -> Any:
        return {"secret": object()}

    @app.get("/handler")
    async def in_handler() -> None:
        raise Mishandled

    @app.get("/detail")
    async def detail_is_not_json() -> None:
        raise HTTPException(400, detail=object())

    @app.exception_handler(Mishandled)
    async def handle_wrongly(request: Request, error: Mishandled) -> Response:
        raise Broken("secret")

    @router.get("/error")
    async def in_router() -> None:
        raise Broken("secret")

    app.include_router(router)


PATHS = [
    "/async",
    "/sync",
    "/dependency",
    "/clean-up",
    "/response",
    "/plain",
    "/handler",
    "/detail",
    "/included/error",
]


def make_app(**options: Any) -> Vivace:
    app = Vivace(**options)
    add_endpoints(app)
    app.add_middleware(StampMiddleware)
    app.middleware("http")(add_header)
    app.add_middleware(GZipMiddleware, minimum_size=1)
    app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"])
    return app


@pytest.mark.parametrize("path", PATHS)
def test_the_500_carries_what_every_middleware_adds(path: str) -> None:
    client = TestClient(make_app(), raise_server_exceptions=False)
    response = client.get(path, headers=ORIGIN)
    assert response.status_code == 500
    assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert response.headers["X-Stamp"] == "1"
    assert response.headers["X-Passed"] == "yes"
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.text == "Internal Server Error"


@pytest.mark.parametrize("path", PATHS)
def test_the_error_reaches_the_server(path: str) -> None:
    with pytest.raises(Exception, match=r"secret|title|object|serializ"):
        TestClient(make_app()).get(path, headers=ORIGIN)


@pytest.mark.parametrize("key", [Exception, 500])
@pytest.mark.parametrize("is_async", [False, True])
def test_an_own_handler_of_errors_is_inside_the_middleware_too(key: Any, is_async: bool) -> None:
    async def handle(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": type(error).__name__}, status_code=500)

    def handle_in_thread(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": type(error).__name__}, status_code=500)

    handler = handle if is_async else handle_in_thread
    app = make_app(exception_handlers={key: handler})
    response = TestClient(app, raise_server_exceptions=False).get("/async", headers=ORIGIN)
    assert response.json() == {"error": "Broken"}
    assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert (response.headers["X-Stamp"], response.headers["X-Passed"]) == ("1", "yes")


def test_a_page_for_debugging_passes_through_the_middleware() -> None:
    client = TestClient(make_app(debug=True), raise_server_exceptions=False)
    response = client.get("/async", headers={**ORIGIN, "Accept": "text/html"})
    assert "secret" in response.text
    assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"


def test_an_error_of_the_middleware_itself_is_answered() -> None:
    app = Vivace()
    add_endpoints(app)

    async def break_down(request: Request, call_next: Callable[[Request], Any]) -> Response:
        await call_next(request)
        raise Broken("secret")

    app.middleware("http")(break_down)
    response = TestClient(app, raise_server_exceptions=False).get("/async")
    assert (response.status_code, response.text) == (500, "Internal Server Error")


def test_an_error_of_a_mounted_app_passes_through_the_middleware_around_it() -> None:
    inner = Vivace()
    add_endpoints(inner)
    app = make_app()
    app.mount("/mounted", inner)
    client = TestClient(app, raise_server_exceptions=False)
    response = client.get("/mounted/async", headers=ORIGIN)
    assert response.status_code == 500
    assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"


class TranslatingMiddleware:
    """Pure ASGI middleware that answers errors by itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Broken:
            response = JSONResponse({"translated": True}, status_code=503)
            await response(scope, receive, send)


class TransactionMiddleware(BaseHTTPMiddleware):
    """Undoes what was done where the endpoint has failed, and lets the error pass."""

    ends: list[str] = []

    async def dispatch(self, request: Request, call_next: Callable[[Request], Any]) -> Response:
        async with self.transaction():
            response: Response = await call_next(request)
            response.headers["X-Committed"] = "yes"
        return response

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        try:
            yield
        except Exception:
            self.ends.append("undone")
            raise
        self.ends.append("kept")


async def translate(request: Request, call_next: Callable[[Request], Any]) -> Response:
    try:
        response: Response = await call_next(request)
    except Broken:
        return JSONResponse({"translated": True}, status_code=503)
    return response


async def timing(request: Request, call_next: Callable[[Request], Any]) -> Any:
    try:
        return await call_next(request)
    finally:
        request.state.ended = True


def test_what_middleware_does_at_last_keeps_no_other_from_the_reply() -> None:
    app = Vivace()
    add_endpoints(app)
    app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"])
    app.middleware("http")(timing)
    response = TestClient(app, raise_server_exceptions=False).get("/async", headers=ORIGIN)
    assert (response.status_code, response.text) == (500, "Internal Server Error")
    assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"


@pytest.mark.parametrize("path", ["/async", "/sync", "/dependency", "/included/error"])
@pytest.mark.parametrize(
    "middleware",
    [Middleware(BaseHTTPMiddleware, dispatch=translate), Middleware(TranslatingMiddleware)],
)
def test_middleware_may_answer_the_error_itself(middleware: Middleware, path: str) -> None:
    app = Vivace(middleware=[Middleware(StampMiddleware), middleware, Middleware(StampMiddleware)])
    add_endpoints(app)
    response = TestClient(app).get(path)
    assert (response.status_code, response.json()) == (503, {"translated": True})
    assert response.headers["X-Stamp"] == "1"


def test_middleware_may_undo_what_an_endpoint_did_before_its_error() -> None:
    app = Vivace()
    add_endpoints(app)
    app.add_middleware(StampMiddleware)
    app.add_middleware(TransactionMiddleware)
    app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"])
    TransactionMiddleware.ends.clear()
    response = TestClient(app, raise_server_exceptions=False).get("/async", headers=ORIGIN)
    assert TransactionMiddleware.ends == ["undone"]
    assert (response.status_code, response.text) == (500, "Internal Server Error")
    # The reply is made outside of the middleware that wanted the error, and passes the rest.
    assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "X-Stamp" not in response.headers
    assert "X-Committed" not in response.headers
    with pytest.raises(Broken):
        TestClient(app).get("/async")
