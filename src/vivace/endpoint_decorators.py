"""Decorators of endpoints, which stand below that of the route."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable
from types import FrameType
from typing import Any

from vivace import APIRouter, Vivace


def signature_of_endpoint(endpoint: Any) -> inspect.Signature:
    """The signature that a decorator adds parameters to; its types may not exist yet."""
    if sys.version_info >= (3, 14):
        from annotationlib import Format

        return inspect.signature(endpoint, annotation_format=Format.FORWARDREF)
    return inspect.signature(endpoint)


def name_of_endpoint(endpoint: Any) -> str:
    """What it is called in messages."""
    return getattr(endpoint, "__name__", None) or repr(endpoint)


def check_order(endpoint: Any, frame: FrameType, decorator: str) -> None:
    """Refuse a decorator above that of a route, which has taken the endpoint as it was.

    It is looked for where the decorator is written: nothing else tells whether a function is an
    endpoint yet.

    Args:
        frame: Where the decorator is written.
        decorator: What it is called there.

    Raises:
        TypeError: It stands above it.
    """
    for value in (*frame.f_locals.values(), *frame.f_globals.values()):
        # By its type: a proxy says that it is of another class, and may not be ready to say it.
        router = value.router if issubclass(type(value), Vivace) else value
        if issubclass(type(router), APIRouter) and _has(endpoint, router.routes):
            name = name_of_endpoint(endpoint)
            raise TypeError(
                f"{name} is an endpoint already, and the decorator would do nothing. Write it "
                "below that of the route:\n\n"
                f"    @app.get(...)\n    @{decorator}(...)\n    async def {name}(...):"
            )


def _has(endpoint: Any, routes: Iterable[Any]) -> bool:
    return any(getattr(route, "endpoint", None) is endpoint for route in routes)


__all__ = ["check_order", "name_of_endpoint", "signature_of_endpoint"]
