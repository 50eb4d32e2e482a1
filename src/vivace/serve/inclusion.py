"""Routers inside routers: kept as a tree as they were declared, and laid out flat for serving."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, MutableSequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeVar

from starlette.datastructures import URLPath
from starlette.routing import (
    BaseRoute,
    Host,
    Match,
    Mount,
    NoMatchFound,
    Route,
    Router,
    WebSocketRoute,
)
from starlette.types import Receive, Scope, Send

from vivace.declare.form_limits import FormLimits, merge_form_limits
from vivace.runtime.body_limit import innermost
from vivace.serve.paths import compile_declared
from vivace.serve.route import APIRoute
from vivace.serve.route_group import RouteGroup
from vivace.serve.settings import Settings
from vivace.serve.websocket_route import APIWebSocketRoute

if TYPE_CHECKING:
    from vivace.serve.router import APIRouter

T = TypeVar("T")


class Version:
    """Counts the changes of all lists of routes, so that what is made from them can be remade."""

    number = 0


def _counting(name: str) -> Any:
    method = getattr(list, name)

    def change(self: RouteList, *args: Any, **kwargs: Any) -> Any:
        Version.number += 1
        return method(self, *args, **kwargs)

    change.__name__ = name
    change.__doc__ = method.__doc__
    return change


class RouteList(list[BaseRoute]):
    """A list of routes whose changes are noticed."""

    append = _counting("append")
    extend = _counting("extend")
    insert = _counting("insert")
    remove = _counting("remove")
    pop = _counting("pop")
    clear = _counting("clear")
    reverse = _counting("reverse")
    sort = _counting("sort")
    __setitem__ = _counting("__setitem__")
    __delitem__ = _counting("__delitem__")
    __iadd__ = _counting("__iadd__")
    __imul__ = _counting("__imul__")


class FlatRoutes(list[BaseRoute]):
    """Every route of an app with the path it is served at, those of included routers as well.

    Changing it changes the routes of the app's own router, where the change makes sense there.
    """

    def __init__(self, routes: Iterable[BaseRoute], declared: MutableSequence[BaseRoute]) -> None:
        super().__init__(routes)
        self._declared = declared

    def append(self, route: BaseRoute) -> None:
        self._declared.append(route)
        super().append(route)

    def extend(self, routes: Iterable[BaseRoute]) -> None:
        for route in routes:
            self.append(route)

    def insert(self, index: SupportsIndex, route: BaseRoute) -> None:
        self._declared.insert(int(index), route)
        super().insert(index, route)

    def remove(self, route: BaseRoute) -> None:
        self._declared.remove(route)
        super().remove(route)

    def clear(self) -> None:
        self._declared.clear()
        super().clear()


class IncludedRouter(BaseRoute):
    """A router as it is included in another one, with what the inclusion adds to it.

    Routes that are added to the router later are part of it too.
    """

    def __init__(self, router: APIRouter, settings: Settings, provider: Any = None) -> None:
        self.router = router
        self.settings = settings
        self._provider = provider
        self._flat: list[BaseRoute] = []
        self._version = -1

    @property
    def routes(self) -> list[BaseRoute]:
        """The routes of the router with the paths they have here."""
        if self._version != Version.number:
            version = Version.number
            self._flat = [
                placed
                for route in flat_routes(self.router.routes)
                if (placed := place(route, self._settings_of(route))) is not None
            ]
            for route in self._flat:
                _guard(route, self.router)
                if getattr(route, "dependency_overrides_provider", route) is None:
                    route.dependency_overrides_provider = self._provider  # type: ignore[attr-defined]
            self._version = version
        return self._flat

    def _settings_of(self, route: BaseRoute) -> Settings:
        """What applies to ``route``: API routes have taken over what their router says already."""
        if isinstance(route, (APIRoute, APIWebSocketRoute, RouteGroup)):
            return self.settings
        router = self.router
        return replace(
            self.settings,
            max_body_size=innermost(router.max_body_size, self.settings.max_body_size),
            form_limits=merge_form_limits(self.settings.form_limits, router.form_limits),
        )

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        partial: tuple[Match, Scope] = (Match.NONE, {})
        for route in self.routes:
            match, child_scope = route.matches(scope)
            if match is Match.FULL:
                return match, child_scope
            if match is Match.PARTIAL and partial[0] is Match.NONE:
                partial = (match, child_scope)
        return partial

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        for wanted in (Match.FULL, Match.PARTIAL):
            for route in self.routes:
                match, child_scope = route.matches(scope)
                if match is wanted:
                    scope.update(child_scope)
                    await route.handle(scope, receive, send)
                    return
        await self.router.not_found(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        for route in self.routes:
            try:
                return route.url_path_for(name, **path_params)
            except NoMatchFound:
                pass
        raise NoMatchFound(name, path_params)

    def __repr__(self) -> str:
        return f"IncludedRouter(prefix={self.settings.prefix!r})"


def flat_routes(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """``routes`` with those of included routers in the place of the routers."""
    for route in routes:
        if isinstance(route, IncludedRouter):
            yield from route.routes
        else:
            yield route


def _guard(route: BaseRoute, router: APIRouter) -> None:
    """Note that requests to ``route`` pass through a router that wants to see them."""
    if router.is_customised:
        guards = getattr(route, "_guards", ())
        route._guards = (router, *guards)  # type: ignore[attr-defined]


def place(route: BaseRoute, settings: Settings) -> BaseRoute | None:
    """``route`` as it is inside an inclusion; ``None`` for one that has no path to put there."""
    if isinstance(route, RouteGroup):
        return route.inside(settings)
    if isinstance(route, (APIRoute, APIWebSocketRoute)):
        placed: Any = route.inside(settings)
    elif isinstance(route, (Route, WebSocketRoute)):
        placed = copy.copy(route)
        _set_path(placed, settings.prefix + route.path)
    elif isinstance(route, Mount):
        placed = copy.copy(route)
        placed.path = settings.prefix + route.path
        placed.path_regex, placed.path_format, placed.param_convertors = compile_declared(
            placed.path + "/{path:path}"
        )
    elif isinstance(route, Host):
        placed = copy.copy(route)
        if settings.prefix:
            placed.app = Router(routes=[Mount(settings.prefix, app=route.app)])
    elif not settings.prefix and not hasattr(route, "path"):
        placed = copy.copy(route)
    else:
        return None
    if not isinstance(route, (APIRoute, APIWebSocketRoute)):
        placed._body_limit = innermost(getattr(route, "_body_limit", None), settings.max_body_size)
        placed._form_limits = merge_form_limits(
            settings.form_limits, getattr(route, "_form_limits", FormLimits())
        )
    placed._original = getattr(route, "_original", route)
    return placed  # type: ignore[no-any-return]


def _set_path(route: Any, path: str) -> None:
    route.path = path
    route.path_regex, route.path_format, route.param_convertors = compile_declared(path)
