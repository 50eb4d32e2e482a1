"""Which fields of a request say who makes it."""

from __future__ import annotations

from typing import Any, Final

from vivace.routing import APIRoute
from vivace.security import SecurityScheme

#: Those that credentials are sent in, whatever a route declares.
USUAL: Final = ("authorization", "cookie", "x-api-key")


def has_scheme(route: Any) -> bool:
    """Whether anything of a route depends on a security scheme."""
    return bool(_schemes(route))


def credential_fields(route: Any) -> tuple[str, ...]:
    """The names, in lower case, of fields that requests to a route may have credentials in."""
    models = (scheme.model for scheme in _schemes(route))
    named = (getattr(model, "name", "") for model in models if _place(model) == "header")
    return tuple(dict.fromkeys([*USUAL, *(name.lower() for name in named)]))


def _schemes(route: Any) -> list[SecurityScheme]:
    if not isinstance(route, APIRoute):
        return []
    called = (step.plan.call for step in route.plan.steps)
    return [call for call in called if isinstance(call, SecurityScheme)]


def _place(model: Any) -> str:
    place = getattr(model, "in_", "")
    return str(getattr(place, "value", place))


__all__ = ["USUAL", "credential_fields", "has_scheme"]
