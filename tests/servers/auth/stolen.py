"""What somebody can make of a database that they have stolen."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

#: In characters: none of the kit's secrets, and no password, is shorter.
SHORTEST = 10
#: In bytes: random values of fewer than 160 bits are nobody's secret.
SMALLEST = 20
#: From text to the bytes that it stands for.
DECODERS: list[Callable[[str], bytes]] = [
    bytes.fromhex,
    lambda text: base64.b64decode(_padded(text), validate=True),
    lambda text: base64.b64decode(_padded(text), altchars=b"-_", validate=True),
]
#: From bytes to text, as tokens, keys and secrets of authenticator apps are written.
ENCODERS: list[Callable[[bytes], str]] = [
    lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
    lambda data: base64.b32encode(data).decode().rstrip("=").lower(),
]


def loot(tables: dict[str, list[dict[str, Any]]]) -> set[str]:
    """Every value of every row, and what it may be a coded form of.

    Args:
        tables: As :meth:`databases.Database.dump` gives them.
    """
    values = {value for rows in tables.values() for row in rows for value in row.values()}
    texts = {text for value in values for text in _texts_in(str(value)) if len(text) >= SHORTEST}
    return texts | {form for text in texts for form in _other_forms(text)}


def _texts_in(value: str) -> Iterator[str]:
    """The value; its elements, where it is a list; its parts, as those of a hash.

    Times are left out, which are many and nobody's secret.
    """
    if _is_time(value):
        return
    yield value
    try:
        found = json.loads(value)
    except ValueError:
        found = None
    if isinstance(found, list):
        yield from map(str, found)
    yield from filter(None, re.split(r"[\s$,=]+", value))


def _is_time(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _other_forms(text: str) -> Iterator[str]:
    """What it stands for, if that is random enough; and the same as the kit would write it."""
    data = _decoded(text)
    if len(data) >= SMALLEST:
        yield data.decode("latin-1")
        yield from (encode(data) for encode in ENCODERS)


def _decoded(text: str) -> bytes:
    for decode in DECODERS:
        try:
            return decode(text)
        except (ValueError, binascii.Error):
            continue
    return b""


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)
