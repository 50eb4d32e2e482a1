"""Names of files, made safe for any system that they are saved on."""

from __future__ import annotations

import re
import unicodedata

#: In bytes of UTF-8, as most file systems count.
LONGEST = 255
#: For a name of which nothing is left.
NAMELESS = "file"

_FORBIDDEN = re.compile(r'[<>:"|?*]')
#: Names that are devices on Windows, with any extension.
_DEVICE = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³]) *(\.|$)", re.IGNORECASE)
#: Control, format, surrogate, private and unassigned characters: some turn around what is read.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def safe_name(name: str) -> str:
    """``name`` without what could be a path, could not be saved, or would mislead who reads it.

    The last part of a path, in Unicode's form C, without control and format characters; no name of
    a device of Windows; at most 255 bytes in UTF-8, with its extension. Safe names stay as they
    are.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    seen = "".join(one for one in last if unicodedata.category(one) not in _INVISIBLE)
    clean = " ".join(_FORBIDDEN.sub("_", seen).split()).strip(". ")
    if _DEVICE.match(clean):
        clean = f"_{clean}"
    # A cut may leave something at the end that is not safe there.
    return _shorten(clean).strip(". ") or NAMELESS


def _shorten(name: str) -> str:
    if len(name.encode()) <= LONGEST:
        return name
    stem, dot, extension = name.rpartition(".")
    end = f"{dot}{extension}"
    if not stem or len(end.encode()) > 32:
        stem, end = name, ""
    return _cut(stem, LONGEST - len(end.encode())).rstrip(". ") + end


def _cut(text: str, size: int) -> str:
    return text.encode()[:size].decode(errors="ignore")


__all__ = ["LONGEST", "NAMELESS", "safe_name"]
