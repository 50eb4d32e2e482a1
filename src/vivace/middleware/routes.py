"""Which route has taken a request, as far as middleware around the app can see."""

from __future__ import annotations

from vivace.routing import Mount
from vivace.types import Scope


class RouteWatch:
    """Tells the template of the route of a request, once it was routed.

    Args:
        scope: The scope as it comes to the middleware.
    """

    __slots__ = ("_root_path", "_scope")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._root_path: str = scope.get("root_path", "")

    def template(self) -> str | None:
        """The path of the route, as ``/items/{id}``, below the paths at which apps are mounted.

        ``None`` where no route was found, or where what routes is no app of this kind.
        """
        route = self._scope.get("route")
        path: str | None = getattr(route, "path_format", None) or getattr(route, "path", None)
        if path is None:
            return None
        if isinstance(route, Mount):
            path = "/{path}"  # Where it is mounted is part of the root path by now.
        inside: str = self._scope.get("root_path", "")
        return inside.removeprefix(self._root_path) + path


__all__ = ["RouteWatch"]
