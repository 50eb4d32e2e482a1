"""Conditions and ranges of requests for a file (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from werkzeug.http import parse_date, parse_etags, parse_if_range_header, parse_range_header

from vivace import Request
from vivace.files.errors import FileError
from vivace.files.records import StoredFile

#: Each of them is read by itself.
MOST_RANGES: Final = 20


class Range(NamedTuple):
    """Bytes from ``start`` up to ``stop``, which is not included."""

    start: int
    stop: int


def is_unchanged(request: Request, stored: StoredFile) -> bool:
    """Whether the client has the file already, so that 304 is the answer (section 13.2.2).

    Raises:
        FileError: 412, where ``If-Match`` or ``If-Unmodified-Since`` does not hold.
    """
    _check_unmodified(request, stored)
    if given := request.headers.getlist("if-none-match"):
        return parse_etags(", ".join(given)).contains_weak(stored.sha256)
    since = parse_date(request.headers.get("if-modified-since"))
    return since is not None and stored.created_at <= since


def _check_unmodified(request: Request, stored: StoredFile) -> None:
    if given := request.headers.getlist("if-match"):
        holds, field = parse_etags(", ".join(given)).contains(stored.sha256), "if-match"
    else:
        since = parse_date(request.headers.get("if-unmodified-since"))
        holds, field = since is None or stored.created_at <= since, "if-unmodified-since"
    if not holds:
        raise FileError(412, "condition_failed", ("header", field), "The file is another one")


def wanted_ranges(request: Request, stored: StoredFile) -> list[Range]:
    """The parts of the file that are asked for, in order and apart; none for all of it.

    What is no valid field is passed over, as are ranges that overlap, and very many: they cost
    more than the file (section 14.2).

    Raises:
        FileError: 416, where there is nothing in any of the ranges.
    """
    field = request.headers.get("range")
    if request.method != "GET" or field is None or not _is_same(request, stored):
        return []
    parsed = parse_range_header(field)
    if parsed is None or parsed.units != "bytes":
        return []
    found = _within(parsed.ranges, stored.size)
    if not found:
        raise FileError(
            416,
            "no_such_range",
            ("header", "range"),
            f"The file has {stored.size} bytes",
            {"Content-Range": f"bytes */{stored.size}"},
        )
    joined = _joined(found)
    return joined if len(joined) <= MOST_RANGES else []


def _is_same(request: Request, stored: StoredFile) -> bool:
    """Whether ``If-Range`` allows for ranges (section 13.1.5): it takes a strong comparison."""
    field = request.headers.get("if-range")
    if field is None:
        return True
    condition = parse_if_range_header(field)
    if condition.date is not None:
        return condition.date == stored.created_at
    return condition.etag == stored.sha256 and not field.lstrip().startswith(("W/", "w/"))


def _within(ranges: Sequence[tuple[int, int | None]], size: int) -> list[Range]:
    """What there is of ``ranges`` in a file of ``size`` bytes; a negative start is from its end."""
    found = []
    for begin, end in ranges:
        start = max(size + begin, 0) if begin < 0 else begin
        stop = size if end is None else min(end, size)
        if start < stop:
            found.append(Range(start, stop))
    return found


def _joined(ranges: list[Range]) -> list[Range]:
    """``ranges`` in order; those that touch are one, so that no byte is sent twice."""
    joined: list[Range] = []
    for start, stop in sorted(ranges):
        if joined and start <= joined[-1].stop:
            joined[-1] = Range(joined[-1].start, max(stop, joined[-1].stop))
        else:
            joined.append(Range(start, stop))
    return joined


__all__ = ["MOST_RANGES", "Range", "is_unchanged", "wanted_ranges"]
