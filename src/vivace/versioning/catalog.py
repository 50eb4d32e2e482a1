"""What is declared: the versions, how they are asked for, and the routers that are in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from vivace import APIRouter
from vivace.routing import IncludedRouter, Settings
from vivace.versioning.deprecation import HeaderList
from vivace.versioning.history import History, Version
from vivace.versioning.selection import Selection
from vivace.versioning.tables import RoutesOfVersion, RoutesSince, check_marks
from vivace.versioning.ways import ByAccept, ByConsumer, ByHeader, ByPath, ByQuery, Way

W = TypeVar("W", ByAccept, ByConsumer, ByPath)


class Catalog:
    """What is declared.

    Raises:
        ValueError: The ways exclude each other, or there is none.
    """

    def __init__(
        self,
        versions: Sequence[Version],
        ways: Sequence[Way],
        *,
        default: str | None,
        aliases: Mapping[str, str],
    ) -> None:
        if not ways:
            raise ValueError("There has to be a way to ask for a version, such as by=[ByPath()].")
        self.history = History(versions, aliases, default)
        self.ways = ways
        self.by_path = _only(ByPath, ways)
        self.by_consumer = _only(ByConsumer, ways)
        _only(ByAccept, ways)
        self.selection = Selection(self.history, ways)
        if self.by_path is None and not self.selection.is_possible and default is None:
            raise ValueError("Nobody could ask for a first version: give a default.")
        #: Whether paths without a version can be those of one.
        self.has_plain_paths = (
            self.selection.is_possible or self.by_consumer is not None or default is not None
        )
        #: Holds what is in each version, and, for ``None``, what is in any.
        self._routers = {version: APIRouter() for version in (None, *self.history.versions)}
        self._included: list[tuple[IncludedRouter, list[Version]]] = []

    def include(self, included: IncludedRouter, versions: list[Version], since: str | None) -> None:
        """Put the routes of a router into ``versions``, as far as their marks do not say less.

        Args:
            since: The first of them, as it is declared.
        """
        self._included.append((included, versions))
        routes = RoutesSince(included, self.history, since)
        for version in (None, *versions):
            self._routers[version].routes.append(routes)

    def routes_of(self, version: Version | None, settings: Settings) -> RoutesOfVersion:
        """The routes of a version, or of all, with the paths that they have inside ``settings``."""
        return RoutesOfVersion(self._routers[version], self.history, version, settings)

    def fields_of(self, version: Version) -> HeaderList:
        """What responses of a version say, whichever endpoint they are of."""
        fields = [(way.name, version.name) for way in self.ways if isinstance(way, ByHeader)]
        if self.selection.vary:
            fields.append(("Vary", self.selection.vary))
        return [(name.lower().encode(), value.encode("latin-1")) for name, value in fields]

    @property
    def query(self) -> str | None:
        """The parameter of the query that names a version, if one does."""
        return next((way.parameter for way in self.ways if isinstance(way, ByQuery)), None)

    @property
    def places(self) -> str:
        """A sentence that says where a version can be named."""
        named = [str(way) for way in self.ways if not isinstance(way, ByConsumer)]
        return f"A version can be named by {' or '.join(named)}."

    def check(self) -> None:
        """Check what is declared up to now.

        Raises:
            VivaceError: An endpoint is in no version, or another one has its path and method.
        """
        for included, versions in self._included:
            check_marks(included, versions, self.history)
        for version in self.history.versions:
            # They are checked when they are read.
            _ = self.routes_of(version, Settings()).routes


def _only(kind: type[W], ways: Sequence[Way]) -> W | None:
    found = [way for way in ways if isinstance(way, kind)]
    if len(found) > 1:
        raise ValueError(f"There can be one {kind.__name__}, and there are {len(found)}.")
    return found[0] if found else None


__all__ = ["Catalog"]
