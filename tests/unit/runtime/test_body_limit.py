from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

import anyio
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vivace.runtime.body_limit import (
    ACTIVE_LIMIT,
    BodyLimitMiddleware,
    ContentTooLarge,
    check_body_limit,
    content_length,
    content_too_large,
    innermost,
    limit_body,
)


class Handler:
    """Stands for a compiled handler: it applies its route's limit, then reads the body."""

    def __init__(self, limit: int | None) -> None:
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.limit is not None:
            receive = limit_body(scope, receive, self.limit)
        body = await Request(scope, receive).body()
        await PlainTextResponse(body)(scope, receive, send)


class ReadingMiddleware(BaseHTTPMiddleware):
    async def dispatch(
        self, request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        await request.body()
        return await call_next(request)


class PassingMiddleware(BaseHTTPMiddleware):
    async def dispatch(
        self, request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        return await call_next(request)


def make_app(
    limit: int | None = None, *, stack_limit: int | None = None, reading: bool = False
) -> Starlette:
    middleware = [Middleware(BodyLimitMiddleware, stack_limit)]
    if reading:
        middleware.append(Middleware(ReadingMiddleware))
    return Starlette(routes=[Route("/", Handler(limit), methods=["POST"])], middleware=middleware)


def chunks(*parts: bytes) -> Iterator[bytes]:
    yield from parts


def post(app: ASGIApp, body: bytes | Iterable[bytes], path: str = "/") -> int:
    return TestClient(app).post(path, content=body).status_code


def read_all(limit: int, parts: list[bytes], length: bytes | None) -> list[bytes]:
    """Read a body of ``parts`` under ``limit``; ``parts`` is left with what was not asked for."""
    scope: Scope = {
        "type": "http",
        "headers": [] if length is None else [(b"content-length", length)],
    }
    read: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def run() -> None:
        limited = limit_body(scope, receive, limit)
        while True:
            message = await limited()
            read.append(message["body"])
            if not message["more_body"]:
                return

    anyio.run(run)
    return read


@pytest.mark.parametrize(("limit", "size"), [(0, 0), (5, 0), (5, 4), (5, 5), (2**40, 6)])
@pytest.mark.parametrize("length", [None, b"", b"0", b"invalid", b"9" * 5000])
def test_a_body_within_the_limit_is_read(limit: int, size: int, length: bytes | None) -> None:
    assert read_all(limit, [b"x" * size], length) == [b"x" * size]


def test_an_announced_length_is_refused_before_the_body_is_read() -> None:
    parts = [b"123", b"456"]
    with pytest.raises(ContentTooLarge):
        read_all(5, parts, b"6")
    assert parts == [b"123", b"456"]


@pytest.mark.parametrize("length", [None, b"2", b"invalid"])
def test_reading_stops_at_the_chunk_that_is_too_much(length: bytes | None) -> None:
    parts = [b"123", b"456", b"unread"]
    with pytest.raises(ContentTooLarge) as caught:
        read_all(5, parts, length)
    assert parts == [b"unread"]
    assert (caught.value.status_code, caught.value.detail) == (413, "Content Too Large")


def test_a_disconnect_is_passed_on() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def run() -> Message:
        return await limit_body({"type": "http", "headers": []}, receive, 0)()

    assert anyio.run(run) == {"type": "http.disconnect"}


def test_content_length_is_read_from_the_headers() -> None:
    assert content_length({"headers": [(b"host", b"a"), (b"content-length", b"12")]}) == 12
    assert content_length({"headers": []}) == 0


def test_the_innermost_limit_that_is_set_counts() -> None:
    assert innermost(None, 5, 10) == 5
    assert innermost(0, 5) == 0
    assert innermost(None, None) is None


@pytest.mark.parametrize("limit", [-1, True, False, 1.5, "5"])
def test_a_limit_is_a_non_negative_integer(limit: object) -> None:
    with pytest.raises(ValueError, match="non-negative integer"):
        check_body_limit(limit)


@pytest.mark.parametrize("limit", [None, 0, 5])
def test_a_valid_limit_is_returned(limit: int | None) -> None:
    assert check_body_limit(limit) == limit


@pytest.mark.parametrize("body", [b"123456", [b"123", b"456"]])
@pytest.mark.parametrize(
    ("stack_limit", "reading", "route_limit", "expected"),
    [
        (None, False, None, 200),
        (None, True, 5, 413),
        (5, False, None, 413),
        (5, False, 10, 200),
        (10, False, 5, 413),
        # Middleware reads under the app's limit, whatever the route allows.
        (5, True, 10, 413),
        (10, True, 5, 413),
        (10, True, 10, 200),
    ],
)
def test_a_route_replaces_the_limit_around_it(
    stack_limit: int | None,
    reading: bool,
    route_limit: int | None,
    expected: int,
    body: bytes | list[bytes],
) -> None:
    app = make_app(route_limit, stack_limit=stack_limit, reading=reading)
    content = body if isinstance(body, bytes) else chunks(*body)
    assert post(app, content) == expected
    assert post(app, b"12345") == 200


@pytest.mark.parametrize("reading_in_parent", [False, True])
@pytest.mark.parametrize(
    ("parent_limit", "child_limit", "expected"),
    [(5, None, 413), (10, 5, 413), (10, None, 200)],
)
def test_a_mounted_app_inherits_a_limit_even_for_its_middleware(
    parent_limit: int, child_limit: int | None, expected: int, reading_in_parent: bool
) -> None:
    child = make_app(child_limit, stack_limit=child_limit, reading=not reading_in_parent)
    middleware = [Middleware(BodyLimitMiddleware, parent_limit)]
    if reading_in_parent:
        middleware.append(Middleware(ReadingMiddleware))
    mount = Mount("/child", BodyLimitMiddleware(child, parent_limit))
    parent = Starlette(routes=[mount], middleware=middleware)
    assert post(parent, b"123456", "/child/") == expected
    assert post(parent, chunks(b"123", b"456"), "/child/") == expected
    assert post(parent, b"12345", "/child/") == 200


# Starlette leaves the generator of the body unfinished after each chunk.
@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
@pytest.mark.parametrize("reading", [False, True])
def test_a_task_group_of_middleware_hides_nothing(reading: bool) -> None:
    inner = [Middleware(ReadingMiddleware)] if reading else []
    app = Starlette(
        routes=[Route("/", Handler(5), methods=["POST"])],
        middleware=[Middleware(BodyLimitMiddleware, 5), Middleware(PassingMiddleware), *inner],
    )
    assert post(app, chunks(b"123", b"456")) == 413
    assert post(app, chunks(b"12", b"345")) == 200


def test_only_a_refusal_that_is_alone_is_taken_from_a_group() -> None:
    error = ContentTooLarge()
    assert content_too_large(error) is error
    assert content_too_large(ExceptionGroup("", [ExceptionGroup("", [error])])) is error
    assert content_too_large(ExceptionGroup("", [error, RuntimeError()])) is None
    assert content_too_large(ExceptionGroup("", [HTTPException(413)])) is None


@pytest.mark.parametrize("limit", [5, 10])
def test_limits_of_starlette_inside_take_part(limit: int) -> None:
    async def read(request: Request) -> Response:
        return PlainTextResponse(await request.body())

    route = Route("/", read, methods=["POST"], max_body_size=limit)
    app = Starlette(routes=[route], middleware=[Middleware(BodyLimitMiddleware, 15 - limit)])
    expected = 200 if limit == 10 else 413
    assert post(app, b"123456") == expected
    assert post(app, chunks(b"123", b"456")) == expected


@pytest.mark.parametrize("limit", [5, 10])
def test_limits_of_starlette_outside_take_part(limit: int) -> None:
    app = make_app(limit)
    outer = Starlette(routes=[Mount("/child", app)], max_body_size=15 - limit)
    expected = 200 if limit == 10 else 413
    assert post(outer, b"123456", "/child/") == expected
    assert post(outer, chunks(b"123", b"456"), "/child/") == expected


def test_middleware_that_reads_too_much_is_answered_in_json() -> None:
    response = TestClient(make_app(stack_limit=5, reading=True)).post("/", content=b"123456")
    assert (response.status_code, response.json()) == (413, {"detail": "Content Too Large"})


def test_the_apps_handler_of_413_has_the_last_word() -> None:
    async def handle(request: Request, error: Exception) -> Response:
        return PlainTextResponse("too much", status_code=413)

    app = make_app(5, stack_limit=10)
    app.add_exception_handler(413, handle)
    assert TestClient(app).post("/", content=b"123456").text == "too much"
    assert TestClient(app).post("/", content=b"x" * 11).text == "too much"


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("other"),
        HTTPException(400),
        ExceptionGroup("group", [HTTPException(413)]),
    ],
)
def test_other_errors_pass(error: Exception) -> None:
    async def fail(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        post(BodyLimitMiddleware(fail, 5), b"")
    assert caught.value is error


def test_an_error_after_the_response_has_started_passes() -> None:
    async def start_then_read(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await receive()

    with pytest.raises(ContentTooLarge):
        post(BodyLimitMiddleware(start_then_read, 5), b"123456")


def test_the_limit_leaves_the_scope_with_the_request() -> None:
    seen: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope[ACTIVE_LIMIT].max_body_size)
        raise RuntimeError

    scope: Scope = {"type": "http", "headers": []}

    async def run() -> None:
        async def receive() -> Message:
            raise AssertionError

        async def send(message: Message) -> None:
            raise AssertionError

        with pytest.raises(RuntimeError):
            await BodyLimitMiddleware(app, 5)(scope, receive, send)

    anyio.run(run)
    assert seen == [5]
    assert ACTIVE_LIMIT not in scope


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_what_has_no_body_goes_through_untouched(kind: str) -> None:
    seen: list[tuple[Scope, Receive, Send]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((scope, receive, send))

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        raise AssertionError

    anyio.run(BodyLimitMiddleware(app, 0), {"type": kind}, receive, send)
    assert seen == [({"type": kind}, receive, send)]
