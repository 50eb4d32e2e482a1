"""The installed pydantic's version, and questions about annotations."""

from __future__ import annotations

from typing import Any

from pydantic import VERSION

from vivace.analyse.annotations import is_bytes, is_file, is_sequence

PYDANTIC_VERSION_MINOR_TUPLE = tuple(int(number) for number in VERSION.split(".")[:2])


def is_bytes_sequence_annotation(annotation: Any) -> bool:
    return is_sequence(annotation) and is_bytes(annotation)


def is_uploadfile_sequence_annotation(annotation: Any) -> bool:
    return is_sequence(annotation) and is_file(annotation)


__all__ = [
    "PYDANTIC_VERSION_MINOR_TUPLE",
    "is_bytes_sequence_annotation",
    "is_uploadfile_sequence_annotation",
]
