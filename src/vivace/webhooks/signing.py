"""Secrets and signatures (Standard Webhooks, "Signature scheme").

Signatures are made by the library of the standard. Its own check is of one secret and five minutes;
what is checked here is the same, with several secrets and any tolerance, in constant time.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from secrets import token_bytes

from standardwebhooks import Webhook

PREFIX = "whsec_"
#: Bytes of a secret, of those that are made and those that are taken.
SIZE = 32
SHORTEST, LONGEST = 24, 64

#: No full stop: it separates what is signed.
_ID = re.compile(r"[\x21-\x2d\x2f-\x7e]{1,255}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
#: Signatures that are looked at: no rotation needs as many.
MOST_SIGNATURES = 20


class InvalidSignature(Exception):
    """A message that was not signed with any of the secrets, or not lately."""


def new_secret() -> str:
    """A secret: 256 random bits, as ``whsec_...``."""
    return PREFIX + base64.b64encode(token_bytes(SIZE)).decode()


def check_secret(secret: str) -> str:
    """``secret``, where it is one.

    Raises:
        ValueError: It is none. It is not in the message.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(
            f"A secret of webhooks is {PREFIX} and {SHORTEST} to {LONGEST} bytes in Base64. "
            'Make one with `python -c "import vivace.webhooks as w; print(w.new_secret())"`.'
        )
    return secret


def sign(secrets: Iterable[str], id: str, at: datetime, body: str) -> dict[str, str]:
    """The header fields of a message, with a signature for each secret."""
    signatures = " ".join(Webhook(secret).sign(id, at, body) for secret in secrets)
    return {
        "webhook-id": id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signatures,
    }


class Verifier:
    """Checks signatures.

    Args:
        secrets: Those that count.
        tolerance: How many seconds a message may be old, or ahead of the clock here.

    Raises:
        ValueError: A secret is none, or there is none.
    """

    def __init__(self, secrets: str | Sequence[str], tolerance: float) -> None:
        given = [secrets] if isinstance(secrets, str) else list(secrets)
        if not given:
            raise ValueError("At least one secret is needed to check signatures with.")
        self._signers = [Webhook(check_secret(secret)) for secret in given]
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
        sent_at = datetime.fromtimestamp(int(timestamp), UTC)
        given = signatures.split(" ", MOST_SIGNATURES)[:MOST_SIGNATURES]
        offered = [signature.encode() for signature in given]
        expected = [signer.sign(id, sent_at, text).encode() for signer in self._signers]
        # All are compared, whichever fits.
        found = [hmac.compare_digest(mine, one) for mine in expected for one in offered]
        if not any(found):
            raise InvalidSignature


__all__ = ["InvalidSignature", "Verifier", "check_secret", "new_secret", "sign"]
