"""The header ``Idempotency-Key``."""

from __future__ import annotations

import re
from typing import Final

from vivace.datastructures import Headers
from vivace.idempotency.errors import InvalidKey

HEADER: Final = "Idempotency-Key"

#: No longer one is needed, and each is kept.
LONGEST_KEY: Final = 255

#: A string (RFC 8941, section 3.3.3), as the draft has it, and what clients send without quotes.
_STRING = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_BARE = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~:/=@-]+")
_ESCAPED = re.compile(r"\\(.)")


def key_in(headers: Headers) -> str | None:
    """The key of a request; ``None`` where it has none.

    A key in quotes is the same as without them.

    Raises:
        InvalidKey: It is none, there are several, or it is too long.
    """
    given = headers.getlist(HEADER)
    if not given:
        return None
    if len(given) > 1:
        raise InvalidKey("There are several")
    return parse_key(given[0])


def parse_key(text: str) -> str:
    """The key that a header says.

    Raises:
        InvalidKey: It is none, or too long.
    """
    text = text.strip(" \t")
    # Each character of a string may be escaped, and two quotes are around it.
    if len(text) > 2 * LONGEST_KEY + 2:
        raise InvalidKey(f"It is longer than {LONGEST_KEY} characters")
    string = _STRING.fullmatch(text)
    key = _ESCAPED.sub(r"\1", string[1]) if string else text
    if not key or not (string or _BARE.fullmatch(text)):
        raise InvalidKey(
            'It has to be a string in quotes, as "8e03978e-40d5-43e8-bc93-6894a57f9324"'
        )
    if len(key) > LONGEST_KEY:
        raise InvalidKey(f"It is longer than {LONGEST_KEY} characters")
    return key


__all__ = ["HEADER", "LONGEST_KEY", "key_in", "parse_key"]
