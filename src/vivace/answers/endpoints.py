"""Endpoints with something around them that runs after their dependencies."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from functools import wraps
from typing import Annotated, Any

from vivace.concurrency import run_in_threadpool
from vivace.endpoint_decorators import name_of_endpoint, signature_of_endpoint
from vivace.types import Scope

Run = Callable[[], Awaitable[Any]]
#: Gets what the dependency has made, the arguments of the endpoint, and what calls it.
Around = Callable[[Any, dict[str, Any], Run], Awaitable[Any]]


def around(endpoint: Any, dependency: Any, call: Around) -> Any:
    """``endpoint`` with one parameter more, which ``dependency`` fills.

    What is around it runs when all dependencies have been made: who may not ask is refused before.
    Called by itself, as in tests, the endpoint is what it was.

    Raises:
        TypeError: It is no function, or one that yields its answer.
    """
    if not callable(endpoint):
        raise TypeError(f"{endpoint!r} is no function, and so no endpoint.")
    if inspect.isgeneratorfunction(endpoint) or inspect.isasyncgenfunction(endpoint):
        raise TypeError(
            f"{name_of_endpoint(endpoint)} yields its answer piece by piece, and so there is no "
            "whole one to keep. Let it return, or have it do without."
        )
    signature = signature_of_endpoint(endpoint)
    name = "answered_by"
    while name in signature.parameters:
        name += "_"

    @wraps(endpoint)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        async def run() -> Any:
            if is_async:
                return await endpoint(*args, **kwargs)
            result = await run_in_threadpool(endpoint, *args, **kwargs)
            return await result if inspect.isawaitable(result) else result

        if name not in kwargs:
            return await run()
        return await call(kwargs.pop(name), kwargs, run)

    is_async = _is_async(endpoint)
    parameter = inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[Any, dependency]
    )
    wrapped.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=_with(parameter, signature.parameters.values())
    )
    return wrapped


def _is_async(endpoint: Any) -> bool:
    """Whether it returns what is to be awaited: also a decorator's that only passes it on."""
    called = inspect.unwrap(endpoint)
    return inspect.iscoroutinefunction(called) or inspect.iscoroutinefunction(
        getattr(called, "__call__", None)  # noqa: B004 - its kind is asked for
    )


def _with(
    parameter: inspect.Parameter, others: Iterable[inspect.Parameter]
) -> list[inspect.Parameter]:
    """``parameter`` where one that has to be named may stand: before ``**kwargs``."""
    before = [one for one in others if one.kind is not inspect.Parameter.VAR_KEYWORD]
    return [*before, parameter, *(one for one in others if one not in before)]


def parameters_of(endpoint: Any) -> list[str]:
    """The names of the parameters of an endpoint; none of what is no function."""
    return list(signature_of_endpoint(endpoint).parameters) if callable(endpoint) else []


def place_of(endpoint: Any) -> str:
    """What tells an endpoint apart from others, in every process."""
    function = inspect.unwrap(endpoint)
    return f"{function.__module__}.{getattr(function, '__qualname__', type(function).__qualname__)}"


def variant_of(scope: Scope) -> str:
    """What tells an endpoint apart from those of one place, method and path, if there are any.

    One factory may have made those of several versions of an API.
    """
    variant: str = getattr(scope.get("route"), "variant", "")
    return variant


__all__ = ["Around", "Run", "around", "parameters_of", "place_of", "variant_of"]
