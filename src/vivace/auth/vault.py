"""What is derived from the app's secret, and from values that only a client has."""

from __future__ import annotations

from hashlib import sha256
from secrets import token_urlsafe

from vivace.vault import Vault


def new_token() -> str:
    """What a client is given to prove itself with: 256 random bits."""
    return token_urlsafe(32)


def digest(token: str) -> str:
    """The SHA-256 of a long random value: what is kept of it.

    Nothing slower is called for, as nobody can try all values.
    """
    return sha256(token.encode()).hexdigest()


__all__ = ["Vault", "digest", "new_token"]
