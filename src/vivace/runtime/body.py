"""The body of a request: received, and parsed when it says that it is JSON."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic_core import from_json
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from vivace.exceptions import RequestValidationError

UNREADABLE = "There was an error parsing the body"


async def read_body(receive: Receive) -> bytes:
    """The whole body.

    Raises:
        ClientDisconnect: The client went away before it had sent all of it.
    """
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        return message.get("body", b"")  # type: ignore[no-any-return]
    chunks = []
    while True:
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)
        message = await receive()


def content_type(headers: list[tuple[bytes, bytes]]) -> bytes | None:
    """The value of the first Content-Type header (RFC 9110 section 8.3)."""
    for name, value in headers:
        if name == b"content-type":
            return value
    return None


def is_json(value: bytes | None, *, strict: bool) -> bool:
    """True for ``application/json`` and ``application/*+json`` (RFC 8259, RFC 6839).

    Without a content type the body counts as JSON unless ``strict``: a browser sends such a
    request across origins without asking first.
    """
    if value == b"application/json":
        return True
    if value is None:
        return not strict
    media_type = value.split(b";", 1)[0].strip().lower()
    main, _, subtype = media_type.partition(b"/")
    return main == b"application" and (subtype == b"json" or subtype.endswith(b"+json"))


def parse_json(body: bytes, endpoint_context: Any = None) -> Any:
    """The value that a JSON text stands for (RFC 8259).

    Whatever is returned can be written as JSON again: text that holds half a surrogate pair is
    refused (RFC 7493, section 2.1), and so is nesting of more than some 200 levels.

    Raises:
        RequestValidationError: It is no JSON; the location says at which character.
        HTTPException: 400, where it cannot even be decoded; the detail says where.
    """
    try:
        return from_json(body)
    except ValueError:
        return _parse_slowly(body, endpoint_context)


#: An escape, the whole pair where there is one (RFC 8259, section 7); ``lone`` is half of one.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<lone>u[dD][89a-fA-F]..)|.)", re.DOTALL
)


def _parse_slowly(body: bytes, endpoint_context: Any) -> Any:
    """Parse what the quick parser refused: other encodings, or a text with an error to report."""
    try:
        text = body.decode(json.detect_encoding(body))
    except UnicodeDecodeError as error:
        raise _unreadable(f"{error.reason} at byte {error.start}") from error
    try:
        json.loads(text)
        lone = next((match for match in _ESCAPE.finditer(text) if match["lone"]), None)
        if lone is not None:
            raise json.JSONDecodeError("Lone surrogate", text, lone.start())
        return from_json(text.encode())
    except json.JSONDecodeError as error:
        raise RequestValidationError(
            [
                {
                    "type": "json_invalid",
                    "loc": ("body", error.pos),
                    "msg": "JSON decode error",
                    "input": {},
                    "ctx": {"error": error.msg},
                }
            ],
            body=error.doc,
            endpoint_ctx=endpoint_context,
        ) from error
    except (ValueError, RecursionError) as error:
        raise _unreadable(_limit_exceeded(text) or str(error)) from error


def _unreadable(reason: str) -> HTTPException:
    return HTTPException(status_code=400, detail=f"{UNREADABLE}: {reason}")


def _limit_exceeded(text: str) -> str | None:
    """Which limit of the parser ``text`` exceeds, with the line and the column."""
    try:
        from_json(text.encode())
    except ValueError as error:
        return str(error)
    return None
