"""Types that annotations of programs share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from starlette.types import ASGIApp, Lifespan, Message, Receive, Scope, Send

#: Which fields to keep or to leave out, as pydantic takes it.
IncEx: TypeAlias = set[int] | set[str] | dict[int, Any] | dict[str, Any]

#: A function that a decorator gives back unchanged.
DecoratedCallable = TypeVar("DecoratedCallable", bound=Callable[..., Any])

__all__ = [
    "ASGIApp",
    "DecoratedCallable",
    "IncEx",
    "Lifespan",
    "Message",
    "Receive",
    "Scope",
    "Send",
]
