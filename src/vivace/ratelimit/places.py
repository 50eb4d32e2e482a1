"""Where a request is counted: the endpoint that it came to."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any

from starlette.routing import Mount

from vivace.types import Scope


class Places:
    """Tells endpoints apart, in the same way in every process.

    Each route counts by itself, and each of its methods, by the path as it was declared: of
    ``/items/{id}`` all ids count together. ``HEAD`` counts as ``GET``, which it answers like. The
    function is part of it as well, since versions of an API may share paths, and what tells apart
    those that one factory has made; and so are the paths of mounts above.
    """

    def __init__(self) -> None:
        #: By the ids of what each tuple begins with, which it keeps so that the ids stay theirs.
        self._known: dict[tuple[int, int, str], tuple[Any, Any, str]] = {}

    def of_app(self, scope: Scope) -> str:
        """The app that a request has come to, whose requests count together."""
        return self._place(None, "APP", scope)

    def of_endpoint(self, scope: Scope) -> str:
        """The endpoint that a request has come to, by the method it has come with."""
        return self._place(scope.get("route"), _method(scope), scope)

    def _place(self, route: Any, method: str, scope: Scope) -> str:
        app = scope.get("app")
        key = id(route), id(app), method
        known = self._known.get(key)
        if known is None:
            place = f"{method} {_mounted_at(scope)}"
            if route is not None:
                place += f"{getattr(route, 'path', '')} {_name(scope.get('endpoint'))}"
                place += getattr(route, "variant", "")
            known = self._known[key] = route, app, place
        return known[2]


def _method(scope: Scope) -> str:
    if scope["type"] == "websocket":
        return "WEBSOCKET"
    method: str = scope["method"]
    return "GET" if method == "HEAD" else method


def _name(endpoint: Any) -> str:
    function = inspect.unwrap(endpoint) if endpoint is not None else None
    return f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', '')}"


def _mounted_at(scope: Scope) -> str:
    """The declared path below which the app is mounted that the request has come to."""
    app, outermost = scope.get("app"), scope.get("router")
    if outermost is None or getattr(app, "router", None) is outermost:
        return ""
    return "|".join(_paths_to(app, outermost.routes))


def _paths_to(app: Any, routes: Iterable[Any]) -> Iterator[str]:
    for route in routes:
        if getattr(route, "app", None) is app:
            yield route.path
            continue
        above = route.path if isinstance(route, Mount) else ""
        for path in _paths_to(app, getattr(route, "routes", None) or ()):
            yield above + path


__all__ = ["Places"]
