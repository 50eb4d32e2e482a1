"""Query strings and cookies, read as WHATWG URL section 5 and RFC 6265 section 5.4 have them."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, ImmutableMultiDict, QueryParams
from starlette.requests import cookie_parser

#: More pairs than any honest client sends; each costs time, so that the rest is refused unread.
MAX_FIELDS = 10_000


def last_values(query_string: bytes) -> dict[str, str]:
    """The last value of each name in a query string, percent-decoded.

    Equal to ``dict(QueryParams(query_string))``; a string without escapes, as most are, is only
    split.
    """
    if not query_string:
        return {}
    text = query_string.decode("latin-1")
    if "%" in text or "+" in text:
        return dict(parse_qsl(text, keep_blank_values=True))
    values = {}
    for pair in text.split("&"):
        name, equals, value = pair.partition("=")
        if equals or name:
            values[name] = value
    return values


def all_values(query_string: bytes) -> QueryParams:
    """Every value of each name in a query string."""
    return QueryParams(query_string)


def first_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The first value of each header, by its lower-case name."""
    return dict(reversed(list(headers)))


def all_headers(headers: list[tuple[bytes, bytes]]) -> Headers:
    return Headers(raw=headers)


def cookies(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The cookies of a request, of all its ``Cookie`` headers together (RFC 9113 section 8.2.3)."""
    values = [value.decode("latin-1") for name, value in headers if name == b"cookie"]
    return cookie_parser("; ".join(values)) if values else {}


def cookie_values(headers: Iterable[tuple[bytes, bytes]]) -> ImmutableMultiDict[str, str]:
    return ImmutableMultiDict(cookies(headers))
