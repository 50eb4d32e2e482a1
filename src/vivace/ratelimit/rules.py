"""Rules: how much is allowed in how long, and how that is counted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from limits import RateLimitItem, parse_many

#: How the time is cut that a rule counts in:
#:
#: ``fixed``
#:     A window begins with the first request, and the next one with the first after its end. It
#:     costs least to count; around the end of a window twice as much may pass in a short time.
#: ``sliding``
#:     The window reaches back from each request, so that in no window whatever more passes. Each
#:     request is remembered until it has left the window.
#: ``token``
#:     A bucket of tokens, full at first, of which each request takes some; it fills up evenly.
Window = Literal["fixed", "sliding", "token"]


@dataclass(frozen=True, slots=True)
class Rule:
    """So much in so long."""

    item: RateLimitItem
    window: Window
    #: What clients know it by.
    name: str
    #: The name as a String (RFC 9651, section 3.3.3).
    quoted: str
    #: The item of ``RateLimit-Policy``, which is the same in every response.
    policy: str
    #: What it counts, whatever its name.
    measure: str

    @property
    def quota(self) -> int:
        """How much may pass."""
        return self.item.amount

    @property
    def seconds(self) -> int:
        """In how long."""
        return self.item.get_expiry()

    def __str__(self) -> str:
        return f"{self.quota} per {_span(self.item, ' ')}"


@lru_cache(maxsize=1024)
def parse_rules(text: str, window: Window, name: str | None = None) -> tuple[Rule, ...]:
    """The rules of ``text``, that of the shortest time first.

    Args:
        text: Rules as ``"5/second"`` or ``"100 per 2 hours"``, with ``;`` between several.
        window: How all of them count.
        name: What clients know them by; by default, what they say.

    Raises:
        ValueError: This is none.
    """
    if window not in get_args(Window):
        raise ValueError(f"window={window!r} is none of {', '.join(get_args(Window))}.")
    try:
        items = sorted(parse_many(text), key=RateLimitItem.get_expiry)
    except ValueError:
        raise ValueError(
            f"{text!r} is no rate limit. Write a number and a unit from second to year, as in "
            '"5/second" or "100 per 2 hours", with ";" between several.'
        ) from None
    for item in items:
        if item.amount < 1:
            raise ValueError(f"{text!r} lets nothing pass. A rate limit begins with 1.")
    return tuple(_rule(item, window, name, is_alone=len(items) == 1) for item in items)


def _rule(item: RateLimitItem, window: Window, name: str | None, *, is_alone: bool) -> Rule:
    span = _span(item, "-")
    if name is None:
        name = f"{item.amount}/{span}"
    elif not is_alone:
        name = f"{name}-{span}"
    string, quota, seconds = _quoted(name), item.amount, item.get_expiry()
    policy = f"{string};q={quota};w={seconds}"
    return Rule(item, window, name, string, policy, f"{window}/{quota}/{seconds}")


def _span(item: RateLimitItem, between: str) -> str:
    unit = item.GRANULARITY.name
    return unit if item.multiples == 1 else f"{item.multiples}{between}{unit}s"


def _quoted(name: str) -> str:
    if not (name.isascii() and name.isprintable()):
        raise ValueError(f"The name {name!r} goes into a header: take printable ASCII.")
    # RFC 9651, section 4.1.6.
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


__all__ = ["Rule", "Window", "parse_rules"]
