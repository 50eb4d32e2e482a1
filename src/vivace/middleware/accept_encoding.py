"""Which content coding a client wants (RFC 9110, section 12.5.3)."""

from __future__ import annotations

import re
from functools import lru_cache

IDENTITY = "identity"

#: One element of the list; the weight is that of section 12.4.2.
_ELEMENT = re.compile(
    r"[ \t]*(?P<coding>[!#$%&'*+.^_`|~0-9A-Za-z-]+)"
    r"(?:[ \t]*;[ \t]*[qQ]=(?P<weight>0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?[ \t]*"
)

#: A list of more than these is no browser's.
MOST_ELEMENTS = 32

#: What is longer is read each time: clients fill no memory.
LONGEST_REMEMBERED = 256


def parse_accept_encoding(value: str) -> dict[str, float]:
    """The weights of codings, from 0 to 1, in lower case; what is malformed is left out."""
    weights: dict[str, float] = {}
    for element in value.split(",", MOST_ELEMENTS)[:MOST_ELEMENTS]:
        found = _ELEMENT.fullmatch(element)
        if found:
            coding = found["coding"].lower()
            # They are to be treated as one (section 8.4.1.3).
            coding = "gzip" if coding == "x-gzip" else coding
            weights.setdefault(coding, float(found["weight"] or 1))
    return weights


def choose_coding(value: str | None, codings: tuple[str, ...]) -> tuple[str | None, bool]:
    """The coding for a response, and whether it may go without one.

    Args:
        value: The field; ``None`` where there is none, and any coding would do, so that the
            response goes without.
        codings: Those that there are, the ones that are preferred first; ``"identity"`` is not
            among them.

    Returns:
        One of ``codings``; ``"identity"`` where the response had better go without; ``None`` where
        nothing that there is will do. Then, whether ``"identity"`` will do.
    """
    if value is None:
        return IDENTITY, True
    return (_choose if len(value) <= LONGEST_REMEMBERED else _choose.__wrapped__)(value, codings)


@lru_cache(maxsize=512)
def _choose(value: str, codings: tuple[str, ...]) -> tuple[str | None, bool]:
    weights = parse_accept_encoding(value)
    others = weights.get("*", 0.0)
    best, best_weight = None, 0.0
    for coding in codings:
        weight = weights.get(coding, others)
        if weight > best_weight:
            best, best_weight = coding, weight
    # It needs no mention to do; but one that it has is meant.
    plain = weights.get(IDENTITY, weights.get("*"))
    may_be_plain = plain is None or plain > 0
    if best is None:
        return (IDENTITY if may_be_plain else None), may_be_plain
    if weights.get(IDENTITY, 0.0) > best_weight:
        return IDENTITY, True
    return best, may_be_plain


__all__ = ["IDENTITY", "choose_coding", "parse_accept_encoding"]
