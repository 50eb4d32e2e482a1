"""Routes and routers under the peer's names, with the hooks that packages made for it use."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import cached_property
from types import ModuleType
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import (
    BaseRoute,
    Host,
    Match,
    Mount,
    NoMatchFound,
    Route,
    WebSocketRoute,
    compile_path,
    get_name,
    request_response as make_app,
)
from starlette.types import ASGIApp

from vivace import sse
from vivace.declare.dependencies import Depends
from vivace.serve import route as native, scope as scopes
from vivace.serve.inclusion import IncludedRouter, flat_routes
from vivace.serve.router import APIRouter as NativeRouter
from vivace.serve.settings import Settings
from vivace.serve.websocket_route import APIWebSocketRoute as NativeWebSocketRoute

from ._compat.v2 import ModelField, presented
from .dependant import Dependant
from .hooks import (
    HookedHandlers,
    SolvedDependency,
    get_websocket_app,
    run_endpoint_function,
    solve_dependencies,
)

RequestHandler = Callable[[Request], Awaitable[Response]]

_IncludedRouter = IncludedRouter
_effective_route_context_var = scopes.current_route


def get_request_handler(*, dependant: Dependant, route: native.APIRoute) -> RequestHandler:
    """The handler of a route as a function of the request.

    Packages put a function of their own in its place, which changes `dependant.call` or wraps
    what this returns.
    """
    handlers = HookedHandlers(route)
    handlers.dependant = dependant
    handle = handlers.from_request()
    vars(handle)["serve"] = handlers.serve
    return handle


_get_request_handler = get_request_handler


def request_response(handler: Callable[[Request], Any]) -> ASGIApp:
    """An ASGI app of a function of the request; a route's own handler is one already."""
    serve: ASGIApp | None = getattr(handler, "serve", None)
    return serve or make_app(handler)


class APIRoute(native.APIRoute):
    """A route whose handler is made by what stands in `get_request_handler`.

    Packages change the signature of an endpoint, or the dependencies of a route, when both have
    been read: class-based views do the one, pagination the other. Then they are read again.
    """

    handlers_class = HookedHandlers
    is_strict = False

    def _check(self) -> None:
        super()._check()
        self._was_read = self._to_read()

    def _to_read(self) -> tuple[object, list[Depends]]:
        return getattr(self.endpoint, "__signature__", None), list(self.dependencies)

    def _read_changes(self) -> None:
        if self._to_read() != self._was_read:
            self._check()
            self.__dict__.pop("plan", None)
            self.__dict__.pop("body_field", None)
            # They stand in route tables, so what they have compiled is forgotten in its place.
            self._handlers.forget()

    def inside(self, settings: Settings) -> native.APIRoute:
        self._read_changes()
        route = super().inside(settings)
        route.__dict__.pop("body_field", None)
        if isinstance(route, APIRoute):
            route._was_read = route._to_read()
        return route

    @property
    def makes_handler(self) -> bool:
        return (
            get_request_handler is not _get_request_handler
            or type(self).get_route_handler is not APIRoute.get_route_handler
        )

    def get_route_handler(self) -> RequestHandler:
        route = scopes.current_route.get() or self
        self._read_changes()
        return get_request_handler(dependant=Dependant.of(route.plan.root), route=route)

    @property
    def dependant(self) -> Dependant:
        """What was read from the signature, as the peer presents it."""
        self._read_changes()
        return Dependant.of(self.plan.root)

    @cached_property
    def body_field(self) -> ModelField | None:
        """The body: the parameter that stands for all of it, or an object with all of them."""
        from vivace.describe.bodies import embedding_field

        body = self.plan.body
        if body is None:
            return None
        if not body.embed:
            return presented(body.parameters[0].field)
        name = f"Body_{self.unique_id}"
        return presented(embedding_field(name, body.parameters, required=body.required))

    @property
    def _embed_body_fields(self) -> bool:
        return self.plan.body is not None and self.plan.body.embed


class APIWebSocketRoute(NativeWebSocketRoute):
    """A WebSocket route whose endpoint is called by way of the hooks."""

    handlers_class = HookedHandlers
    is_strict = False


class APIRouter(NativeRouter):
    """A router whose routes are of the classes above."""

    websocket_route_class = APIWebSocketRoute

    def __init__(self, *, route_class: type[native.APIRoute] = APIRoute, **options: Any) -> None:
        super().__init__(route_class=route_class, **options)


class RouteContext:
    """A route where it is served: its path there, and what it inherits."""

    def __init__(self, effective: BaseRoute) -> None:
        self.effective = effective

    @property
    def original_route(self) -> BaseRoute:
        """The route as it was declared."""
        original: BaseRoute = getattr(self.effective, "_original", self.effective)
        return original

    @property
    def route(self) -> BaseRoute:
        return self.original_route

    def __getattr__(self, name: str) -> Any:
        if name in ("path", "path_format", "methods", "endpoint", "name"):
            return getattr(self.effective, name, None)
        return getattr(self.effective, name)


def iter_route_contexts(routes: Iterable[BaseRoute]) -> Iterator[RouteContext]:
    """Every route with the path it is served at, those of included routers in their place."""
    for route in flat_routes(routes):
        yield route if isinstance(route, RouteContext) else RouteContext(route)


def _iter_included_route_candidates(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    return flat_routes(routes)


def _restore_fastapi_scope_key(scope: dict[str, Any], key: str, value: Any) -> None:
    state = scope.get(scopes.KEY)
    if isinstance(state, dict):
        state[key] = value


class _RoutingModule(ModuleType):
    """This module, with the setting of another one under the peer's name for it."""

    @property
    def _PING_INTERVAL(self) -> float:
        return sse.PING_INTERVAL

    @_PING_INTERVAL.setter
    def _PING_INTERVAL(self, seconds: float) -> None:
        sse.PING_INTERVAL = seconds


sys.modules[__name__].__class__ = _RoutingModule

__all__ = [
    "APIRoute",
    "APIRouter",
    "APIWebSocketRoute",
    "BaseRoute",
    "Host",
    "Match",
    "Mount",
    "NoMatchFound",
    "Route",
    "RouteContext",
    "SolvedDependency",
    "WebSocketRoute",
    "compile_path",
    "get_name",
    "get_request_handler",
    "get_websocket_app",
    "iter_route_contexts",
    "request_response",
    "run_endpoint_function",
    "solve_dependencies",
]
