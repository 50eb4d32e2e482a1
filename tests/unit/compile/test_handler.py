"""Whatever shape a handler has, and whatever is reported meanwhile, the reply is the same."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import wraps
from typing import Annotated, Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from tests.unit.compile import matrix
from tests.unit.compile.exchange import Reply, ask
from tests.unit.compile.text import code_of, text_of

from vivace import BackgroundTasks, Depends, Request, Response, Vivace, WebSocket
from vivace.analyse.plan import Calling
from vivace.compile.handler import compile_handler
from vivace.responses import JSONResponse
from vivace.routing import APIRoute, APIWebSocketRoute
from vivace.types import Scope


class Wrapping(APIRoute):
    """A route that looks at each request and leaves it as it is."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:
        handler = super().get_route_handler()

        async def look(request: Request) -> Response:
            return await handler(request)

        return look


class Handling(APIRoute):
    """A route that a request does not go straight through."""

    async def handle(self, scope: Scope, receive: Any, send: Any) -> None:
        await super().handle(scope, receive, send)


@pytest.fixture(scope="module")
def variants() -> Iterator[dict[str, Vivace]]:
    provider = TracerProvider(shutdown_on_exit=False)
    telemetry = {"tracer_provider": provider}
    overridden = matrix.make_app()
    overridden.dependency_overrides = {matrix.blocking: matrix.blocking}
    yield {
        "wrapping": matrix.make_app(route_class=Wrapping),
        "handling": matrix.make_app(route_class=Handling),
        "telemetry": matrix.make_app(telemetry=telemetry),
        "wrapping, telemetry": matrix.make_app(route_class=Wrapping, telemetry=telemetry),
        "overridden": overridden,
    }
    provider.shutdown()


PLAIN = matrix.make_app()
ROUTES = [route for route in PLAIN.routes if isinstance(route, APIRoute)]


def reply_of(app: Vivace, request: tuple[Any, ...]) -> tuple[Reply, list[str]]:
    matrix.log.clear()
    return ask(app, *request), list(matrix.log)


def name_of(request: tuple[Any, ...]) -> str:
    method, url, headers, body = request
    return f"{method} {url} {headers[0][1].decode('latin-1') if headers else ''} {body[:20]!r}"


@pytest.mark.parametrize("request_", matrix.REQUESTS, ids=name_of)
def test_every_shape_of_a_handler_answers_alike(
    request_: tuple[Any, ...], variants: dict[str, Vivace]
) -> None:
    expected, log = reply_of(PLAIN, request_)
    for name, app in variants.items():
        reply, done = reply_of(app, request_)
        assert (name, reply.error) == (name, expected.error)
        assert (name, reply.messages) == (name, expected.messages)
        assert (name, done) == (name, log)


def requests_to(routes: list[APIRoute]) -> list[tuple[Any, ...]]:
    return [
        request
        for request in matrix.REQUESTS
        if any(route.path_regex.match(request[1].split("?")[0]) for route in routes)
    ]


def threaded(function: Any) -> Any:
    """``function`` as one that may block, for all that is known of it."""

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def test_what_is_called_in_place_answers_as_in_a_thread() -> None:
    app = Vivace(openapi_url=None)
    inline = [route for route in ROUTES if route.plan.root.calling is Calling.INLINE]
    assert {route.name for route in inline} >= {"path", "headers", "embedded", "error_http"}
    for route in inline:
        app.add_api_route(route.path, threaded(route.endpoint), **matrix.options_of(route))
    requests = requests_to(inline)
    assert len(requests) > 20
    for request in requests:
        assert reply_of(app, request) == reply_of(PLAIN, request)


def test_bytes_are_sent_as_a_response_object_would_send_them() -> None:
    """A response class that is named makes an object; the default one sends bytes."""
    app = Vivace(
        openapi_url=None,
        default_response_class=JSONResponse,
        exception_handlers=PLAIN.exception_handlers,
    )
    plain = [route for route in ROUTES if "send({" in route.source()]
    assert len(plain) > 20
    for route in plain:
        options = matrix.options_of(route)
        del options["response_class"]
        app.add_api_route(route.path, route.endpoint, **options)
    assert not any("send({" in route.source() for route in app.routes)  # type: ignore[attr-defined]
    for request in requests_to(plain):
        assert reply_of(app, request) == reply_of(PLAIN, request)


# What a handler does not do where the plan has no need of it.


async def minimal():  # type: ignore[no-untyped-def]
    return {}


MINIMAL = """\
async def minimal(scope, receive, send):
    try:
        minimal_0_value = await _v_call_minimal()
        if isinstance(minimal_0_value, _v_Response):
            response = minimal_0_value
        else:
            response = None
            content = _v_encode(minimal_0_value)
    except Exception as error:
        return await _v_answer_error(error, scope, receive, send)
    if response is not None:
        return await _v_send_response(response, scope, receive, send)
    await send({"type": "http.response.start", "status": 200, \
"headers": [(b"content-length", b"%d" % len(content)), _v_JSON]})
    await send({"type": "http.response.body", "body": content})
"""


