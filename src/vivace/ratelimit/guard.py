"""The dependency that lets a request pass a limit, or not."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Annotated, Any

from vivace import Depends, Response
from vivace.connection_functions import as_dependency
from vivace.ratelimit.decision import record_of
from vivace.requests import HTTPConnection

if TYPE_CHECKING:
    from vivace.ratelimit.limit import Limit

#: The attribute of a guard that has its limit.
LIMIT = "__rate_limit__"


def make_guard(limit: Limit) -> Any:
    """A dependency for ``limit``, which asks its functions as dependencies."""

    async def rate_limit(connection: HTTPConnection, response: Response, **said: Any) -> None:
        await limit.let_pass(connection, **said)
        record = record_of(connection)
        if not record.is_sent_by_middleware:
            response.headers.update(record.fields())

    annotations: dict[str, Any] = {"connection": HTTPConnection, "response": Response}
    for name, function in limit.functions.items():
        annotations[name] = Annotated[Any, as_dependency(function)]
    guard: Any = rate_limit
    guard.__signature__ = Signature(
        [
            Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation)
            for name, annotation in annotations.items()
        ]
    )
    setattr(guard, LIMIT, limit)
    return Depends(guard)


def limits_among(dependencies: Iterable[Any]) -> tuple[Limit, ...]:
    """The limits whose dependencies are in a list of them."""
    guards = (declared.dependency for declared in dependencies)
    return tuple(getattr(guard, LIMIT) for guard in guards if hasattr(guard, LIMIT))


__all__ = ["limits_among", "make_guard"]
