"""What routers and inclusions are given, checked where it is given."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from vivace.analyse.blame import blaming
from vivace.declare.dependencies import check_dependency
from vivace.exceptions import VivaceError
from vivace.serve.inclusion import IncludedRouter
from vivace.serve.paths import check_start, compile_declared
from vivace.serve.route import APIRoute
from vivace.serve.settings import Responses, check_responses

if TYPE_CHECKING:
    from vivace.serve.router import APIRouter


def check_given(given_to: Any, dependencies: Iterable[Any], responses: Responses) -> None:
    """Check what is said of all routes together, which no error of a route would be named after.

    Args:
        given_to: The class or the method that the errors name.

    Raises:
        AssertionError: A dependency is no ``Depends``, or a response no dictionary.
    """
    with blaming(given_to, "dependencies"):
        for dependency in dependencies:
            check_dependency(dependency)
    with blaming(given_to, "responses"):
        check_responses(responses)


def check_options(route_class: type[APIRoute], options: Mapping[str, Any]) -> None:
    """Check that a route takes what is said of it.

    Raises:
        TypeError: It does not. The message names the nearest option that there is.
    """
    if route_class.is_strict:
        for name in ("methods", "tags"):
            check_list(name, options.get(name))
    known = _names_in(route_class.__init__)
    for name in options:
        if known and name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise TypeError(f"A route has no option {name!r}.{hint}")


def check_list(name: str, value: object) -> None:
    """Check that ``value`` is no text, of which each letter would be an item.

    Raises:
        TypeError: It is.
    """
    if isinstance(value, str):
        raise TypeError(f"{name}={value!r} is a text. Give a list: {name}=[{value!r}]")


@lru_cache(maxsize=64)
def _names_in(init: Callable[..., None]) -> frozenset[str]:
    """The names that ``init`` takes; none where it takes any."""
    parameters = inspect.signature(init).parameters.values()
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return frozenset()
    return frozenset(parameter.name for parameter in parameters)


def check_prefix(prefix: str) -> None:
    """Check that paths can be put after ``prefix``.

    Raises:
        AssertionError: It does not start with a slash, or ends with one, or has a parameter that
            cannot be.
        ValueError: Two parameters have the same name.
    """
    assert prefix.startswith("/"), (
        f"A path prefix must start with '/': write {'/' + prefix!r}, not {prefix!r}"
    )
    assert not prefix.endswith("/"), (
        "A path prefix must not end with '/', as the routes will start with '/': write "
        f"{prefix.rstrip('/')!r}, not {prefix!r}"
    )
    compile_declared(prefix)


def check_inclusion(outer: APIRouter, router: APIRouter) -> None:
    """Check that including ``router`` comes to an end.

    Raises:
        AssertionError: It would be included in itself.
    """
    assert outer is not router, (
        "Cannot include the same APIRouter instance into itself. "
        "Did you mean to include a different router?"
    )
    assert not _includes(router, outer), (
        "Cannot include a router that already includes this router: they would never end."
    )


def _includes(router: APIRouter, other: APIRouter) -> bool:
    return any(
        route.router is other or _includes(route.router, other)
        for route in router.routes
        if isinstance(route, IncludedRouter)
    )


def check_paths(router: APIRouter) -> None:
    """Check that the routes of ``router`` have paths without a prefix.

    Raises:
        AssertionError: The path of one does not start with a slash.
        VivaceError: It is empty.
    """
    for route in router.routes:
        if isinstance(route, IncludedRouter):
            # Below a prefix, no path is empty.
            if not route.settings.prefix:
                check_paths(route.router)
        elif isinstance(route, APIRoute):
            with blaming(route.endpoint):
                _check_without_prefix(route)


def _check_without_prefix(route: APIRoute) -> None:
    if route.path == "":
        raise VivaceError(
            f"Prefix and path cannot be both empty (path operation: {route.name}). Give it the "
            "path '/', or give the router or its inclusion a prefix."
        )
    if route.is_strict:
        check_start(route.path)