def test_the_shortest_handler() -> None:
    assert text_of(minimal) == MINIMAL


COSTS = {
    "query": "query_string",
    "headers": 'scope["headers"]',
    "path": "path_params",
    "body": "read_body",
    "request object": "_v_Request(",
    "form": "read_form",
    "exit stack": "_v_CleanupStack",
    "early exit stack": "_v_EarlyCleanupStack",
    "background list": "_v_BackgroundTasks",
    "response for parameters": "parameter_response",
    "thread": "run_in_thread",
    "validation": "_v_validate",
    "errors": "RequestValidationError",
    "body limit": "limit_body",
    "telemetry": "telemetry",
    "tracked send": "TrackedSend",
    "response object": "_v_bytes_response(",
}


def costs_of(endpoint: Any, path: str = "/", **options: Any) -> set[str]:
    text = text_of(endpoint, path, **options)
    return {cost for cost, sign in COSTS.items() if sign in text}


def a_query(q: str | None = None):  # type: ignore[no-untyped-def]
    return {"q": q}


def a_number(n: int = 0):  # type: ignore[no-untyped-def]
    return {"n": n}


async def a_body(item: matrix.Item) -> Any: ...


async def a_request(request: Request) -> Any: ...


async def a_response(response: Response) -> Any: ...


async def tasks(background: BackgroundTasks) -> Any: ...


async def a_held_dependency(it: matrix.HeldAsync) -> Any: ...


async def pool() -> AsyncIterator[int]:
    yield 1


async def a_pool(it: Annotated[int, Depends(pool, scope="app")]) -> Any: ...


async def an_early_dependency(it: matrix.HeldEarly) -> Any: ...


def blocks() -> Any:
    time.sleep(0)


def test_a_handler_does_what_its_plan_asks_for_and_no_more() -> None:
    assert costs_of(minimal) == set()
    assert costs_of(a_query) <= {"query", "errors"}
    assert costs_of(a_number) == {"query", "validation", "errors"}
    assert costs_of(a_body) == {"headers", "body", "validation", "errors"}
    assert costs_of(a_request) == {"request object"}
    assert costs_of(a_response) - {"response object"} == {"response for parameters"}
    assert costs_of(tasks) == {"background list"}
    assert costs_of(blocks) == {"thread"}
    assert costs_of(minimal, status_code=204) == {"response object"}
    assert costs_of(minimal, max_body_size=1) == {"body limit"}
    held = costs_of(a_held_dependency)
    assert held - {"errors"} == {"headers", "exit stack", "tracked send"}
    # It is cleaned up when the app shuts down.
    assert costs_of(a_pool) == set()
    early = {"exit stack", "early exit stack", "tracked send"}
    assert costs_of(an_early_dependency) == early
    assert costs_of(matrix.form) >= {"form", "request object", "exit stack"}
    assert costs_of(matrix.lines) >= {"exit stack"}


def test_a_dependency_that_cannot_block_adds_nothing_to_wait_for() -> None:
    plain = code_of(minimal)
    longer = code_of(minimal, dependencies=[Depends(a_query)])
    assert "a_query_0_value = call_a_query(q=q_0)" in longer
    assert sum("await" in line for line in longer) == sum("await" in line for line in plain)


def test_the_function_is_named_after_the_endpoint_and_carries_its_plan() -> None:
    route = APIRoute("/", minimal)
    handler = compile_handler(route.plan, route.handler_options())
    assert handler.__name__ == handler.__qualname__ == "minimal"
    assert handler.__module__ == __name__
    assert handler.plan is route.plan  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["class", "2fa", "größe", "<lambda>", "a b", ""])
def test_an_endpoint_of_any_name_has_a_handler(name: str) -> None:
    async def endpoint() -> str:
        return "x"

    endpoint.__name__ = name
    app = Vivace(openapi_url=None)
    app.add_api_route("/", endpoint)
    assert ask(app, "GET", "/").body == b'"x"'


def test_a_websocket_s_handler_holds_a_stack_only_where_there_is_something_to_clean_up() -> None:
    async def session() -> AsyncIterator[int]:
        yield 1

    async def plain(websocket: WebSocket, q: int = 0, n: int = Depends(lambda: 1)) -> None: ...

    async def held(websocket: WebSocket, session: int = Depends(session)) -> None: ...

    assert "CleanupStack" not in APIWebSocketRoute("/", plain).source()
    text = APIWebSocketRoute("/", held).source()
    assert "_v_CleanupStack() as request_stack" in text
    assert "_v_EarlyCleanupStack(request_stack) as function_stack" in text


def test_a_websocket_s_handler_sends_nothing_by_itself() -> None:
    async def endpoint(websocket: WebSocket, q: int = 0) -> None: ...

    text = APIWebSocketRoute("/", endpoint).source()
    assert re.search(r"^async def endpoint\(scope, receive, send\):", text)
    assert "await send(" not in text
    assert "_v_WebSocketRequestValidationError(errors" in text
    assert "body=" not in text
