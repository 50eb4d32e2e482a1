"""An id for each request, that its log records, its response and its problems have in common."""

from __future__ import annotations

import logging
import re
import secrets
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from typing import Annotated

from vivace import Depends
from vivace.problems import problem_members
from vivace.requests import HTTPConnection
from vivace.types import ASGIApp, Message, Receive, Scope, Send

#: The key in the scope.
SCOPE_KEY = "vivace.request_id"

#: What an id of others may be made of: no white space, no control characters, and not long.
VALID = re.compile(r"[A-Za-z0-9._~+/=:@-]{1,128}")

#: The messages whose headers are those of the response; a WebSocket has one too.
STARTS = frozenset({"http.response.start", "websocket.http.response.start", "websocket.accept"})

_current: ContextVar[str | None] = ContextVar("vivace_request_id", default=None)


def get_request_id() -> str | None:
    """The id of the request that is being answered; ``None`` outside of one."""
    return _current.get()


async def read_request_id(connection: HTTPConnection) -> str:
    """The id of the request, as a dependency; see :data:`RequestId`.

    Raises:
        RuntimeError: The app has no :class:`RequestIdMiddleware`.
    """
    found: str | None = connection.scope.get(SCOPE_KEY)
    if found is None:
        raise RuntimeError(
            "Nothing gives requests an id: call app.add_middleware(RequestIdMiddleware)."
        )
    return found


#: The type of a parameter that gets the id of the request.
RequestId = Annotated[str, Depends(read_request_id)]


def is_valid(value: str) -> bool:
    """Whether an id that comes from outside is taken, unless the app says otherwise."""
    return VALID.fullmatch(value) is not None


def make_uuid4() -> str:
    """A UUID of random bits (RFC 9562, section 5.4)."""
    return str(uuid.uuid4())


def make_uuid7() -> str:
    """A UUID that sorts by time (RFC 9562, section 5.7), in milliseconds; the rest is random."""
    bits = (time.time_ns() // 1_000_000 & (1 << 48) - 1) << 80 | secrets.randbits(80)
    bits = bits & ~(0xF << 76) | 0x7 << 76
    bits = bits & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=bits))


class RequestIdMiddleware:
    """Gives each request and each WebSocket an id.

    It is the one that came with the request, where that is trusted and valid, or a new one. It
    stands in the response under the same header, in the scope under ``"vivace.request_id"``, in
    :func:`get_request_id`, and in problem details as the member ``request_id``.

    Args:
        app: What comes next.
        header: The header, of requests and responses.
        trust: Whether ids of others are taken; or a function of the connection that says it.
        validate: Says of an id of others whether it is valid; by default, 1 to 128 letters, digits
            and ``._~+/=:@-`` are. What it lets pass stands in logs and headers: characters that
            are no visible ones of ASCII are never taken.
        make: Makes an id: :func:`make_uuid4`, :func:`make_uuid7`, or any function.

    Raises:
        ValueError: ``header`` is no name of a field.
    """

    #: Errors are raised again as they are.
    passes_errors = True

    def __init__(
        self,
        app: ASGIApp,
        *,
        header: str = "X-Request-ID",
        trust: bool | Callable[[HTTPConnection], bool] = True,
        validate: Callable[[str], bool] = is_valid,
        make: Callable[[], str] = make_uuid4,
    ) -> None:
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", header):
            raise ValueError(f"header={header!r} is no name of a field (RFC 9110, section 5.1).")
        self.app = app
        self._header = header.lower().encode()
        self._trust = trust
        self._validate = validate
        self._make = make

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # An app that is mounted may have one too: the request has its id by then.
        if scope["type"] not in ("http", "websocket") or SCOPE_KEY in scope:
            await self.app(scope, receive, send)
            return
        id = self._given(scope) or self._make()
        scope[SCOPE_KEY] = id
        before = _current.get()
        members = problem_members.get()
        _current.set(id)
        problem_members.set({**members, "request_id": id})
        await self.app(scope, receive, self._adding(send, id))
        # After an error it stays, so that the server's own record of it has the id.
        _current.set(before)
        problem_members.set(members)

    def _given(self, scope: Scope) -> str | None:
        """The id that came with the request, if it counts."""
        found = [value for name, value in scope["headers"] if name == self._header]
        if len(found) != 1 or not self._trust:
            return None
        value: str = found[0].decode("latin-1")
        if not (value.isascii() and value.isprintable() and " " not in value):
            return None
        if not self._validate(value):
            return None
        if callable(self._trust) and not self._trust(HTTPConnection(scope)):
            return None
        return value

    def _adding(self, send: Send, id: str) -> Send:
        name, value = self._header, id.encode("latin-1")

        async def send_with_id(message: Message) -> None:
            if message["type"] in STARTS:
                # One that the app has copied from elsewhere would be another request's.
                kept = [field for field in message.get("headers", ()) if field[0].lower() != name]
                message = {**message, "headers": [*kept, (name, value)]}
            await send(message)

        return send_with_id


class RequestIdFilter(logging.Filter):
    """Gives log records the attribute ``request_id``; for handlers, with whatever formatter.

    Args:
        missing: What it is outside of requests.
    """

    def __init__(self, missing: str = "-") -> None:
        super().__init__()
        self._missing = missing

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass, with the id of the request that it is made in."""
        if not hasattr(record, "request_id"):
            record.request_id = _current.get() or self._missing
        return True


__all__ = [
    "RequestId",
    "RequestIdFilter",
    "RequestIdMiddleware",
    "get_request_id",
    "make_uuid4",
    "make_uuid7",
    "read_request_id",
]
