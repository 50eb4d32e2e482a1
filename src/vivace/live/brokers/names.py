"""Names of rooms and members: which there may be, and as engines take them."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from urllib.parse import quote_from_bytes

from vivace.live.brokers.protocol import LONGEST_NAME


def name_bytes(name: str) -> bytes:
    """A name in UTF-8.

    Raises:
        ValueError: It is empty, too long, or no text.
    """
    # What surrogates of half a character raise is a ValueError.
    encoded = name.encode()
    if not 0 < len(encoded) <= LONGEST_NAME:
        raise ValueError(
            f"A name of {len(encoded)} bytes in UTF-8; there are 1 to {LONGEST_NAME} of them."
        )
    return encoded


def quoted_name(name: str) -> str:
    """A name as part of a key: without braces, colons, spaces and wildcards."""
    return quote_from_bytes(name_bytes(name), safe="")


def name_token(name: str) -> str:
    """A name as one token of a subject: without dots, spaces and wildcards."""
    return urlsafe_b64encode(name_bytes(name)).decode().rstrip("=")


__all__ = ["name_bytes", "name_token", "quoted_name"]
