"""The media type of a file, by its first bytes and nothing else.

Names and ``Content-Type`` are what a client says. What a browser does with a file follows from its
bytes, and so does what is found here. Whatever is readable text is ``text/plain``, be it HTML, SVG
or a program: so it is served, and so no browser runs it.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase

import filetype

from vivace.files.errors import Place, TypeNotAllowed

#: So many of the first bytes decide, at most: the longest signature is that of a tar archive.
HEAD = 8192

TEXT = "text/plain"
UNKNOWN = "application/octet-stream"

#: Signatures that stand in readable text. A text that begins with another one, as BM for a bitmap,
#: is a text: formats of bytes have bytes that no text has.
_READABLE = frozenset({"application/pdf", "application/postscript", "application/rtf"})
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\f\r\x1b") | {127}
_KNOWN = frozenset(kind.mime for kind in filetype.types) | {TEXT, UNKNOWN}


def detect(head: bytes) -> str:
    """The media type of a file that begins with ``head``, its first :data:`HEAD` bytes or all."""
    head = head[:HEAD]
    kind = filetype.guess(head) if head else None
    found: str = UNKNOWN if kind is None else kind.mime
    if _is_text(head) and found not in _READABLE:
        return TEXT
    return found


def _is_text(head: bytes) -> bool:
    if not _CONTROLS.isdisjoint(head):
        return False
    try:
        # The last character may be cut off.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


class TypeLimit:
    """The media types that are taken.

    Args:
        allowed: Types, or ranges of them as ``image/*``; ``None`` for any.

    Raises:
        ValueError: One of them is never found by content.
    """

    def __init__(self, allowed: Iterable[str] | None) -> None:
        if isinstance(allowed, str):
            raise ValueError(f"types={allowed!r} has to be a list, as [{allowed!r}].")
        self.allowed = None if allowed is None else tuple(one.lower() for one in allowed)
        if self.allowed == ():
            raise ValueError("types=[] takes nothing; None takes any type.")
        for one in self.allowed or ():
            if not any(fnmatchcase(known, one) for known in _KNOWN):
                raise ValueError(_unknown(one))

    def check(self, head: bytes, place: Place) -> str:
        """The type of a file that begins with ``head``.

        Raises:
            TypeNotAllowed: It is none of those that are taken.
        """
        found = detect(head)
        if self.allowed is None or any(fnmatchcase(found, one) for one in self.allowed):
            return found
        raise TypeNotAllowed(place, found, self.allowed)


def _unknown(given: str) -> str:
    close = get_close_matches(given, _KNOWN, n=1)
    hint = f" Is {close[0]!r} meant?" if close else ""
    return (
        f"types: no content is known to be {given!r}.{hint} Formats that are readable text, as "
        f"JSON, CSV, HTML and SVG, are all {TEXT!r}."
    )


__all__ = ["HEAD", "TEXT", "UNKNOWN", "TypeLimit", "detect"]
