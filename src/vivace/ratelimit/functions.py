"""Functions of the connection that say what a limit needs to know, sync or async."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from vivace import Request, WebSocket
from vivace.concurrency import run_in_threadpool
from vivace.requests import HTTPConnection

#: What a parameter that gets the connection is annotated with, where it is at all.
CONNECTIONS = (HTTPConnection, Request, WebSocket)


def of_connection(function: Any) -> Callable[[HTTPConnection], Awaitable[Any]]:
    """``function`` for where there are no dependencies.

    Raises:
        TypeError: It needs more than the connection.
    """
    if hasattr(function, "dependency") or not callable(function) or not _is_simple(function):
        raise TypeError(
            f"{function!r} is to be called before a request has come to its endpoint, when there "
            "are no dependencies. Give a function with one parameter, which gets the connection."
        )
    return partial(call, function)


async def call(function: Any, *arguments: Any) -> Any:
    """What ``function`` returns; in a thread, if it is synchronous."""
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(function.__call__):
        return await function(*arguments)
    return await run_in_threadpool(function, *arguments)


def _is_simple(function: Callable[..., Any]) -> bool:
    parameters = list(inspect.signature(function, eval_str=True).parameters.values())
    if len(parameters) != 1:
        return False
    annotation = parameters[0].annotation
    return annotation is inspect.Parameter.empty or annotation in CONNECTIONS


def name_of(function: Any) -> str:
    """What tells ``function`` apart from others, in every process."""
    call = inspect.unwrap(getattr(function, "dependency", function))
    name = getattr(call, "__qualname__", type(call).__qualname__)
    if name.endswith("<lambda>"):
        name = f"{name}:{call.__code__.co_firstlineno}"
    return f"{call.__module__}.{name}"


def by_api_key(auth: Any) -> Any:
    """Counts by the API key that a request is made with; what comes without one is not counted.

    Args:
        auth: The :class:`vivace.auth.Auth` of the app.
    """

    async def api_key_id(principal: Any = auth.principal) -> str | None:
        return str(principal.credential_id) if principal.method == "api_key" else None

    return api_key_id


__all__ = ["by_api_key", "call", "name_of", "of_connection"]
