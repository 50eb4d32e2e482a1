"""What endpoints say of the versions that they are in.

The marks are on the functions, so that any router may have them, and in any order with its own
decorators: they are read when the app starts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeVar

from vivace.exceptions import VivaceError
from vivace.versioning.deprecation import Deprecation

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

MARKS = "__vivace_versions__"


@dataclass(frozen=True)
class Marks:
    """What is said of one function."""

    since: str | None = None
    until: str | None = None
    deprecation: Deprecation | None = None


NO_MARKS = Marks()


def since(version: str) -> Callable[[Endpoint], Endpoint]:
    """Put the decorated endpoint into ``version`` and those that follow."""
    return _marking("since", version)


def until(version: str) -> Callable[[Endpoint], Endpoint]:
    """Keep the decorated endpoint out of ``version`` and those that follow."""
    return _marking("until", version)


def deprecated(
    *,
    since: date,
    sunset: date | None = None,
    info: str | None = None,
    policy: str | None = None,
    successor: str | None = None,
    gone: bool = False,
) -> Callable[[Endpoint], Endpoint]:
    """Tell clients that the decorated endpoint is deprecated; see :class:`Deprecation`."""
    return _marking(
        "deprecation",
        Deprecation(
            since=since, sunset=sunset, info=info, policy=policy, successor=successor, gone=gone
        ),
    )


def marks_of(endpoint: Any) -> Marks:
    """What is said of ``endpoint``: nothing, as a rule."""
    marks: Marks = getattr(endpoint, MARKS, NO_MARKS)
    return marks


def _marking(name: str, value: Any) -> Callable[[Endpoint], Endpoint]:
    def mark(endpoint: Endpoint) -> Endpoint:
        marks = marks_of(endpoint)
        if getattr(marks, name) is not None:
            raise VivaceError(f"{describe(endpoint)} is marked with `{name}` twice.")
        try:
            setattr(endpoint, MARKS, replace(marks, **{name: value}))
        except AttributeError:
            raise VivaceError(
                f"{describe(endpoint)} cannot be marked, as it is no function: mark the function "
                "that it is made of."
            ) from None
        return endpoint

    return mark


def describe(endpoint: Any) -> str:
    """How an error names a function."""
    name = getattr(endpoint, "__qualname__", None) or type(endpoint).__qualname__
    return f"{getattr(endpoint, '__module__', None)}.{name}"


__all__ = ["NO_MARKS", "Endpoint", "Marks", "deprecated", "describe", "marks_of", "since", "until"]
