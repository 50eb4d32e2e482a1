"""A WebSocket route: an endpoint with parameters and dependencies, over a socket (RFC 6455)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, ClassVar

from starlette.routing import Match, WebSocketRoute, get_name
from starlette.types import ASGIApp, Receive, Scope, Send

from vivace.analyse.blame import blaming
from vivace.analyse.calls import check_bodiless, check_connection, check_names, complete
from vivace.analyse.constraints import check_constraints
from vivace.analyse.endpoint import analyse_call, endpoint_plan, with_dependencies
from vivace.analyse.plan import CallPlan, EndpointPlan, ResponsePlan
from vivace.compile.options import HandlerOptions, Target
from vivace.declare.dependencies import Depends
from vivace.serve.handlers import Handlers, endpoint_context
from vivace.serve.paths import check_braces, compile_declared
from vivace.serve.scope import effective_route
from vivace.serve.settings import Settings


class APIWebSocketRoute(WebSocketRoute):
    """A WebSocket endpoint at a path; see :class:`vivace.routing.APIRoute` for inclusion."""

    handlers_class: ClassVar[type[Handlers]] = Handlers
    #: As for :class:`vivace.routing.APIRoute`.
    is_strict: ClassVar[bool] = True

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        name: str | None = None,
        dependencies: Sequence[Depends] | None = None,
        dependency_overrides_provider: Any = None,
    ) -> None:
        self.path = path
        self.endpoint = endpoint
        self.name = get_name(endpoint) if name is None else name
        self.dependencies = list(dependencies or [])
        self.dependency_overrides_provider = dependency_overrides_provider
        with blaming(endpoint):
            self.path_regex, self.path_format, self.param_convertors = compile_declared(path)
        self._original: APIWebSocketRoute = self
        # A wrong signature fails here.
        root = self._read()
        check_connection(root, websocket=True)
        if self.is_strict:
            with blaming(endpoint):
                check_braces(path)
            check_names(root)
            check_bodiless(root)
            check_constraints(root)
        self._handlers = self.handlers_class(self)
        self.app: ASGIApp = self._handlers.serve

    @cached_property
    def path_names(self) -> frozenset[str]:
        return frozenset(self.param_convertors)

    @cached_property
    def plan(self) -> EndpointPlan:
        # Read again, since types exist by now that did not when the endpoint was declared.
        root = self._read()
        complete(root)
        if self.is_strict:
            check_constraints(root)
        return endpoint_plan(root, ResponsePlan())

    def _read(self) -> CallPlan:
        root = analyse_call(self.endpoint, self.path_names)
        with blaming(self.endpoint):
            return with_dependencies(root, self.dependencies, self.path_names)

    def inside(self, settings: Settings) -> APIWebSocketRoute:
        """This route as it is inside an inclusion."""
        route = copy.copy(self)
        for name in ("path_names", "plan"):
            route.__dict__.pop(name, None)
        route.path = settings.prefix + self.path
        with blaming(self.endpoint):
            compiled = compile_declared(route.path)
        route.path_regex, route.path_format, route.param_convertors = compiled
        route.dependencies = [*settings.dependencies, *self.dependencies]
        route._handlers = self.handlers_class(route)
        route.app = route._handlers.serve
        return route

    @property
    def original_route(self) -> APIWebSocketRoute:
        return self._original

    def handler_options(self) -> HandlerOptions:
        return HandlerOptions(
            target=Target.WEBSOCKET,
            endpoint_context=endpoint_context(self.endpoint, f"WS {self.path}"),
            path_names=self.path_names,
        )

    @property
    def is_direct(self) -> bool:
        """True where connections go straight to the compiled handler."""
        return type(self).handle is APIWebSocketRoute.handle and self.app == self._handlers.serve

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await effective_route(scope, self).app(scope, receive, send)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child_scope = WebSocketRoute.matches(effective_route(scope, self), scope)
        if match is not Match.NONE:
            child_scope["route"] = self
        return match, child_scope

    def source(self) -> str:
        """The Python source of the compiled handler."""
        return self._handlers.source()
