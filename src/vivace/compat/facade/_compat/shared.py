"""The installed pydantic's version."""

from __future__ import annotations

from pydantic import VERSION

PYDANTIC_VERSION_MINOR_TUPLE = tuple(int(number) for number in VERSION.split(".")[:2])

__all__ = ["PYDANTIC_VERSION_MINOR_TUPLE"]
