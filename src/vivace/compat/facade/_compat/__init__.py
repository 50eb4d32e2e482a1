"""What programs ask of the installed pydantic, and of annotations, by the peer's names."""

from __future__ import annotations

from pydantic_core import PydanticUndefined as Undefined

from .shared import (
    PYDANTIC_VERSION_MINOR_TUPLE,
    is_bytes_sequence_annotation,
    is_uploadfile_sequence_annotation,
)
from .v2 import ModelField

__all__ = [
    "PYDANTIC_VERSION_MINOR_TUPLE",
    "ModelField",
    "Undefined",
    "is_bytes_sequence_annotation",
    "is_uploadfile_sequence_annotation",
]
