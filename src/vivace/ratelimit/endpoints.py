"""Endpoints that are limited by a decorator."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable
from functools import wraps
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

from vivace import APIRouter, Vivace

if TYPE_CHECKING:
    from vivace.ratelimit.limit import Limit

#: The attribute of a limited endpoint that has its limits.
LIMITS = "__rate_limits__"


def limited(endpoint: Any, limit: Limit, written_in: FrameType) -> Any:
    """``endpoint`` with one parameter more, which the dependency of ``limit`` fills.

    It is the first one, so that what is refused makes no other dependency. Called by itself, as in
    tests, the endpoint is not limited.

    Args:
        written_in: Where the decorator is.

    Raises:
        TypeError: The endpoint has been registered already, and without the limit.
    """
    if not callable(endpoint):
        raise TypeError(f"{endpoint!r} is no function, and so no endpoint that can be limited.")
    _check_order(endpoint, written_in)
    signature = _signature(endpoint)
    name = "rate_limit"
    while name in signature.parameters:
        name += "_"

    @wraps(endpoint)
    def passed(*args: Any, **kwargs: Any) -> Any:
        kwargs.pop(name, None)
        return endpoint(*args, **kwargs)

    parameter = inspect.Parameter(
        name,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        annotation=Annotated[None, limit.dependency],
    )
    parameters = [parameter, *signature.parameters.values()]
    passed.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    setattr(passed, LIMITS, (limit, *limits_on(endpoint)))
    return passed


def limits_on(endpoint: Any) -> tuple[Limit, ...]:
    """The limits that decorators have put on ``endpoint``, the outermost first."""
    found: tuple[Limit, ...] = getattr(endpoint, LIMITS, ())
    return found


def _signature(endpoint: Any) -> inspect.Signature:
    if sys.version_info >= (3, 14):
        from annotationlib import Format

        # Types may be named that do not exist yet.
        return inspect.signature(endpoint, annotation_format=Format.FORWARDREF)
    return inspect.signature(endpoint)


def _check_order(endpoint: Any, frame: FrameType) -> None:
    """Refuse a decorator above that of a route, which has taken the endpoint as it was.

    It is looked for where the decorator is written: nothing else tells whether a function is an
    endpoint yet.
    """
    for value in (*frame.f_locals.values(), *frame.f_globals.values()):
        # By its type: a proxy says that it is of another class, and may not be ready to say it.
        router = value.router if issubclass(type(value), Vivace) else value
        if issubclass(type(router), APIRouter) and _has(endpoint, router.routes):
            name = getattr(endpoint, "__name__", repr(endpoint))
            raise TypeError(
                f"{name} is an endpoint already, and the limit would do nothing. Write the "
                "decorator of the limit below that of the route:\n\n"
                f"    @app.get(...)\n    @limiter.limit(...)\n    async def {name}(...):"
            )


def _has(endpoint: Any, routes: Iterable[Any]) -> bool:
    return any(getattr(route, "endpoint", None) is endpoint for route in routes)


__all__ = ["limited", "limits_on"]
