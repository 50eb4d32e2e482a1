"""Signatures of messages, made and checked (Standard Webhooks, "Signature scheme").

Those with HMAC (``v1``) are made by the library of the standard. Its own check is of one secret and
five minutes; what is checked here is the same, with several secrets and any tolerance, in constant
time. Those with Ed25519 (``v1a``, RFC 8032) it does not have: these are made and checked by
cryptography.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature as NotOfThisKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook

from vivace.webhooks.keys import (
    PRIVATE,
    PUBLIC,
    check_verifying,
    read_private_key,
    read_public_key,
)

#: No full stop: it separates what is signed.
_ID = re.compile(r"[\x21-\x2d\x2f-\x7e]{1,255}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
#: Signatures that are looked at: no rotation needs as many. Those with Ed25519 take longer, each.
MOST_SIGNATURES = 20
MOST_ASYMMETRIC = 5
ASYMMETRIC = "v1a,"


class InvalidSignature(Exception):
    """A message that was not signed with any of the secrets, or not lately."""


def sign(secrets: Iterable[str], id: str, at: datetime, body: str) -> dict[str, str]:
    """The header fields of a message, with a signature for each secret."""
    return {
        "webhook-id": id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(_signature(secret, id, at, body) for secret in secrets),
    }


def _signature(secret: str, id: str, at: datetime, body: str) -> str:
    if not secret.startswith(PRIVATE):
        return Webhook(secret).sign(id, at, body)
    made = read_private_key(secret).sign(f"{id}.{int(at.timestamp())}.{body}".encode())
    return ASYMMETRIC + base64.b64encode(made).decode()


class Verifier:
    """Checks signatures.

    Args:
        secrets: Those that count, as ``whsec_...``, and public keys, as ``whpk_...``.
        tolerance: How many seconds a message may be old, or ahead of the clock here.

    Raises:
        ValueError: A secret is none, or there is none.
    """

    def __init__(self, secrets: str | Sequence[str], tolerance: float) -> None:
        given = [secrets] if isinstance(secrets, str) else list(secrets or ())
        if not given:
            raise ValueError("At least one secret is needed to check signatures with.")
        for secret in given:
            check_verifying(secret)
        self._keys = [read_public_key(one) for one in given if one.startswith(PUBLIC)]
        self._signers = [Webhook(one) for one in given if not one.startswith(PUBLIC)]
        self._tolerance = tolerance

    def verify(self, id: str, timestamp: str, signatures: str, body: bytes, now: datetime) -> None:
        """See that a message is as it was signed.

        Raises:
            InvalidSignature: It is not. Why is not said.
        """
        if not _ID.fullmatch(id) or not _TIMESTAMP.fullmatch(timestamp):
            raise InvalidSignature
        if abs(now.timestamp() - int(timestamp)) > self._tolerance:
            raise InvalidSignature
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise InvalidSignature from None
        offered = signatures.split(" ", MOST_SIGNATURES)[:MOST_SIGNATURES]
        sent_at = datetime.fromtimestamp(int(timestamp), UTC)
        if not self._is_of_a_secret(offered, id, sent_at, text) and not self._is_of_a_key(
            offered, f"{id}.{timestamp}.".encode() + body
        ):
            raise InvalidSignature

    def _is_of_a_secret(self, offered: Sequence[str], id: str, at: datetime, text: str) -> bool:
        given = [signature.encode() for signature in offered]
        expected = [signer.sign(id, at, text).encode() for signer in self._signers]
        # All are compared, whichever fits.
        found = [hmac.compare_digest(mine, one) for mine in expected for one in given]
        return any(found)

    def _is_of_a_key(self, offered: Sequence[str], signed: bytes) -> bool:
        written = [one.removeprefix(ASYMMETRIC) for one in offered if one.startswith(ASYMMETRIC)]
        return any(
            _verifies(key, signature, signed)
            for signature in written[:MOST_ASYMMETRIC]
            for key in self._keys
        )


def _verifies(key: Ed25519PublicKey, written: str, signed: bytes) -> bool:
    try:
        key.verify(base64.b64decode(written, validate=True), signed)
    except (NotOfThisKey, binascii.Error, ValueError):
        return False
    return True


__all__ = ["InvalidSignature", "Verifier", "sign"]
