"""From a request to the routes of the version that it asks for."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from starlette.datastructures import URLPath

from vivace import APIRouter
from vivace.requests import HTTPConnection
from vivace.routing import BaseRoute, Match, RouteGroup, Settings
from vivace.types import Receive, Scope, Send
from vivace.versioning.catalog import Catalog
from vivace.versioning.editions import Edition, with_unique_ids
from vivace.versioning.errors import VersionError, shortened
from vivace.versioning.history import Version
from vivace.versioning.paths import PathTable, path_in_app
from vivace.versioning.selection import Named, check_one_version
from vivace.versioning.visit import VISIT, Remember, Visit
from vivace.versioning.ways import PLACE, ByConsumer

#: The key in the scope for the version that the path names.
IN_PATH = "vivace.versioning.path"


class VersionedRoutes(RouteGroup):
    """All versions at one place in an app.

    Tables of routes, one for each version, are made when they are first needed. What a request
    names is looked up in dictionaries.
    """

    def __init__(self, catalog: Catalog, settings: Settings | None = None) -> None:
        self.catalog = catalog
        self.settings = settings or Settings()
        self._selection = catalog.selection
        self._parts = catalog.routes_of(None, self.settings)
        #: What there is in any version.
        self._every = APIRouter()
        self._every.routes.extend(self._parts)
        #: The versions at paths that do not name them.
        self.plain = {version: self._edition(version, "") for version in catalog.history.versions}
        #: Those at paths that do, by segment.
        self.in_path: dict[str, Edition] = {}
        self._paths = self._path_table()
        self._link_successors()
        self._is_ready = False
        self._placed: dict[tuple[Settings, int], VersionedRoutes] = {}

    def _edition(self, version: Version, prefix: str) -> Edition:
        settings = self.settings.around(
            Settings(prefix=prefix, deprecated=version.deprecated is not None)
        )
        return Edition(
            version,
            self.catalog.routes_of(version, settings),
            prefix=settings.prefix,
            fields=self.catalog.fields_of(version),
        )

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
                moved = partial(_moved_in_query, query, following.name)
                edition.precede(self.plain[following], moved)
            if self._paths is not None:
                own, segment = self._segment_of(version), self._segment_of(following)
                moved = partial(_moved_in_path, self._paths, segment)
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
            return [route for edition in self._editions_in_path for route in edition.routes]
        return [route for part in self._parts for route in part.routes]

    @property
    def described(self) -> list[BaseRoute]:
        """Those that have a path of their own; else those that nobody has to ask for."""
        if self._paths is not None:
            return with_unique_ids(self._editions_in_path)
        default = self.catalog.history.default
        return [] if default is None else self.plain[default].routes

    def inside(self, settings: Settings) -> VersionedRoutes:
        key = (settings, len(self.catalog.parts))
        if key not in self._placed:
            self._placed[key] = VersionedRoutes(self.catalog, settings.around(self.settings))
        return self._placed[key]

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

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """What the version in the path has; without one, what any version has.

        A version that there is not is only for this group where nothing else is at the path.
        """
        if self._paths is not None:
            found = self._paths.find(path_in_app(scope))
            if isinstance(found, str):
                return Match.PARTIAL, {IN_PATH: found}
            if found is not None and (match := found.router.find(scope)) is not Match.NONE:
                return match, {IN_PATH: found}
        if not self.catalog.has_plain_paths:
            return Match.NONE, {}
        return self._every.find(scope), {IN_PATH: None}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._is_ready:
            self._get_ready()
        try:
            edition, media_type = self._named(scope)
            remember = None
            by_consumer = self.catalog.by_consumer
            if by_consumer is not None:
                edition, remember = await self._of_consumer(edition, scope, by_consumer)
            if edition is None:
                edition = self._default()
            check_not_over(edition.version)
        except VersionError as error:
            if self._selection.vary:
                error.headers = {**(error.headers or {}), "Vary": self._selection.vary}
            raise
        visit = Visit(edition, scope, send, media_type, remember)
        scope["router"] = scope[VISIT] = visit
        await edition.router.app(scope, receive, visit.send)

    def _get_ready(self) -> None:
        self.catalog.check()
        for edition in (*self.plain.values(), *self.in_path.values()):
            edition.read_routes()
        self._is_ready = True

    def _named(self, scope: Scope) -> tuple[Edition | None, str | None]:
        """The edition that a request asks for, and the media type in which it does so."""
        in_path: Edition | str | None = scope.pop(IN_PATH)
        named = self._selection.named(scope) if self._selection.is_possible else ()
        if isinstance(in_path, str):
            raise VersionError(
                404, f"There is no version {shortened(in_path)}. {self.catalog.history.known}"
            )
        if not named:
            return in_path, None
        if in_path is not None:
            check_one_version([Named(in_path.version, str(self.catalog.by_path)), *named])
        elif len(named) > 1:
            check_one_version(named)
        media_type = next((each.media_type for each in named if each.media_type), None)
        return in_path or self.plain[named[0].version], media_type

    async def _of_consumer(
        self, edition: Edition | None, scope: Scope, way: ByConsumer
    ) -> tuple[Edition | None, Remember | None]:
        """The edition for who asks; and how to remember it, where this is their first call."""
        found = way.identify(HTTPConnection(scope))
        consumer = await found if inspect.isawaitable(found) else found
        if consumer is None:
            return edition, None
        kept = await way.store.get(consumer)
        if kept is None:
            edition = edition or self._default()
            return edition, partial(way.store.remember, consumer, edition.version.name)
        if edition is None:
            version = self.catalog.history.named.get(kept)
            if version is None:
                raise VersionError(
                    410, f"Your version, {kept}, is gone. {self.catalog.history.known}"
                )
            edition = self.plain[version]
        return edition, None

    def _default(self) -> Edition:
        history = self.catalog.history
        if history.default is None:
            raise VersionError(
                400, f"The request names no version. {self.catalog.places} {history.known}"
            )
        return self.plain[history.default]


def check_not_over(version: Version) -> None:
    """Check that a version is still served.

    Raises:
        VersionError: It was to end before now (410).
    """
    deprecation = version.deprecated
    if deprecation is not None and deprecation.is_over():
        headers: dict[str, str] = {}
        for field, content in deprecation.headers():
            name, value = field.decode().title(), content.decode()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        raise VersionError(410, f"Version {version} is gone since {deprecation.sunset}.", headers)


def _moved_in_path(paths: PathTable[Edition], segment: str, scope: Scope) -> str:
    path = path_in_app(scope)
    root = scope["path"].removesuffix(path)
    return quote(root + paths.replace(path, segment), errors="replace")


def _moved_in_query(parameter: str, version: str, scope: Scope) -> str:
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    others = [pair for pair in pairs if pair[0] != parameter]
    query = urlencode([*others, (parameter, version)], errors="replace")
    return f"{quote(scope['path'], errors='replace')}?{query}"


__all__ = ["VersionedRoutes"]
