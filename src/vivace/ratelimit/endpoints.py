"""Endpoints that are limited by a decorator."""

from __future__ import annotations

import inspect
from functools import wraps
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

from vivace.endpoint_decorators import check_order, signature_of_endpoint

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
    check_order(endpoint, written_in, "limiter.limit")
    signature = signature_of_endpoint(endpoint)
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


__all__ = ["limited", "limits_on"]
