"""What routing leaves in the scope of a request, besides the usual keys."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, TypeVar

from starlette.types import Scope

#: The key in the scope. The alias gives it the name that the peer's has.
KEY = "vivace"
EFFECTIVE = "effective_route_context"

T = TypeVar("T")

#: The included route for which a handler is being built, where a subclass builds it.
current_route: ContextVar[Any] = ContextVar("vivace_current_route", default=None)


def effective_route(scope: Scope, route: T) -> T:
    """``route`` as it is where the request found it: inside an inclusion, perhaps."""
    found = scope.get(KEY)
    if isinstance(found, dict):
        effective = found.get(EFFECTIVE)
        if effective is not None and getattr(effective, "_original", None) is getattr(
            route, "_original", None
        ):
            return effective  # type: ignore[no-any-return]
    return route
