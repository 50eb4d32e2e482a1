"""Query strings, headers and cookies, taken apart once for all parameters that come from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl

from starlette.requests import cookie_parser

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

T = TypeVar("T")


def last_values(query_string: bytes) -> dict[str, str]:
    """The last value of each name in a query string (WHATWG URL, section 5.1).

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
        if pair:
            name, _, value = pair.partition("=")
            values[name] = value
    return values


def all_values(query_string: bytes) -> dict[str, list[str]]:
    """Every value of each name in a query string, in order (WHATWG URL, section 5.1)."""
    if not query_string:
        return {}
    text = query_string.decode("latin-1")
    if "%" in text or "+" in text:
        return grouped(parse_qsl(text, keep_blank_values=True))
    parts = (pair.partition("=") for pair in text.split("&") if pair)
    return grouped((name, value) for name, _, value in parts)


def last_of(values: Mapping[str, list[T]]) -> dict[str, T]:
    """The last of the values of each name."""
    return {name: several[-1] for name, several in values.items()}


def first_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The first value of each header, by its lower-case name."""
    return dict(reversed(list(headers)))


def all_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, list[str]]:
    """Every value of each header, by its lower-case name (RFC 9110, section 5.2)."""
    return grouped((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


def grouped(pairs: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    """The values of each name, in order."""
    values: dict[str, list[T]] = {}
    for name, value in pairs:
        if name in values:
            values[name].append(value)
        else:
            values[name] = [value]
    return values


def cookies(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The cookies of a request, of all its ``Cookie`` headers (RFC 9113, section 8.2.3)."""
    values = [value.decode("latin-1") for name, value in headers if name == b"cookie"]
    return cookie_parser("; ".join(values)) if values else {}
