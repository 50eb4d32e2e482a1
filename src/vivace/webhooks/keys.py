"""Secrets and keys as they are written (Standard Webhooks, "Signature scheme").

``whsec_`` is a secret that both sides have, of signatures ``v1``. Of signatures ``v1a`` the sender
has a private key of Ed25519, ``whsk_``, and receivers its public key, ``whpk_``.
"""

from __future__ import annotations

import base64
import binascii
from secrets import token_bytes
from typing import Literal, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

#: Which signatures a message has, by the identifiers of the standard.
SignatureVersion: TypeAlias = Literal["v1", "v1a"]

SECRET, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"
#: Bytes of a secret, of those that are made and those that are taken.
SIZE = 32
SHORTEST, LONGEST = 24, 64
#: Bytes of a key of Ed25519. Some write the public key behind the private one.
KEY_SIZE = 32


def new_secret(signature: SignatureVersion = "v1") -> str:
    """256 random bits to sign with: a secret, ``whsec_...``; for ``"v1a"`` a key, ``whsk_...``.

    Raises:
        ValueError: There are no such signatures.
    """
    if signature not in ("v1", "v1a"):
        raise ValueError(f"There are signatures 'v1' and 'v1a', and not {signature!r}.")
    prefix = SECRET if signature == "v1" else PRIVATE
    return prefix + base64.b64encode(token_bytes(SIZE)).decode()


def public_key(secret: str) -> str:
    """What receivers verify ``v1a`` with, as ``whpk_...``.

    Args:
        secret: The private key, as ``whsk_...``.

    Raises:
        ValueError: It is none. It is not in the message.
    """
    made = read_private_key(secret).public_key()
    return PUBLIC + base64.b64encode(made.public_bytes_raw()).decode()


def verified_by(secret: str) -> str:
    """What the receiver is given: the secret, or the public key where there is one."""
    return public_key(secret) if secret.startswith(PRIVATE) else secret


def version_of(secret: str) -> SignatureVersion:
    """Which signatures are made with ``secret``."""
    return "v1a" if secret.startswith(PRIVATE) else "v1"


def check_secret(secret: str) -> str:
    """``secret``, where messages can be signed with it.

    Raises:
        ValueError: They cannot. It is not in the message.
    """
    if secret.startswith(PRIVATE):
        read_private_key(secret)
        return secret
    if not _is_shared_secret(secret):
        raise ValueError(
            f"A secret of webhooks is {SECRET} and {SHORTEST} to {LONGEST} bytes in Base64, or, "
            f"for signatures with Ed25519, {PRIVATE} and {KEY_SIZE}. Make one with "
            '`python -c "import vivace.webhooks as w; print(w.new_secret())"`.'
        )
    return secret


def check_verifying(secret: str) -> str:
    """``secret``, where messages can be verified with it: ``whsec_...``, or ``whpk_...``.

    Raises:
        ValueError: They cannot. It is not in the message.
    """
    if secret.startswith(PRIVATE):
        raise ValueError(
            f"{PRIVATE}... is the key that the sender alone has. To check signatures, give its "
            f"public key, {PUBLIC}...: vivace.webhooks.public_key() has it of the other."
        )
    if secret.startswith(PUBLIC):
        read_public_key(secret)
    elif not _is_shared_secret(secret):
        raise ValueError(
            f"Messages are verified with the secret that the sender has given, {SECRET} and "
            f"{SHORTEST} to {LONGEST} bytes in Base64, or with its public key, {PUBLIC}..."
        )
    return secret


def _is_shared_secret(secret: str) -> bool:
    key = _decoded(secret, SECRET)
    return key is not None and SHORTEST <= len(key) <= LONGEST


def read_private_key(secret: str) -> Ed25519PrivateKey:
    """The key of ``whsk_...``.

    Raises:
        ValueError: It is none.
    """
    written = _decoded(secret, PRIVATE)
    if written is not None and len(written) in (KEY_SIZE, 2 * KEY_SIZE):
        key = Ed25519PrivateKey.from_private_bytes(written[:KEY_SIZE])
        if written[KEY_SIZE:] in (b"", key.public_key().public_bytes_raw()):
            return key
    raise ValueError(
        f"A private key of webhooks is {PRIVATE} and {KEY_SIZE} bytes in Base64. Make one with "
        "`python -c \"import vivace.webhooks as w; print(w.new_secret('v1a'))\"`."
    )


def read_public_key(text: str) -> Ed25519PublicKey:
    """The key of ``whpk_...``.

    Raises:
        ValueError: It is none.
    """
    written = _decoded(text, PUBLIC)
    if written is None or len(written) != KEY_SIZE:
        raise ValueError(
            f"A public key of webhooks is {PUBLIC} and {KEY_SIZE} bytes in Base64. The sender "
            "has it of its private key, by vivace.webhooks.public_key()."
        )
    return Ed25519PublicKey.from_public_bytes(written)


def _decoded(text: str, prefix: str) -> bytes | None:
    if not text.startswith(prefix):
        return None
    try:
        return base64.b64decode(text.removeprefix(prefix), validate=True)
    except (binascii.Error, ValueError):
        return None


__all__ = [
    "PRIVATE",
    "PUBLIC",
    "SignatureVersion",
    "check_secret",
    "check_verifying",
    "new_secret",
    "public_key",
    "read_private_key",
    "read_public_key",
    "verified_by",
    "version_of",
]
