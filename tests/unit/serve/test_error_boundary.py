"""What answers an error in the middle of the middleware, and which middleware may want it first."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from functools import partial, wraps
from typing import Any

import pytest
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vivace import Request, Response
from vivace.middleware import FunctionMiddleware
from vivace.middleware.cors import CORSMiddleware
from vivace.middleware.gzip import GZipMiddleware
from vivace.middleware.sessions import SessionMiddleware
from vivace.responses import PlainTextResponse
from vivace.serve.error_boundary import ErrorBoundary, may_handle_errors

pytestmark = pytest.mark.anyio


class Broken(Exception):
    pass


async def answer(error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(f"answered {error}", status_code=500)(scope, receive, send)


async def receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


class Sent(list[Message]):
    """What was sent, in order."""

    async def __call__(self, message: Message) -> None:
        self.append(message)

    @property
    def types(self) -> list[str]:
        return [message["type"] for message in self]


def http_scope() -> Scope:
    return {"type": "http", "method": "GET", "path": "/", "headers": []}


async def test_an_error_before_the_response_is_answered_and_raised_again() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise Broken("early")

    sent = Sent()
    with pytest.raises(Broken, match="early"):
        await ErrorBoundary(app, answer)(http_scope(), receive, sent)
    assert sent.types == ["http.response.start", "http.response.body"]
    assert (sent[0]["status"], sent[1]["body"]) == (500, b"answered early")


async def test_an_error_within_the_response_is_only_raised() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise Broken("late")

    sent = Sent()
    with pytest.raises(Broken, match="late"):
        await ErrorBoundary(app, answer)(http_scope(), receive, sent)
    assert sent.types == ["http.response.start"]
    assert sent[0]["status"] == 200


async def test_a_response_without_error_passes_as_it_is() -> None:
    sent = Sent()
    await ErrorBoundary(PlainTextResponse("fine"), answer)(http_scope(), receive, sent)
    assert sent.types == ["http.response.start", "http.response.body"]
    assert (sent[0]["status"], sent[1]["body"]) == (200, b"fine")


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
async def test_only_http_has_its_errors_answered(kind: str) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise Broken(kind)

    sent = Sent()
    with pytest.raises(Broken, match=kind):
        await ErrorBoundary(app, answer)({"type": kind}, receive, sent)
    assert sent == []


async def test_the_end_of_the_process_is_no_error_to_answer() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise KeyboardInterrupt

    sent = Sent()
    with pytest.raises(KeyboardInterrupt):
        await ErrorBoundary(app, answer)(http_scope(), receive, sent)
    assert sent == []


class PassingMiddleware:
    """Pure ASGI middleware that lets everything pass."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class CatchingMiddleware(PassingMiddleware):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Broken:
            await PlainTextResponse("caught", status_code=503)(scope, receive, send)


class InheritingMiddleware(CatchingMiddleware):
    """Catches errors in what it has of its base."""


class EnteringMiddleware(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: Callable[[Request], Any]) -> Any:
        with nullcontext():
            return await call_next(request)


class NamedMiddleware(PassingMiddleware):
    """Has a decorator that changes nothing of what a method does with errors."""

    @property
    def name(self) -> str:
        return "named"


async def passing(request: Request, call_next: Callable[[Request], Any]) -> Any:
    return await call_next(request)


async def catching(request: Request, call_next: Callable[[Request], Any]) -> Any:
    try:
        return await call_next(request)
    except Broken:
        return Response(status_code=503)


def wrapped(function: Any) -> Any:
    @wraps(function)
    async def wrapper(*args: Any) -> Any:
        return await function(*args)

    return wrapper


async def handing_on(request: Request, call_next: Callable[[Request], Any]) -> Any:
    return await wrapped(call_next)(request)


@wrapped
async def decorated(request: Request, call_next: Callable[[Request], Any]) -> Any:
    return await call_next(request)


