"""Limits on the size of a request's body (413 Content Too Large, RFC 9110, section 15.5.14).

The limit of a route is the innermost one declared: on the route, its router, the inclusion of
that router, the routers around it, the app; :func:`innermost` picks it when routes are built.
It is applied in two ways.

- A compiled handler is the last to decide about a body. Where its route has a limit, it calls
  :func:`limit_body` first and reads through the ``receive`` that comes back. A body that is
  announced as too large is refused before it is read and before a dependency runs.
- What is opaque may read the body itself, or hold a route with another limit, and is wrapped
  in :class:`BodyLimitMiddleware`: a mount or a Starlette route with the limit it inherits, where
  it inherits one; the stack of user middleware, inside ``ServerErrorMiddleware``, with the app's
  limit or ``None``. An app without user middleware needs nothing around it.

Both find a limit that is already active through the scope and replace it rather than count
the same bytes twice: so a route may allow more than its app does. Starlette's own limits
(``Route(max_body_size=...)``, ``Starlette(max_body_size=...)``) take part in this.

WebSockets and lifespans have no body. Without a limit, a request pays nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Starlette's key for the limit that is active. It has no public name there: were it to change,
# Starlette's limits and these would each still hold, but neither could raise the other.
ACTIVE_LIMIT = "starlette._body_limit_responder"


class ContentTooLarge(HTTPException):
    """The body of the request is larger than its route allows."""

    def __init__(self) -> None:
        super().__init__(status_code=413, detail="Content Too Large")


def check_body_limit(limit: object) -> int | None:
    """Return ``limit``, a size in bytes, or ``None`` for no limit.

    Raises:
        ValueError: it is neither ``None`` nor a non-negative integer.
    """
    if limit is None:
        return None
    # ``bool`` is a subclass of ``int``, and ``True`` is no size.
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        raise ValueError(f"max_body_size={limit!r} is not a non-negative integer or None.")
    return limit


def innermost(*limits: int | None) -> int | None:
    """The first of ``limits``, given from the inside out, that is set."""
    return next((limit for limit in limits if limit is not None), None)


def limit_body(scope: Scope, receive: Receive, limit: int) -> Receive:
    """A ``receive`` through which at most ``limit`` bytes of the body can be read.

    It raises :class:`ContentTooLarge` with the first chunk that makes the body larger than
    that, whatever Content-Length says.

    Raises:
        ContentTooLarge: Content-Length is above the limit, or middleware has already read
            more than the limit.
    """
    if content_length(scope) > limit:
        raise ContentTooLarge
    active: ActiveLimit | None = scope.get(ACTIVE_LIMIT)
    if active is None:
        return _counting(receive, limit)
    _replace(active, limit)
    return _unwrapping(receive)


def _counting(receive: Receive, limit: int) -> Receive:
    received = 0

    async def receive_limited() -> Message:
        nonlocal received
        message = await receive()
        if message["type"] == "http.request":
            received += len(message.get("body", b""))
            if received > limit:
                raise ContentTooLarge
        return message

    return receive_limited


def _unwrapping(receive: Receive) -> Receive:
    """``receive`` as it was before ``BaseHTTPMiddleware`` put it into a task group."""

    async def receive_unwrapped() -> Message:
        try:
            return await receive()
        except ExceptionGroup as group:
            error = content_too_large(group)
            if error is None:
                raise
            raise error from None

    return receive_unwrapped


def content_too_large(error: BaseException) -> ContentTooLarge | None:
    """The refusal of a body which is all that ``error`` is: by itself, or alone in a group."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error if isinstance(error, ContentTooLarge) else None


def content_length(scope: Scope) -> int:
    """Content-Length in bytes (RFC 9110, section 8.6); 0 where it is missing or malformed."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            try:
                return int(value)
            except ValueError:
                return 0
    return 0


class ActiveLimit:
    """The limit of a request that may still be replaced further in.

    Starlette's limits look for these two attributes in what they find active.
    """

    __slots__ = ("_announced", "_receive", "max_body_size", "total_size")

    def __init__(self, scope: Scope, receive: Receive, limit: int) -> None:
        self.max_body_size = limit
        self.total_size = 0
        self._announced = content_length(scope)
        self._receive = receive

    async def receive(self) -> Message:
        if self._announced > self.max_body_size:
            raise ContentTooLarge
        message = await self._receive()
        if message["type"] == "http.request":
            self.total_size += len(message.get("body", b""))
            if self.total_size > self.max_body_size:
                raise ContentTooLarge
        return message


def _replace(active: ActiveLimit, limit: int) -> None:
    active.max_body_size = limit
    if active.total_size > limit:
        raise ContentTooLarge


class BodyLimitMiddleware:
    """Limit the body that ``app`` may read, unless something inside sets another limit.

    It also answers where user middleware reads too much: no exception handler is around that.

    Args:
        limit: A size in bytes; ``None`` keeps the limit of the app this one is mounted in.
    """

    def __init__(self, app: ASGIApp, limit: int | None) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif ACTIVE_LIMIT in scope:
            await self._answer(scope, receive, send)
        elif self.limit is None:
            await self.app(scope, receive, send)
        else:
            active = scope[ACTIVE_LIMIT] = ActiveLimit(scope, receive, self.limit)
            try:
                await self._answer(scope, active.receive, send)
            finally:
                # A scope that is used again would carry a limit that counts nothing.
                del scope[ACTIVE_LIMIT]

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def note_start(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            if self.limit is not None:
                _replace(scope[ACTIVE_LIMIT], self.limit)
            await self.app(scope, receive, note_start)
        except Exception as error:
            if started or not _is_refusal(error):
                raise
            response = JSONResponse({"detail": "Content Too Large"}, status_code=413)
            await response(scope, receive, send)


def _is_refusal(error: Exception) -> bool:
    # Starlette's limits have a class of their own for it, which is private.
    is_starlettes = isinstance(error, HTTPException) and error.status_code == 413
    return is_starlettes or content_too_large(error) is not None
