"""The versions that an ``Accept`` header asks for (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Callable
from email.message import Message
from functools import lru_cache
from urllib.request import parse_http_list

from vivace.versioning.ways import PLACE, ByAccept

#: A header that is longer is read each time: browsers and clients send short ones.
LONGEST_REMEMBERED = 512

Reader = Callable[[str], "tuple[str | None, ...]"]


def accept_reader(way: ByAccept) -> Reader:
    """What reads an ``Accept`` header: the versions in its media ranges, the most wanted first.

    ``None`` stands for a range that leaves the version open.
    """
    read = _by_type(way.media_type) if way.media_type else _by_parameter(way.parameter)

    def versions(accept: str) -> tuple[str | None, ...]:
        ranges = [_media_range(text) for text in parse_http_list(accept)]
        ranges.sort(key=_quality, reverse=True)
        return tuple(read(each) for each in ranges if _quality(each) > 0)

    remembering = lru_cache(maxsize=512)(versions)
    return lambda accept: (
        remembering(accept) if len(accept) <= LONGEST_REMEMBERED else versions(accept)
    )


def _media_range(text: str) -> dict[str, str]:
    """The parameters of a media range by name, and the type itself as ``""``."""
    message = Message()
    message["Content-Type"] = text
    try:
        (kind, _), *parameters = message.get_params([("", "")])
    except TypeError:
        # Parts of a value in the syntax of RFC 2231, with and without a number.
        return {"": text.partition(";")[0].strip().lower()}
    # Values in the syntax of RFC 2231 are tuples. There are none in this header.
    found = {name.lower(): value for name, value in parameters if isinstance(value, str)}
    return {**found, "": kind.lower()}


def _quality(media_range: dict[str, str]) -> float:
    """How much it is wanted (RFC 9110, section 12.4.2); what is no number counts as 1."""
    try:
        quality = float(media_range.get("q", "1"))
    except ValueError:
        return 1.0
    return min(max(quality, 0.0), 1.0) if quality == quality else 1.0


def _by_parameter(parameter: str) -> Callable[[dict[str, str]], str | None]:
    name = parameter.lower()
    return lambda media_range: media_range.get(name)


def _by_type(media_type: str) -> Callable[[dict[str, str]], str | None]:
    before, _, after = media_type.lower().partition(PLACE)

    def read(media_range: dict[str, str]) -> str | None:
        kind = media_range[""]
        if len(kind) < len(before) + len(after):
            return None
        if not (kind.startswith(before) and kind.endswith(after)):
            return None
        return kind[len(before) : len(kind) - len(after)]

    return read


__all__ = ["accept_reader"]
