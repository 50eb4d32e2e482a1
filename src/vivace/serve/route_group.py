"""Routes that a request reaches in a way of their own, as by the version that it asks for."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any

from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from vivace.serve.settings import Settings

#: The key in the scope for what a group has found, where it is served as a route of Starlette's.
FOUND = "vivace.found"


class Finding:
    """What there is for a request, and an ASGI app that answers it with that.

    Attributes:
        match: ``FULL`` for a route with the path and the method of the request, ``PARTIAL`` for
            one with the path alone.
    """

    __slots__ = ("match",)

    def __init__(self, match: Match) -> None:
        self.match = match

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        raise NotImplementedError


class RouteGroup(BaseRoute):
    """Stands among the routes of a router for others, between which it chooses by itself.

    Several of them may have one path and method. Their attribute ``variant``, a string, then tells
    them apart for what keeps something of a route: it stays the same from one start to the next.
    """

    def find(self, scope: Scope) -> Finding | None:
        """What the group has for a request, if anything: as a rule, what a router of its own has.

        :meth:`vivace.APIRouter.find` says that.
        """
        raise NotImplementedError

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """All of them: what their dependencies keep is made when the app starts."""
        raise NotImplementedError

    @property
    def described(self) -> Sequence[BaseRoute]:
        """Those that the OpenAPI document shows."""
        return self.routes

    def inside(self, settings: Settings) -> RouteGroup:
        """This group as it is inside an inclusion, with ``settings`` for all its routes.

        Asked for whenever any routes have changed. One that makes routers has to make them once
        for the same ``settings``, as a new router is a change too.
        """
        raise NotImplementedError

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        found = self.find(scope)
        return (Match.NONE, {}) if found is None else (found.match, {FOUND: found})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope[FOUND](scope, receive, send)


__all__ = ["Finding", "RouteGroup"]
