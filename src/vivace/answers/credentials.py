"""What in a request says who makes it."""

from __future__ import annotations

from typing import Any, Final

from vivace.datastructures import Headers, QueryParams
from vivace.routing import APIRoute
from vivace.security import SecurityScheme
from vivace.types import Scope

#: Those that credentials are sent in, whatever a route declares.
USUAL: Final = ("authorization", "cookie", "x-api-key")


def has_scheme(route: Any) -> bool:
    """Whether anything of a route depends on a security scheme."""
    return bool(_schemes(route))


def credentials_in(scope: Scope) -> list[str]:
    """What a request has as credentials, that has come to its route.

    That are the usual fields, and what the security schemes of the route read besides: each by its
    name, with all its values.
    """
    models = [scheme.model for scheme in _schemes(scope.get("route"))]
    headers, query = Headers(scope=scope), QueryParams(scope.get("query_string", b""))
    fields = dict.fromkeys([*USUAL, *(name.lower() for name in _named(models, "header"))])
    found = [("header", name, headers.getlist(name)) for name in fields]
    found += [("query", name, query.getlist(name)) for name in _named(models, "query")]
    return [part for place, name, values in found for part in (f"{place} {name}", *values)]


def _schemes(route: Any) -> list[SecurityScheme]:
    if not isinstance(route, APIRoute):
        return []
    called = (step.plan.call for step in route.plan.steps)
    return [call for call in called if isinstance(call, SecurityScheme)]


def _named(models: list[Any], place: str) -> list[str]:
    """The names of what keys are sent in, in one place of a request."""
    return [model.name for model in models if _place(model) == place]


def _place(model: Any) -> str:
    place = getattr(model, "in_", "")
    return str(getattr(place, "value", place))


__all__ = ["USUAL", "credentials_in", "has_scheme"]
