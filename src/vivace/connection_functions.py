"""Functions of a connection that are given to batteries, and become dependencies."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from vivace import Depends
from vivace.requests import HTTPConnection


def as_dependency(function: Any) -> Any:
    """A declaration by which a dependency gets what ``function`` returns.

    Args:
        function: A function with one parameter and no annotation, which gets the connection; any
            other callable that can be a dependency; or a declaration, as ``auth.user``.

    Raises:
        TypeError: It cannot be called.
    """
    if hasattr(function, "dependency"):
        return function
    if not callable(function):
        raise TypeError(f"{function!r} cannot be called. Give a function of the connection.")
    name = _bare_parameter(function)
    return Depends(function if name is None else _annotated(function, name))


def _bare_parameter(function: Callable[..., Any]) -> str | None:
    """The name of the one parameter of ``function``, if nothing is said of it."""
    empty = inspect.Parameter.empty
    match list(inspect.signature(function).parameters.values()):
        case [only] if only.annotation is empty and only.default is empty:
            return only.name
    return None


def _annotated(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """``function`` with an annotation, without which its parameter would be one of the query."""

    @wraps(function)
    def annotated(**connection: Any) -> Any:
        return function(*connection.values())

    kind = inspect.Parameter.KEYWORD_ONLY
    parameter = inspect.Parameter(name, kind, annotation=HTTPConnection)
    annotated.__signature__ = inspect.Signature([parameter])  # type: ignore[attr-defined]
    return annotated


def by_user(auth: Any) -> Any:
    """The user who is signed in; 401 where nobody is.

    Args:
        auth: The :class:`vivace.auth.Auth` of the app.
    """

    async def user_id(principal: Any = auth.principal) -> str:
        return str(principal.user.id)

    return user_id


__all__ = ["as_dependency", "by_user"]
