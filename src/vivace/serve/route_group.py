"""Routes that a request reaches in a way of their own, as by the version that it asks for."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute

from vivace.serve.settings import Settings


class RouteGroup(BaseRoute):
    """Stands among the routes of a router for others, between which it chooses by itself.

    A subclass says whether a request is for one of them (``matches``), and answers it
    (``handle``), as Starlette's routes do. A router is of use there: :meth:`vivace.APIRouter.find`
    says whether it has a route for a request, and called as an ASGI app it answers.
    """

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


__all__ = ["RouteGroup"]
