"""A version at one place: its routes there, and what its responses say of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache

from vivace import APIRouter
from vivace.routing import APIRoute, BaseRoute, Settings
from vivace.types import Receive, Scope, Send
from vivace.versioning.deprecation import Deprecation, HeaderList, link
from vivace.versioning.errors import VersionError
from vivace.versioning.history import Version
from vivace.versioning.marks import marks_of
from vivace.versioning.tables import RoutesOfVersion

_NO_WORD = re.compile(r"\W")

#: The URL by which a request would have been one to another version.
Moved = Callable[[Scope], str]


class Edition:
    """The routes of a version at one place.

    Args:
        fields: The header fields of every response.
    """

    def __init__(self, version: Version, table: RoutesOfVersion, fields: HeaderList) -> None:
        self.version = version
        self.table = table
        # What another version has at this path is no reason to be sent elsewhere.
        self.router = APIRouter(default=self._refuse_path, redirect_slashes=False)
        self.router.routes.append(table)
        self._fields = fields
        self._has_fields = bool(fields or version.deprecated)
        self._fields_where = cache(self._make_fields)
        self._successor: tuple[Edition, Moved] | None = None

    def precede(self, successor: Edition, moved: Moved) -> None:
        """Link to ``successor``, the next version, by URLs that ``moved`` makes."""
        self._successor = (successor, moved)

    @property
    def has_fields(self) -> bool:
        """Whether there are header fields of this version's in any response."""
        return self._has_fields or self.table.has_deprecated

    async def _refuse_path(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise VersionError(404, f"There is nothing at this path in version {self.version}.")

    def fields_of(self, scope: Scope) -> HeaderList:
        """The header fields of the response to a request that has been routed."""
        fields, links = self._fields_where(marks_of(scope.get("endpoint")).deprecation)
        if links and self._successor is not None:
            following, moved = self._successor
            if following.table.has_like(scope.get("route"), self.table):
                successor = link(moved(scope), "successor-version").encode("ascii")
                return [*fields, (b"link", successor)]
        return fields

    def _make_fields(self, own: Deprecation | None) -> tuple[HeaderList, bool]:
        """Those of an endpoint with this deprecation, and whether a link may follow them."""
        outer = self.version.deprecated
        deprecation = own.within(outer) if own is not None else outer
        if deprecation is None:
            return self._fields, False
        links = outer is not None and deprecation.successor is None
        return [*self._fields, *deprecation.headers()], links


def with_unique_ids(editions: Iterable[Edition]) -> list[BaseRoute]:
    """The routes of several versions for one document, in which operation ids have to differ.

    The usual ids have the path in them; those that an app has chosen may be the same.
    """
    found: list[BaseRoute] = []
    taken: set[str] = set()
    for edition in editions:
        for route in edition.table.routes:
            if isinstance(route, APIRoute):
                if route.unique_id in taken:
                    operation_id = f"{route.unique_id}_v{_NO_WORD.sub('_', edition.version.name)}"
                    route = route.inside(Settings())
                    route.operation_id = operation_id
                taken.add(route.unique_id)
            found.append(route)
    return found


__all__ = ["Edition", "Moved", "with_unique_ids"]
