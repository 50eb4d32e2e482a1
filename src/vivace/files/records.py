"""What is kept of a file besides its bytes."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import NewType

from pydantic import BaseModel, ConfigDict, Field

from vivace.files.errors import NoSuchFile

#: What a file is known by: 128 random bits in hexadecimal. No name that a client gives is ever
#: part of a path, and nobody comes upon the key of a file by trying.
Key = NewType("Key", str)

_KEY = re.compile(r"[0-9a-f]{32}")


class StoredFile(BaseModel):
    """A file that is in the store, whole; it is never changed."""

    model_config = ConfigDict(frozen=True)

    key: str = Field(description="What it is fetched by.")
    name: str = Field(description="What the client calls it, made safe; it identifies nothing.")
    size: int = Field(description="In bytes.")
    content_type: str = Field(description="The media type, by content (RFC 6838).")
    sha256: str = Field(description="SHA-256 of the content, in hexadecimal.")
    created_at: datetime = Field(description="When it was stored; to the second.")


def make_key() -> Key:
    return Key(secrets.token_hex(16))


def is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


def check_key(key: str) -> Key:
    """``key``, if it can be one.

    Raises:
        NoSuchFile: It cannot.
    """
    if not is_key(key):
        raise NoSuchFile
    return Key(key)


def record_name(key: Key) -> str:
    """The name in the store under which the record of a file is."""
    return f"{key}.json"


def now() -> datetime:
    """The time to the second: HTTP knows no finer one (RFC 9110, section 5.6.7)."""
    return datetime.now(UTC).replace(microsecond=0)


__all__ = ["Key", "StoredFile", "check_key", "is_key", "make_key", "now", "record_name"]