async def careful(request: Request, call_next: Callable[[Request], Any]) -> Any:
    try:
        int(request.headers["X-Number"])
    except ValueError:
        return Response(status_code=400)
    return await call_next(request)


async def timing(request: Request, call_next: Callable[[Request], Any]) -> Any:
    try:
        return await call_next(request)
    finally:
        request.state.ended = True


async def swallowing(request: Request, call_next: Callable[[Request], Any]) -> Any:
    try:
        await call_next(request)
    finally:
        return Response(status_code=503)  # noqa: B012 - that is what is told here


class HandingMiddleware(PassingMiddleware):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await wrapped(self.app)(scope, receive, send)


class SayingMiddleware(CatchingMiddleware):
    """Raises again whatever it catches, as it says; what it inherits says nothing."""

    passes_errors = True


class WatchingMiddleware(PassingMiddleware):
    passes_errors = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Broken:
            raise


class SwallowingMiddleware(WatchingMiddleware):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(Broken):
            await super().__call__(scope, receive, send)


async def handing_on_by_another_name(request: Request, following: Callable[..., Any]) -> Any:
    return await wrapped(following)(request)


async def passing_by_another_name(request: Request, following: Callable[..., Any]) -> Any:
    return await following(request)


class DerivedFunctionMiddleware(FunctionMiddleware):
    """Has a function of its own, as its base has."""


class WrappedMiddleware(BaseHTTPMiddleware):
    @wrapped
    async def dispatch(self, request: Request, call_next: Callable[[Request], Any]) -> Any:
        return await call_next(request)


@pytest.mark.parametrize(
    ("middleware", "expected"),
    [
        (Middleware(PassingMiddleware), False),
        (Middleware(NamedMiddleware), False),
        (Middleware(CORSMiddleware), False),
        (Middleware(GZipMiddleware), False),
        (Middleware(SessionMiddleware, secret_key="key"), False),
        (Middleware(SayingMiddleware), True),
        (Middleware(WatchingMiddleware), False),
        (Middleware(SwallowingMiddleware), True),
        (Middleware(FunctionMiddleware, dispatch=passing_by_another_name), False),
        (Middleware(FunctionMiddleware, dispatch=handing_on_by_another_name), True),
        (Middleware(DerivedFunctionMiddleware, dispatch=passing), False),
        (Middleware(DerivedFunctionMiddleware, dispatch=catching), True),
        (Middleware(BaseHTTPMiddleware, dispatch=passing), False),
        (Middleware(BaseHTTPMiddleware, dispatch=careful), False),
        (Middleware(BaseHTTPMiddleware, dispatch=timing), False),
        (Middleware(BaseHTTPMiddleware, passing), False),
        (Middleware(BaseHTTPMiddleware, dispatch=swallowing), True),
        (Middleware(BaseHTTPMiddleware, dispatch=catching), True),
        (Middleware(BaseHTTPMiddleware, dispatch=handing_on), True),
        (Middleware(BaseHTTPMiddleware, dispatch=decorated), True),
        (Middleware(BaseHTTPMiddleware, dispatch=partial(passing)), True),
        (Middleware(CatchingMiddleware), True),
        (Middleware(InheritingMiddleware), True),
        (Middleware(EnteringMiddleware), True),
        (Middleware(HandingMiddleware), True),
        (Middleware(WrappedMiddleware), True),
        (Middleware(ServerErrorMiddleware), True),
        (Middleware(partial(PassingMiddleware)), True),
    ],
)
def test_middleware_that_may_handle_errors_is_told_from_its_source(
    middleware: Middleware, expected: bool
) -> None:
    assert may_handle_errors(middleware) is expected


def test_middleware_without_source_may_handle_errors() -> None:
    made: dict[str, Any] = {}
    exec("class Made:\n    def __init__(self, app): self.app = app", made)
    assert may_handle_errors(Middleware(made["Made"]))
