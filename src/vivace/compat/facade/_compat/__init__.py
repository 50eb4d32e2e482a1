"""What programs ask of the installed pydantic by the peer's names."""

from __future__ import annotations

from pydantic_core import PydanticUndefined as Undefined

from .shared import PYDANTIC_VERSION_MINOR_TUPLE

__all__ = ["PYDANTIC_VERSION_MINOR_TUPLE", "Undefined"]
