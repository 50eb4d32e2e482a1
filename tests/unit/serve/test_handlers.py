from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from tests.unit.compile.exchange import ask

from vivace import Depends, Request, Response, Vivace
from vivace.routing import APIRoute
from vivace.serve.handlers import MOST_COMPILED, Handlers, endpoint_context
from vivace.serve.settings import Settings


def provide() -> str:
    return "original"


async def endpoint(it: str = Depends(provide)) -> str:
    return it


def app_of(route: APIRoute, **options: Any) -> Vivace:
    app = Vivace(openapi_url=None, **options)
    app.router.routes.append(route)
    return app


def body_of(app: Vivace, path: str = "/") -> bytes:
    return ask(app, "GET", path).body


def compiled(route: APIRoute) -> dict[Any, Any]:
    return route._handlers._compiled


def test_a_handler_is_compiled_when_it_is_first_needed_and_kept() -> None:
    route = APIRoute("/", endpoint)
    app = app_of(route)
    assert not compiled(route)
    assert body_of(app) == b'"original"'
    (handler,) = compiled(route).values()
    assert body_of(app) == b'"original"'
    assert list(compiled(route).values()) == [handler]
    assert route._handlers.current({}) is handler


def test_overrides_have_handlers_of_their_own() -> None:
    route = APIRoute("/", endpoint)
    app = app_of(route)
    assert body_of(app) == b'"original"'
    app.dependency_overrides[provide] = lambda: "first"
    assert body_of(app) == b'"first"'
    app.dependency_overrides[provide] = lambda: "second"
    assert body_of(app) == b'"second"'
    app.dependency_overrides.clear()
    assert body_of(app) == b'"original"'
    assert len(compiled(route)) == 3


def test_not_every_override_that_ever_was_is_remembered() -> None:
    route = APIRoute("/", endpoint)
    app = app_of(route)
    for number in range(3 * MOST_COMPILED):
        app.dependency_overrides[provide] = lambda number=number: str(number)
        assert body_of(app) == f'"{number}"'.encode()
        assert len(compiled(route)) <= MOST_COMPILED


def test_telemetry_has_a_variant_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYDANTIC_DISABLE_PLUGINS", "__all__")
    route = APIRoute("/", endpoint)
    provider = TracerProvider(shutdown_on_exit=False)
    assert body_of(app_of(route, telemetry={"tracer_provider": provider})) == b'"original"'
    assert body_of(app_of(route)) == b'"original"'
    assert sorted(telemetry for _, telemetry, _ in compiled(route)) == [False, True]
    provider.shutdown()


made: list[str] = []


class Wrapping(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:
        made.append(self.path)
        handler = super().get_route_handler()

        async def wrap(request: Request) -> Response:
            response = await handler(request)
            response.headers["x-wrapped"] = "yes"
            return response

        return wrap


def test_a_class_wraps_its_handler_once_for_each_place() -> None:
    made.clear()
    route = Wrapping("/", endpoint)
    app = app_of(route)
    app.router.routes.append(route.inside(Settings(prefix="/a")))
    for number in range(2 * MOST_COMPILED):
        app.dependency_overrides[provide] = lambda number=number: str(number)
        for path in ("/", "/a/"):
            reply = ask(app, "GET", path)
            assert reply.body == f'"{number}"'.encode()
            assert (b"x-wrapped", b"yes") in reply.headers
    assert made == ["/", "/"]


def test_the_source_is_that_of_the_usual_handler() -> None:
    assert APIRoute("/", endpoint).source().startswith("async def endpoint(scope, receive, send):")
    assert Wrapping("/", endpoint).source().startswith("async def endpoint(request):")
    handlers = Handlers(APIRoute("/", endpoint))
    assert handlers.source() == APIRoute("/", endpoint).source()


class Callee:
    async def __call__(self) -> str:
        return "called"


def test_where_an_endpoint_stands() -> None:
    context = endpoint_context(endpoint, "GET /")
    assert context == {
        "path": "GET /",
        "function": "endpoint",
        "file": __file__,
        "line": endpoint.__code__.co_firstlineno,
    }
    assert endpoint_context(Callee(), "GET /") == {"path": "GET /"}
    assert body_of(app_of(APIRoute("/", Callee()))) == b'"called"'
