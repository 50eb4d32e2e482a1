"""Merging what a user says of a document into what is known of it."""

from __future__ import annotations

from typing import Any


def merge(target: dict[Any, Any], extra: dict[Any, Any]) -> None:
    """Merge ``extra`` into ``target``: dictionaries by key, lists end to end.

    Anything else replaces what stood there. Nothing of ``extra`` is changed later on.
    """
    for key, value in extra.items():
        present = target.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            merge(present, value)
        elif isinstance(present, list) and isinstance(value, list):
            target[key] = present + value
        else:
            target[key] = copied(value)


def copied(value: Any) -> Any:
    """A copy of dictionaries and lists, all the way down."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


__all__ = ["merge"]
