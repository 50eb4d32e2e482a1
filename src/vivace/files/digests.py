"""Digests of bodies (RFC 9530): what the client says is checked, and what is stored is said."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import http_sf

from vivace import Request
from vivace.files.errors import DigestMismatch, FileError

if TYPE_CHECKING:
    from hashlib import _Hash

_FIELDS = ("content-digest", "repr-digest")
#: The active ones of the registry (RFC 9530, section 5); what else there is is not secure.
_ALGORITHMS = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}


class BodyDigests:
    """The digests that a request has for its body.

    Without a ``Content-Encoding``, which no upload may have, the content of a request and the
    representation in it are the same bytes. Of a form it is all of the form, not one file in it.
    Algorithms that are not known are passed over, as section 2 allows.

    Raises:
        FileError: 400 for a field that is malformed.
    """

    def __init__(self, request: Request) -> None:
        self._expected: list[tuple[str, str, bytes]] = []
        self._hashes: dict[str, _Hash] = {}
        for field in _FIELDS:
            for algorithm, digest in _read_field(field, request.headers.getlist(field)):
                self._expected.append((field, algorithm, digest))
                self._hashes[algorithm] = _ALGORITHMS[algorithm](usedforsecurity=False)

    def update(self, chunk: bytes) -> None:
        for one in self._hashes.values():
            one.update(chunk)

    def check(self) -> None:
        """Called when all of the body has been read.

        Raises:
            DigestMismatch: One of the digests is of other bytes.
        """
        for field, algorithm, digest in self._expected:
            if self._hashes[algorithm].digest() != digest:
                raise DigestMismatch(("header", field), algorithm)


def _read_field(field: str, lines: list[str]) -> Iterable[tuple[str, bytes]]:
    if not lines:
        return
    members: Any
    try:
        members = http_sf.parse(", ".join(lines).encode("latin-1"), tltype="dictionary")
    except http_sf.StructuredFieldError as error:
        message = "This is no dictionary of digests, as sha-256=:...: (RFC 9530, section 2)"
        raise FileError(400, "digest_malformed", ("header", field), message) from error
    for algorithm, (digest, _) in members.items():
        if algorithm in _ALGORITHMS:
            if not isinstance(digest, bytes):
                message = f"The {algorithm} is not between colons, in Base64"
                raise FileError(400, "digest_malformed", ("header", field), message)
            yield algorithm, digest


def digest_field(sha256: str) -> str:
    """The value of ``Repr-Digest`` for a content with this hash, which is in hexadecimal."""
    return http_sf.ser({"sha-256": bytes.fromhex(sha256)})


__all__ = ["BodyDigests", "digest_field"]
