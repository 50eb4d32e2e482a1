"""From a request to the handler of its route."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from starlette._utils import get_route_path
from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Match, Route, WebSocketRoute
from starlette.status import WS_1012_SERVICE_RESTART
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vivace.runtime.body_limit import BodyLimitMiddleware, innermost
from vivace.runtime.connections import connections_of
from vivace.runtime.errors import TrackedSend, answer_error, answer_late_error
from vivace.runtime.form_limits import SCOPE_KEY as FORM_LIMITS, merge_inherited
from vivace.serve import scope as scopes
from vivace.serve.frontend import FrontendRoute, FrontendRoutes
from vivace.serve.inclusion import IncludedRouter, Version, flat_routes
from vivace.serve.opaque import PASSING, Asked, Opaque, OpaqueRoutes, is_opaque
from vivace.serve.route import APIRoute
from vivace.serve.route_group import Finding
from vivace.serve.settings import Settings
from vivace.serve.table import Found, RouteTable
from vivace.serve.websocket_route import APIWebSocketRoute
from vivace.telemetry.naming import scope_key
from vivace.telemetry.routes import record_route

if TYPE_CHECKING:
    from vivace.serve.router import APIRouter


class RoutesFound(Finding):
    """The routes of a table that have the path of a request."""

    __slots__ = ("_dispatcher", "_found")

    def __init__(self, match: Match, dispatcher: Dispatcher, found: Sequence[Found] | None) -> None:
        self.match = match
        self._dispatcher = dispatcher
        self._found = found

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        return self._dispatcher.dispatch(scope, receive, send, self._found)


class Dispatcher:
    """Finds the route of each request to a router, and calls its handler.

    What it finds things in is made from the router's routes when it is first needed, and made
    again when any list of routes has changed.
    """

    def __init__(self, router: APIRouter) -> None:
        self._router = router
        self._version = -1
        self._flat: list[BaseRoute] = []
        #: Whether GET routes answer HEAD too, and 405 names every method of the path; the app
        #: decides (RFC 9110 sections 9.3.2 and 15.5.6).
        self.complete_methods = True
        self._telemetry_key = scope_key()

    @property
    def flat(self) -> list[BaseRoute]:
        """Every route, those of included routers in their place."""
        if self._version != Version.number:
            self._build()
        return self._flat

    @property
    def frontends(self) -> Sequence[FrontendRoute]:
        """Every frontend, those of included routers among them."""
        if self._version != Version.number:
            self._build()
        return self._frontends.routes

    def _build(self) -> None:
        version = Version.number
        self._flat = [self._placed(route) for route in flat_routes(self._router.routes)]
        numbered = list(enumerate(self._flat))
        placed = [(n, route) for n, route in numbered if not is_opaque(route)]
        self._http = RouteTable((n, route) for n, route in placed if isinstance(route, Route))
        self._sockets = RouteTable((n, r) for n, r in placed if isinstance(r, WebSocketRoute))
        self._opaque = OpaqueRoutes((n, route) for n, route in numbered if is_opaque(route))
        self._frontends = FrontendRoutes(_frontends(self._router))
        self._version = version

    def _placed(self, route: BaseRoute) -> BaseRoute:
        """``route`` with the router's limit, where it was put into the list as it is."""
        limit = self._router.max_body_size
        if isinstance(route, APIRoute) and route.max_body_size is None and limit is not None:
            return route.inside(Settings(max_body_size=limit))
        return route

    async def dispatch(
        self, scope: Scope, receive: Receive, send: Send, found: Sequence[Found] | None = None
    ) -> None:
        """Answer an HTTP request or accept a WebSocket.

        Args:
            found: What :meth:`find` has found for it, so that it is not looked up again.
        """
        if self._version != Version.number:
            self._build()
        if "router" not in scope:
            scope["router"] = self._router
        path = scope["path"] if not scope.get("root_path") else get_route_path(scope)
        if scope["type"] != "http":
            await self._tracked_socket(path, scope, receive, send)
            return
        if found is None:
            found = self._http.find(path)
        method = scope["method"]
        chosen: Found | None
        for chosen in found:
            methods = chosen.entry.methods
            if methods is None or method in methods:
                break
        else:
            chosen = None
        if path.startswith(self._opaque.prefixes):
            opaque = self._opaque.before(_order(chosen), path, scope)
            if opaque is not None:
                await self._serve_opaque(opaque, scope, receive, send)
                return
        if chosen is None:
            await self._unanswered(path, found, scope, receive, send)
        elif chosen.entry.is_direct:
            self._enter(chosen, scope)
            await chosen.entry.handlers.current(scope)(scope, receive, send)
        else:
            await self._serve(chosen, scope, receive, send)

    def find(self, scope: Scope) -> Finding | None:
        """What there is for a request: a route with its path and method, or with the path alone."""
        if self._version != Version.number:
            self._build()
        path = scope["path"] if not scope.get("root_path") else get_route_path(scope)
        if scope["type"] != "http":
            if self._sockets.find(path) or self._opaque.before(None, path, scope):
                return RoutesFound(Match.FULL, self, None)
            return None
        found = self._http.find(path)
        method = scope["method"]
        for candidate in found:
            methods = candidate.entry.methods
            if methods is None or method in methods:
                return RoutesFound(Match.FULL, self, found)
        opaque = self._opaque.before(None, path, scope)
        if not found:
            return None if opaque is None else RoutesFound(opaque.match, self, found)
        is_head = method == "HEAD" and self.complete_methods and _first_get(found)
        is_full = is_head or (opaque is not None and opaque.match is Match.FULL)
        return RoutesFound(Match.FULL if is_full else Match.PARTIAL, self, found)

    async def _unanswered(
        self, path: str, found: Sequence[Found], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer a request that no route matches, or none with its method."""
        if scope["method"] == "HEAD" and self.complete_methods:
            chosen = _first_get(found)
            if chosen is not None:
                await self._serve(chosen, scope, receive, without_body(send))
                return
        if found:
            await self._refuse_method(found, scope, receive, send)
        else:
            await self._unmatched(path, scope, receive, send)

    def _enter(self, found: Found, scope: Scope) -> None:
        """Leave in the scope where the request has arrived."""
        entry = found.entry
        outer = scope.get("path_params")
        scope["path_params"] = {**outer, **found.params} if outer else found.params.copy()
        scope["endpoint"] = entry.endpoint
        scope["route"] = entry.route
        if entry.is_included:
            scope[scopes.KEY] = {**(scope.get(scopes.KEY) or {}), scopes.EFFECTIVE: entry.route}
        if self._telemetry_key in scope:
            record_route(scope, entry.route)

    async def _serve(self, found: Found, scope: Scope, receive: Receive, send: Send) -> None:
        self._enter(found, scope)
        if found.entry.is_direct:
            await found.entry.handlers.serve(scope, receive, send)
        else:
            await self._handle(found.entry.route, scope, receive, send)

    async def _tracked_socket(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a socket until it ends, or the server is stopping."""
        connections = connections_of(scope)
        if connections is None:
            await self._socket(path, scope, receive, send)
            return
        with connections.track() as tracking:
            await self._socket(path, scope, receive, send)
        if tracking.cancelled_caught:
            with suppress(Exception):  # It may be closed already.
                await send({"type": "websocket.close", "code": WS_1012_SERVICE_RESTART})

    async def _socket(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._sockets.find(path)
        chosen = found[0] if found else None
        opaque = self._opaque.before(_order(chosen), path, scope)
        if opaque is not None:
            await self._serve_opaque(opaque, scope, receive, send)
        elif chosen is not None:
            await self._serve(chosen, scope, receive, send)
        else:
            await self._guarded(self._router.default, scope, receive, send)

    def _serve_opaque(
        self, opaque: Opaque, scope: Scope, receive: Receive, send: Send
    ) -> Coroutine[Any, Any, None]:
        if opaque.match is Match.PARTIAL and scope.get("method") == "HEAD":
            send = without_body(send)
        if isinstance(opaque, Finding):
            # A router of a group's, which turns errors into replies as this one does.
            return opaque(scope, receive, send)
        scope.update(opaque.child_scope)
        if opaque.match is Match.FULL:
            record_route(scope, opaque.route)
        return self._handle(opaque.route, scope, receive, send)

    async def _handle(self, route: Any, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to a route through whatever may stand between."""
        original = getattr(route, "_original", route)
        scope["route"] = original if not isinstance(route, APIRoute) else route
        if original is not route:
            scope[scopes.KEY] = {
                **(scope.get(scopes.KEY) or {}),
                scopes.EFFECTIVE: route,
            }
        target = original if isinstance(route, (APIRoute, APIWebSocketRoute)) else route
        scope[PASSING] = [*getattr(route, "_guards", ()), target]
        app: ASGIApp = self.pass_on
        if not isinstance(route, (APIRoute, APIWebSocketRoute)):
            app = self._limited(route, scope)
        await self._guarded(app, scope, receive, send)

    def _limited(self, route: Any, scope: Scope) -> ASGIApp:
        """What reads its body by itself, with the limits that it inherits."""
        form_limits = getattr(route, "_form_limits", None)
        if form_limits:
            scope[FORM_LIMITS] = merge_inherited(scope, form_limits)
        limit = innermost(getattr(route, "_body_limit", None), self._router.max_body_size)
        return self.pass_on if limit is None else BodyLimitMiddleware(self.pass_on, limit)

    def is_passing(self, scope: Scope) -> bool:
        """True while a request is on its way through routers to a route."""
        return bool(scope.get(PASSING))

    async def pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to the next router on its way, or to the route at the end of it."""
        following = scope[PASSING].pop(0)
        await following.handle(scope, receive, send)

    async def _guarded(
        self, app: Callable[..., Any], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Call an app that does not answer its own errors."""
        if "app" not in scope:
            await app(scope, receive, send)
            return
        tracked = TrackedSend(send)
        try:
            await app(scope, receive, tracked)
        except Exception as error:
            await answer_late_error(error, scope, receive, tracked)

    async def _refuse_method(
        self, found: Sequence[Found], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """405, with the methods that the path has (RFC 9110 section 15.5.6)."""
        route: Any = found[0].entry.route
        scope["route"] = route
        scope["endpoint"] = route.endpoint
        scope["path_params"] = {**(scope.get("path_params") or {}), **found[0].params}
        record_route(scope, route)
        error = HTTPException(405, headers={"Allow": ", ".join(self._allowed(found))})
        await self._fail(error, scope, receive, send)

    def _allowed(self, found: Sequence[Found]) -> list[str]:
        if not self.complete_methods:
            return sorted(found[0].entry.methods or ())
        methods = {method for f in found for method in f.entry.methods or ()}
        if "GET" in methods:
            methods.add("HEAD")
        return sorted(methods)

    async def _fail(self, error: HTTPException, scope: Scope, receive: Receive, send: Send) -> None:
        if "app" in scope:
            await answer_error(error, scope, receive, send)
        else:
            # Served without an app around it, as any ASGI app may be.
            from starlette.responses import PlainTextResponse

            response = PlainTextResponse(
                error.detail, status_code=error.status_code, headers=error.headers
            )
            await response(scope, receive, send)

    async def _unmatched(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        if self._router.redirect_slashes and path != "/":
            redirect = dict(scope)
            redirect["path"] = (
                scope["path"].rstrip("/") if path.endswith("/") else scope["path"] + "/"
            )
            if self._leads_somewhere(get_route_path(redirect), redirect):
                response = RedirectResponse(url=str(URL(scope=redirect)))
                await response(scope, receive, send)
                return
        match, child_scope = self._frontends.matches(scope)
        if match is not Match.NONE:
            scope.update(child_scope)
            record_route(scope, child_scope["route"])
            await self._guarded(self._frontends.handle, scope, receive, send)
            return
        await self._guarded(self._router.default, scope, receive, send)

    def _leads_somewhere(self, path: str, scope: Scope) -> bool:
        """Whether a redirect would lead to a route, which telemetry is told of."""
        found = self._http.find(path)
        if found:
            record_route(scope, found[0].entry.route)
            return True
        opaque = self._opaque.before(None, path, scope)
        if isinstance(opaque, Asked):
            record_route(scope, opaque.route)
        return opaque is not None


def _first_get(found: Sequence[Found]) -> Found | None:
    """The route that answers HEAD where none has that method (RFC 9110 section 9.3.2)."""
    return next((candidate for candidate in found if candidate.accepts("GET")), None)


def _order(chosen: Found | None) -> int | None:
    return None if chosen is None else chosen.entry.order


def _frontends(router: APIRouter) -> list[FrontendRoute]:
    """A router's own frontends, then those of the routers included in it."""
    found = list(router.frontends)
    for route in router.routes:
        if isinstance(route, IncludedRouter):
            found += [
                frontend.with_prefix(
                    route.settings.prefix,
                    dependencies=route.settings.dependencies,
                    max_body_size=route.settings.max_body_size,
                )
                for frontend in _frontends(route.router)
            ]
    return found


def without_body(send: Send) -> Send:
    """A ``send`` for the answer to HEAD: the headers as they are, and no content."""

    async def send_headers(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_headers
