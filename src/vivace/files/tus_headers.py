"""The header fields of tus 1.0, the protocol for resumable uploads (tus.io)."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vivace import Request
from vivace.files.errors import FileError

if TYPE_CHECKING:
    from hashlib import _Hash

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,expiration,checksum,termination"
#: Every answer has it, but those to OPTIONS do not need it.
RESUMABLE: Final = {"Tus-Resumable": VERSION}
CONTENT_TYPE: Final = "application/offset+octet-stream"
#: sha1 is the one that every server has to know; of the bytes of one request only.
ALGORITHMS: Final = ("sha1", "sha256", "sha512")


class MalformedHeader(FileError):
    """400 for a header field of tus that says nothing."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(400, "header_malformed", ("header", field), message)


def check_version(request: Request) -> None:
    """Check that the client speaks this version.

    Raises:
        FileError: 412, with the version that it should speak.
    """
    if request.headers.get("tus-resumable") != VERSION:
        place = ("header", "tus-resumable")
        message = f"This server speaks version {VERSION} of tus"
        raise FileError(412, "version_unknown", place, message, {"Tus-Version": VERSION})


def has_content(request: Request) -> bool:
    """Whether the body is a piece of an upload."""
    return request.headers.get("content-type", "").strip().lower() == CONTENT_TYPE


def read_number(request: Request, field: str) -> int:
    """A header field that is a number of bytes.

    Raises:
        MalformedHeader: It is missing, or no number.
    """
    text = request.headers.get(field, "")
    # As many digits as 2**63 has: more bytes than any file.
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise MalformedHeader(field, "This has to be a number of bytes")
    return int(text)


def read_metadata(text: str) -> dict[str, str]:
    """``Upload-Metadata``: pairs of a name and a value in Base64, between commas.

    Raises:
        MalformedHeader: It is something else.
    """
    found: dict[str, str] = {}
    for pair in text.split(",") if text.strip(" ") else ():
        name, _, value = pair.strip(" ").partition(" ")
        if not name or not name.isascii() or name in found:
            raise MalformedHeader("upload-metadata", "Each value needs a name of its own, in ASCII")
        try:
            found[name] = b64decode(value, validate=True).decode("utf-8", "replace")
        except (Base64Error, ValueError) as error:
            message = f"The value of {name!r} is not in Base64"
            raise MalformedHeader("upload-metadata", message) from error
    return found


@dataclass(frozen=True)
class Checksum:
    """What the bytes of one request should hash to."""

    algorithm: str
    digest: bytes

    def start(self) -> _Hash:
        return hashlib.new(self.algorithm, usedforsecurity=False)


def read_checksum(request: Request) -> Checksum | None:
    """``Upload-Checksum``, where the client sends one.

    Raises:
        MalformedHeader: It is of an algorithm that is not known, or not in Base64.
    """
    text = request.headers.get("upload-checksum")
    if text is None:
        return None
    algorithm, _, value = text.partition(" ")
    if algorithm not in ALGORITHMS:
        raise MalformedHeader("upload-checksum", f"It is one of {', '.join(ALGORITHMS)}")
    try:
        return Checksum(algorithm, b64decode(value, validate=True))
    except (Base64Error, ValueError) as error:
        raise MalformedHeader("upload-checksum", "The checksum is not in Base64") from error


__all__ = [
    "ALGORITHMS",
    "CONTENT_TYPE",
    "EXTENSIONS",
    "RESUMABLE",
    "VERSION",
    "Checksum",
    "MalformedHeader",
    "check_version",
    "has_content",
    "read_checksum",
    "read_metadata",
    "read_number",
]
