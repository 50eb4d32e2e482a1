"""From a request to the routes of the version that it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.datastructures import URLPath

from vivace import APIRouter
from vivace.routing import BaseRoute, Finding, Match, RouteGroup, Settings
from vivace.types import Scope
from vivace.versioning.catalog import Catalog
from vivace.versioning.editions import Edition, with_unique_ids
from vivace.versioning.errors import VersionError, shortened, version_is_over
from vivace.versioning.history import Version
from vivace.versioning.identification import Identification
from vivace.versioning.paths import PathTable, moved_in_path, moved_in_query, path_in_app
from vivace.versioning.refusal import Refusal
from vivace.versioning.selection import Named, check_one_version
from vivace.versioning.visit import Answer, Visit
from vivace.versioning.ways import PLACE


class VersionedRoutes(RouteGroup):
    """All versions at one place in an app.

    Tables of routes, one for each version, are made when they are first needed. What a request
    names is looked up in dictionaries.
    """

    def __init__(self, catalog: Catalog, settings: Settings | None = None) -> None:
        self.catalog = catalog
        self.settings = settings or Settings()
        self._selection = catalog.selection
        #: What there is in any version.
        self._every = APIRouter()
        self._every.routes.append(catalog.routes_of(None, self.settings))
        #: The versions at paths that do not name them.
        self.plain = {version: self._edition(version, "") for version in catalog.history.versions}
        #: Those at paths that do, by segment.
        self.in_path: dict[str, Edition] = {}
        self._paths = self._path_table()
        self._link_successors()
        self._placed: dict[Settings, VersionedRoutes] = {}

    def _edition(self, version: Version, prefix: str) -> Edition:
        settings = self.settings.around(
            Settings(prefix=prefix, deprecated=version.deprecated is not None)
        )
        table = self.catalog.routes_of(version, settings)
        return Edition(version, table, self.catalog.fields_of(version))

    def _path_table(self) -> PathTable[Edition] | None:
        way, history = self.catalog.by_path, self.catalog.history
        if way is None:
            return None
        before, _, segment = way.format.rpartition("/")
        names = {segment.replace(PLACE, version.name): version for version in history.versions}
        for name, version in {**names, **history.aliases}.items():
            self.in_path[name] = self._edition(version, f"{before}/{name}")
        return PathTable(self.settings.prefix + way.format, self.in_path)

    def _link_successors(self) -> None:
        query = self.catalog.query
        for version, edition in self.plain.items():
            following = self.catalog.history.next_of(version)
            if following is None:
                continue
            if query is not None:
                moved = partial(moved_in_query, query, following.name)
                edition.precede(self.plain[following], moved)
            if self._paths is not None:
                own, segment = self._segment_of(version), self._segment_of(following)
                moved = partial(moved_in_path, self._paths, segment)
                self.in_path[own].precede(self.in_path[segment], moved)

    def _segment_of(self, version: Version) -> str:
        assert self.catalog.by_path is not None
        return self.catalog.by_path.format.rpartition("/")[2].replace(PLACE, version.name)

    def edition_of(self, version: Version) -> Edition:
        """The edition that a version is shown by: the one whose paths name it, if there is one."""
        if self._paths is None:
            return self.plain[version]
        return self.in_path[self._segment_of(version)]

    @property
    def _editions_in_path(self) -> list[Edition]:
        return [self.edition_of(version) for version in self.plain]

    @property
    def routes(self) -> list[BaseRoute]:
        """Each route once; once for each version where paths tell them apart."""
        if self._paths is not None:
            return [route for each in self._editions_in_path for route in each.table.routes]
        return self._every.routes

    @property
    def described(self) -> list[BaseRoute]:
        """Those that have a path of their own; else those that nobody has to ask for."""
        if self._paths is not None:
            return with_unique_ids(self._editions_in_path)
        default = self.catalog.history.default
        return [] if default is None else self.plain[default].table.routes

    def inside(self, settings: Settings) -> VersionedRoutes:
        if settings not in self._placed:
            self._placed[settings] = VersionedRoutes(self.catalog, settings.around(self.settings))
        return self._placed[settings]

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """The path of a route of the default version, or of the one in ``"2:name"``."""
        history = self.catalog.history
        text, colon, rest = name.partition(":")
        if colon and text in history.named:
            router = self.edition_of(history.named[text]).router
            return router.url_path_for(rest, **path_params)
        router = self.edition_of(history.default or history.newest).router
        return router.url_path_for(name, **path_params)

    # Requests.

    def find(self, scope: Scope) -> Finding | None:
        """What the version in the path has; without one, what any version has."""
        if self._paths is not None:
            found = self._find_in_path(self._paths, scope)
            if found is not None:
                return found
        return self._find_plain(scope) if self.catalog.has_plain_paths else None

    def _find_in_path(self, paths: PathTable[Edition], scope: Scope) -> Finding | None:
        edition = paths.find(path_in_app(scope))
        if edition is None:
            return None
        if isinstance(edition, str):
            detail = f"There is no version {shortened(edition)}. {self.catalog.history.known}"
            # Something else may be at the path.
            return self._refusal(Match.PARTIAL, VersionError(404, detail))
        found = edition.router.find(scope)
        if found is None:
            return None
        try:
            named = self._selection.named(scope)
            if named:
                check_one_version([Named(edition.version, str(self.catalog.by_path)), *named])
        except VersionError as error:
            return self._refusal(found.match, error)
        return self._asked(edition, found.match, found, named)

    def _find_plain(self, scope: Scope) -> Finding | None:
        try:
            named = self._selection.named(scope)
            check_one_version(named)
        except VersionError as error:
            elsewhere = self._every.find(scope)
            return elsewhere and self._refusal(elsewhere.match, error)
        if named:
            return self._find_in(named[0].version, named, scope)
        way, default = self.catalog.by_consumer, self.catalog.history.default
        if way is None and default is not None:
            return self._find_in(default, (), scope)
        elsewhere = self._every.find(scope)
        if elsewhere is None:
            return None
        in_version = partial(self._in_version, elsewhere.match)
        if way is None:
            return in_version(None)
        return Identification(elsewhere.match, way, None, in_version)

    def _find_in(self, version: Version, named: Sequence[Named], scope: Scope) -> Finding | None:
        edition = self.plain[version]
        found = edition.router.find(scope)
        if found is not None and found.match is Match.FULL:
            return self._asked(edition, found.match, found, named)
        # It is for this group all the same if another version has it.
        elsewhere = self._every.find(scope)
        return elsewhere and self._asked(edition, elsewhere.match, edition.router.app, named)

    def _asked(
        self, edition: Edition, match: Match, answer: Answer, named: Sequence[Named]
    ) -> Finding:
        """A visit to the edition that a request asks for, or gets by default."""
        media_type = next((each.media_type for each in named if each.media_type), None)
        visit = self._visit(edition, match, answer, media_type)
        way = self.catalog.by_consumer
        if way is None:
            return visit
        return Identification(match, way, visit, partial(self._in_version, match))

    def _in_version(self, match: Match, name: str | None) -> Finding:
        """A visit to the version of a name; without one, to the default version."""
        history = self.catalog.history
        version = history.default if name is None else history.named.get(name)
        if version is not None:
            edition = self.plain[version]
            return self._visit(edition, match, edition.router.app, None)
        if name is None:
            detail = f"The request names no version. {self.catalog.places} {history.known}"
            return self._refusal(match, VersionError(400, detail))
        gone = f"Your version, {name}, is gone. {history.known}"
        return self._refusal(match, VersionError(410, gone))

    def _visit(
        self, edition: Edition, match: Match, answer: Answer, media_type: str | None
    ) -> Finding:
        if edition.version.deprecated is not None and edition.version.deprecated.is_over():
            return self._refusal(match, version_is_over(edition.version))
        return Visit(match, edition, answer, media_type)

    def _refusal(self, match: Match, error: VersionError) -> Refusal:
        if self._selection.vary:
            error.headers = {**(error.headers or {}), "Vary": self._selection.vary}
        return Refusal(match, error)


__all__ = ["VersionedRoutes"]
