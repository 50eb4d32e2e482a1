"""The versions of an API: what an app makes once, and puts its routers into."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from vivace import APIRouter, Vivace
from vivace.exceptions import VivaceError
from vivace.routing import IncludedRouter
from vivace.versioning.catalog import Catalog
from vivace.versioning.documents import add_documents
from vivace.versioning.group import VersionedRoutes
from vivace.versioning.history import Version
from vivace.versioning.marks import NO_MARKS, describe, marks_of
from vivace.versioning.ways import ByPath, Way


class Versions:
    """The versions of an API.

    .. code-block:: python

        router = APIRouter()


        @router.get("/items")
        @until("2")
        async def list_names() -> list[str]: ...


        @router.get("/items")
        @since("2")
        async def list_items() -> list[Item]: ...


        versions = Versions("1", "2", "3", by=[ByPath(), ByHeader("API-Version")], default="3")
        versions.include_router(router)
        versions.install(app)

    Args:
        versions: In any order; :class:`Version` where there is more to say of one.
        by: How requests may ask for a version. Those that ask for two get a 400.
        default: The version, or the alias, of requests that ask for none. Without one they get a
            400; where paths alone name versions, there is nothing at paths that do not.
        aliases: Further names of versions. ``latest`` is the newest one, unless it is given here.

    Raises:
        ValueError: There is no version, two are equal, or what is said of them makes no sense.
    """

    def __init__(
        self,
        *versions: str | Version,
        by: Sequence[Way] = (ByPath(),),
        default: str | None = None,
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        self._catalog = Catalog(
            [each if isinstance(each, Version) else Version(each) for each in versions],
            tuple(by),
            default=default,
            aliases=aliases or {},
        )
        #: All routers, with their lifespans.
        self._all = APIRouter()

    @property
    def versions(self) -> list[Version]:
        """All of them, the oldest first."""
        return [*self._catalog.history.versions]

    def include_router(
        self,
        router: APIRouter,
        *,
        since: str | None = None,
        until: str | None = None,
        **options: Any,
    ) -> None:
        """Put the routes of ``router`` into all versions, or some.

        Args:
            since: The first version that they are in.
            until: The first version after it that they are not in.
            options: Those of :meth:`vivace.APIRouter.include_router`.

        Raises:
            ValueError: ``since`` or ``until`` is no version, or there is none between them.
        """
        versions = self._catalog.history.between(since, until)
        self._all.include_router(router, **options)
        included = self._all.routes[-1]
        assert isinstance(included, IncludedRouter)
        self._catalog.include(included, versions, since)

    def router(self) -> APIRouter:
        """A router with all versions, to be included in an app or another router."""
        router = APIRouter(lifespan=self._lifespan)
        router.routes.append(VersionedRoutes(self._catalog))
        return router

    def add_documents(self, app: Vivace, *, title: str = "Version") -> None:
        """Give ``app`` an OpenAPI document for each version, to be chosen in its pages.

        Args:
            title: What stands before the version in the pages. Where an app has versions of
                several kinds, it tells them apart.
        """
        add_documents(app, self._catalog, title)

    def install(self, app: Vivace, *, title: str = "Version", **options: Any) -> None:
        """Include the router of all versions in ``app``, and add the documents.

        Args:
            title: As for :meth:`add_documents`.
            options: Those of :meth:`vivace.APIRouter.include_router`.

        Raises:
            VivaceError: Two functions have the same path and method in one version, or one is in
                no version. What is declared later is checked when the app starts.
        """
        app.include_router(self.router(), **options)
        self.add_documents(app, title=title)
        self._catalog.check()

    @asynccontextmanager
    async def _lifespan(self, app: Any) -> AsyncIterator[Mapping[str, Any] | None]:
        self._catalog.check()
        check_all_versioned(app)
        async with self._all.lifespan_context(app) as state:
            yield state


def check_all_versioned(app: Any) -> None:
    """Check that no endpoint of the app's own is marked, which would say nothing.

    Raises:
        VivaceError: One is.
    """
    for route in getattr(app, "routes", ()):
        endpoint = getattr(route, "endpoint", None)
        if marks_of(endpoint) != NO_MARKS:
            raise VivaceError(
                f"{describe(endpoint)} is marked with a version, and its router is in none: give "
                "it to `Versions.include_router`, and not to the app."
            )


__all__ = ["Versions"]
