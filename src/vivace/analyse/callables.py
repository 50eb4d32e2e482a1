"""What kind of callable a function is, and so how it has to be called."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from vivace.analyse.inplace import NO_INSTANCES, cannot_block
from vivace.analyse.plan import Calling, Parameter

if sys.version_info >= (3, 13):
    from inspect import iscoroutinefunction
else:
    # asyncio's also knows the marker that decorated and compiled functions set.
    from asyncio import iscoroutinefunction


def calling_of(
    call: Callable[..., Any],
    parameters: Iterable[Parameter] = (),
    instances: Mapping[str, type] = NO_INSTANCES,
) -> Calling:
    """How ``call`` has to be called.

    Args:
        parameters: What the request fills of it.
        instances: The parameters that dependencies fill with instances of known classes.
    """
    kind = special_calling(call)
    if kind is not None:
        return kind
    return Calling.INLINE if cannot_block(call, parameters, instances) else Calling.THREAD


def special_calling(call: Callable[..., Any]) -> Calling | None:
    """How a coroutine function or a generator has to be called; ``None`` for a plain function.

    Decorators made with :func:`functools.wraps` are looked through, as are partials and
    objects with ``__call__``.
    """
    for layer in _layers(call):
        if inspect.isasyncgenfunction(layer):
            return Calling.ASYNC_GENERATOR
        if inspect.isgeneratorfunction(layer):
            return Calling.GENERATOR
        if iscoroutinefunction(layer):
            return Calling.COROUTINE
    return None


def _layers(call: Callable[..., Any]) -> Iterator[Any]:
    """``call`` and what it wraps: first what is called, then what stands behind it."""
    for layer in _chain(call):
        yield layer
        if inspect.isclass(layer):
            continue
        method = getattr(layer, "__call__", None)  # noqa: B004 - the method itself is wanted
        if method is not None and not inspect.isroutine(layer):
            yield from _chain(method)


def _chain(call: Any) -> list[Any]:
    """``call`` and all that it wraps, the outermost first."""
    wrappers: list[Any] = []
    innermost = inspect.unwrap(_without_partial(call), stop=wrappers.append)
    return [_without_partial(layer) for layer in (*wrappers, innermost)]


def _without_partial(call: Any) -> Any:
    while isinstance(call, partial):
        call = call.func
    return call
