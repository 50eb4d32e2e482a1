"""The routes that each version has, found when the tables of routes are made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from starlette.routing import Route, WebSocketRoute

from vivace import APIRouter, Depends
from vivace.exceptions import VivaceError
from vivace.routing import (
    APIRoute,
    APIWebSocketRoute,
    BaseRoute,
    IncludedRouter,
    Settings,
)
from vivace.versioning.deprecation import Deprecation
from vivace.versioning.errors import VersionError
from vivace.versioning.history import History, Version
from vivace.versioning.marks import describe, marks_of

_PARAMETER = re.compile(r"\{[^}:]*(:[^}]*)?\}")

_WITH_DEPENDENCIES = (APIRoute, APIWebSocketRoute)


class RoutesSince(IncludedRouter):
    """The routes of a router that is in the versions from one on.

    The one that a route is in from, as it is declared, tells it apart from those with its path and
    method in other versions; and that stays so whatever versions come and go.
    """

    def __init__(self, included: IncludedRouter, history: History, since: str | None) -> None:
        router = APIRouter()
        router.routes.append(included)
        super().__init__(router, Settings())
        self._history = history
        self._since = since

    @property
    def routes(self) -> list[BaseRoute]:
        """The routes, which say so as their ``variant``."""
        routes = super().routes
        for route in routes:
            route.variant = self._first_of(route)  # type: ignore[attr-defined]  # of any class
        return routes

    def _first_of(self, route: BaseRoute) -> str:
        """The version that is declared; empty where none is."""
        own = marks_of(getattr(route, "endpoint", None)).since
        named = self._history.named
        declared = [name for name in (self._since, own) if name is not None and name in named]
        return max(declared, key=lambda name: named[name].key, default="")


class RoutesOfVersion(IncludedRouter):
    """The routes of a router that are in a version: in any, where ``version`` is ``None``.

    Routes that are added to the router later are considered too.

    Attributes:
        has_deprecated: Whether an endpoint is deprecated by itself, as far as they have been read.
    """

    has_deprecated: bool = False

    def __init__(
        self, router: APIRouter, history: History, version: Version | None, settings: Settings
    ) -> None:
        super().__init__(router, settings)
        self._history = history
        self._in_version = version
        self._placed: list[BaseRoute] | None = None
        self._own: list[BaseRoute] = []
        self._shapes: frozenset[str] = frozenset()

    @property
    def routes(self) -> list[BaseRoute]:
        """The routes, with the paths that they have here.

        Raises:
            VivaceError: One is marked with what is no version, or two have the same path and
                method.
        """
        placed = super().routes
        if placed is not self._placed:
            self._read(placed)
            self._placed = placed
        return self._own

    def _read(self, placed: list[BaseRoute]) -> None:
        version = self._in_version
        if version is None:
            self._own = placed
            return
        own = [route for route in placed if version in versions_of(route, self._history)]
        check_overlaps(version, own)
        self._own = [_adjusted(route) for route in own]
        self._shapes = frozenset(self.shape_of(route) for route in own)
        self.has_deprecated = any(deprecation_of(route) for route in own)

    def has_like(self, route: Any, table: RoutesOfVersion) -> bool:
        """Whether there is a route here like one of another table: with the same path."""
        return bool(self.routes) and table.shape_of(route) in self._shapes

    def shape_of(self, route: Any) -> str:
        """The path of one of the routes as it is in every version."""
        return shape(getattr(route, "path", "")[len(self.settings.prefix) :])


def versions_of(route: Any, history: History) -> list[Version]:
    """The versions that the marks of a route put it into.

    Raises:
        VivaceError: There are none, or the marks name what is no version.
    """
    endpoint = getattr(route, "endpoint", None)
    marks = marks_of(endpoint)
    try:
        return history.between(marks.since, marks.until)
    except ValueError as error:
        raise VivaceError(f"{describe(endpoint)}: {error}") from None


def deprecation_of(route: Any) -> Deprecation | None:
    """What clients are told of the endpoint of ``route``, whatever its version."""
    return marks_of(getattr(route, "endpoint", None)).deprecation


def _adjusted(route: BaseRoute) -> BaseRoute:
    """``route`` as it is where it is deprecated: said so in the document, and refused in time."""
    deprecation = deprecation_of(route)
    if deprecation is None or not isinstance(route, _WITH_DEPENDENCIES):
        return route
    refusals = (Depends(_refusing(deprecation)),) if deprecation.gone else ()
    return route.inside(Settings(deprecated=True, dependencies=refusals))


def _refusing(deprecation: Deprecation) -> Any:
    async def refuse_after_sunset() -> None:
        if deprecation.is_over():
            raise VersionError(410, f"This is gone since {deprecation.sunset}.")

    return refuse_after_sunset


def shape(path: str) -> str:
    """A path without the names of its parameters, which do not tell paths apart."""
    return _PARAMETER.sub(r"{\1}", path)


def check_marks(included: IncludedRouter, versions: Sequence[Version], history: History) -> None:
    """Check what the routes of a router are marked with.

    Args:
        versions: Those that the router is included in.

    Raises:
        VivaceError: One is in no version, as its function and its router are for different ones;
            or is to be refused after its sunset, which takes a dependency, and can have none.
    """
    for route in included.routes:
        if not {*versions} & {*versions_of(route, history)}:
            names = ", ".join(map(str, versions))
            raise VivaceError(
                f"{_declared(route)} is in no version: its router is included in {names} alone."
            )
        deprecation = deprecation_of(route)
        if deprecation and deprecation.gone and not isinstance(route, _WITH_DEPENDENCIES):
            raise VivaceError(
                f"{_declared(route)} cannot have gone=True: declare it with `get` or another verb."
            )


def check_overlaps(version: Version, routes: Iterable[BaseRoute]) -> None:
    """Check that no path and method of a version is declared twice.

    Raises:
        VivaceError: One is. The error names both functions.
    """
    declared: dict[tuple[str, str], Any] = {}
    for route in routes:
        for key in _keys(route):
            other = declared.setdefault(key, route)
            if other is not route:
                raise VivaceError(_overlap_message(key[0], version, other, route))


def _keys(route: Any) -> Iterator[tuple[str, str]]:
    """What a request has to have for ``route``: a method and a path."""
    if isinstance(route, WebSocketRoute):
        yield "WEBSOCKET", shape(route.path)
    elif isinstance(route, Route):
        for method in route.methods or ("Any method of",):
            yield method, shape(route.path)


def _overlap_message(method: str, version: Version, first: Any, second: Any) -> str:
    return (
        f"{method} {second.path} is declared twice in version {version}: by {_declared(first)}, "
        f"and by {_declared(second)}. End the older one with @until, or begin the newer one with "
        "@since."
    )


def _declared(route: Any) -> str:
    """The name of an endpoint, and the versions that it is declared for."""
    marks = marks_of(route.endpoint)
    ends = (("since", marks.since), ("until", marks.until))
    said = [f"{word} {name}" for word, name in ends if name]
    return describe(route.endpoint) + (f" ({', '.join(said)})" if said else "")


__all__ = [
    "RoutesOfVersion",
    "RoutesSince",
    "check_marks",
    "check_overlaps",
    "deprecation_of",
    "shape",
    "versions_of",
]
