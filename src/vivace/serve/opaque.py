"""Opaque routes: those that only know by themselves whether a request is for them.

They are mounts, hosts, groups, and routes of classes with a ``matches`` of their own. They are
asked in their turn, as in a list.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.routing import BaseRoute, Match, Mount, Route, WebSocketRoute
from starlette.types import Scope

from vivace.serve import scope as scopes
from vivace.serve.route import APIRoute
from vivace.serve.route_group import Finding, RouteGroup
from vivace.serve.websocket_route import APIWebSocketRoute

#: The key in the scope for the routers, and the route, that a request has still to pass.
PASSING = "vivace.passing"


@dataclass(frozen=True, slots=True)
class Asked:
    """A route that matches.

    Attributes:
        child_scope: What it wants in the scope.
    """

    match: Match
    route: BaseRoute
    child_scope: Scope


Opaque = Asked | Finding


class OpaqueRoutes:
    """The opaque ones among the routes of a router, with their numbers in its order.

    Attributes:
        prefixes: What a path begins with that any of them may match.
    """

    def __init__(self, routes: Iterable[tuple[int, BaseRoute]]) -> None:
        self._routes = [(order, route, _prefix(route)) for order, route in routes]
        self.prefixes = tuple(prefix for _, _, prefix in self._routes)

    def before(self, order: int | None, path: str, scope: Scope) -> Opaque | None:
        """The first that matches.

        Args:
            order: The number of the route that is taken otherwise, which has the path and the
                method. Without one, a route that has the path alone will do.
        """
        partial: Opaque | None = None
        for number, route, prefix in self._routes:
            if order is not None and number > order:
                return None
            if not path.startswith(prefix):
                continue
            found = _ask(route, scope)
            if found is None:
                continue
            if found.match is Match.FULL:
                return found
            if partial is None:
                partial = found
        return partial if order is None else None


def _ask(route: Any, scope: Scope) -> Opaque | None:
    if isinstance(route, RouteGroup):
        return route.find(scope)
    match, child_scope = _matches(route, scope)
    return None if match is Match.NONE else Asked(match, route, child_scope)


def _matches(route: Any, scope: Scope) -> tuple[Match, Scope]:
    """Ask ``route``, and the routers that have a say in it."""
    original = getattr(route, "_original", route)
    probe = scope
    if original is not route:
        probe = {
            **scope,
            scopes.KEY: {**(scope.get(scopes.KEY) or {}), scopes.EFFECTIVE: route},
        }
    for guard in getattr(route, "_guards", ()):
        match, _ = guard.matches({**probe, PASSING: [guard]})
        if match is Match.NONE:
            return Match.NONE, {}
    if isinstance(route, (APIRoute, APIWebSocketRoute)):
        match, child_scope = original.matches(probe)
    else:
        match, child_scope = _match(route, scope)
    if match is not Match.NONE:
        child_scope.setdefault("route", original)
    return match, child_scope


def _match(route: BaseRoute, scope: Scope) -> tuple[Match, Scope]:
    try:
        return route.matches(scope)
    except ValueError:
        # A mount below a path parameter which has no value for the text: see ``table.convert``.
        if isinstance(route, Mount):
            return Match.NONE, {}
        raise


def _prefix(route: BaseRoute) -> str:
    """What paths begin with that ``route`` may match: anything, where that is not known.

    Nearly all of them are mounts, such as those of the documentation's scripts, and nearly all
    requests are for something else.
    """
    return f"{route.path}/" if type(route) is Mount and "{" not in route.path else ""


def is_opaque(route: Any) -> bool:
    """True for a route that has to be asked whether it matches."""
    if not isinstance(route, (Route, WebSocketRoute)):
        return True
    known: Any = Route if isinstance(route, Route) else WebSocketRoute
    if isinstance(route, (APIRoute, APIWebSocketRoute)):
        known = APIRoute if isinstance(route, APIRoute) else APIWebSocketRoute
    return type(route).matches is not known.matches or bool(getattr(route, "_guards", ()))


__all__ = ["PASSING", "Asked", "Opaque", "OpaqueRoutes", "is_opaque"]
