"""Values that pydantic takes and databases do not, or not all of them."""

from __future__ import annotations

from base64 import b64encode
from binascii import Error as NotBase64, a2b_base64
from datetime import UTC, datetime, time
from math import isfinite
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema


def check_text(value: Any) -> Any:
    """Refuse a NUL, which PostgreSQL does not keep. What is no text is let through."""
    if isinstance(value, str) and "\0" in value:
        raise ValueError("has a NUL character")
    return value


def check_json(value: Any) -> Any:
    """Refuse what no JSON type of a database takes: a NUL in a text, and numbers that are none."""
    match value:
        case str():
            check_text(value)
        case float() if not isfinite(value):
            raise ValueError("has a number that JSON does not have")
        case list():
            for item in value:
                check_json(item)
        case dict():
            for name, item in value.items():
                check_text(name)
                check_json(item)
    return value


def check_uuid_text(value: str) -> str:
    """The canonical text of a UUID (RFC 9562, section 4)."""
    return str(UUID(value))


def check_naive(value: time) -> time:
    if value.tzinfo is not None:
        raise ValueError("should not have a time zone")
    return value


def as_utc(value: datetime) -> datetime:
    """The same time in UTC, in which one without a time zone is taken to be."""
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is out of range") from None


def _decode(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return a2b_base64(value.encode("ascii"), strict_mode=True)
    except (NotBase64, UnicodeEncodeError):
        raise ValueError("is not Base64") from None


def _encode(value: bytes) -> str:
    return b64encode(value).decode()


#: Bytes, which are Base64 in JSON (RFC 4648, section 4).
Base64 = Annotated[
    bytes,
    BeforeValidator(_decode),
    PlainSerializer(_encode, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "contentEncoding": "base64"}),
]


__all__ = ["Base64", "as_utc", "check_json", "check_naive", "check_text", "check_uuid_text"]
