"""Defaults that can be told apart from values that a user gave."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")


class DefaultPlaceholder:
    """A default value that was not chosen by the user.

    Settings are inherited from the application to a router to a route. A placeholder marks a
    level that chose nothing, which ``None`` cannot do where ``None`` is itself a choice.
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __bool__(self) -> bool:
        return bool(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DefaultPlaceholder) and self.value == other.value

    # Equal placeholders may hold values that cannot be hashed.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Default({self.value!r})"


def Default(value: T) -> T:
    """Mark ``value`` as a default. Type checkers see the value's own type."""
    return DefaultPlaceholder(value)  # type: ignore[return-value]


def value_or_default(first: Any, *extra: Any) -> Any:
    """The first item that the user chose, else the first placeholder.

    Items are given from the most specific level to the most general one.
    """
    for item in (first, *extra):
        if not isinstance(item, DefaultPlaceholder):
            return item
    return first


__all__ = ["Default", "DefaultPlaceholder", "value_or_default"]
