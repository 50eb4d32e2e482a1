"""Exceptions turned into replies."""

from __future__ import annotations

from typing import Any, NoReturn

from starlette._utils import is_async_callable
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope, Send

from vivace.exceptions import ValidationException
from vivace.runtime.body import UNREADABLE
from vivace.runtime.body_limit import content_too_large
from vivace.runtime.threads import run_in_thread
from vivace.websockets import WebSocket

#: Where starlette, and so everything made for it, looks for an app's exception handlers.
HANDLERS = "starlette.exception_handlers"


class TrackedSend:
    """A ``send`` that knows whether the response has begun."""

    __slots__ = ("send", "started")

    def __init__(self, send: Send) -> None:
        self.send = send
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] != "http.response.start":
            await self.send(message)
            return
        self.started = True
        try:
            await self.send(message)
        except Exception:
            raise
        except BaseException:
            # Cancelled while it waited for room to write: nothing has been written.
            self.started = False
            raise


def find_handler(error: Exception, scope: Scope) -> Any:
    """The handler registered for ``error``: by its status code, else by its nearest class."""
    tables: tuple[dict[Any, Any], dict[int, Any]] = scope.get(HANDLERS) or ({}, {})
    by_class, by_status = tables
    if isinstance(error, HTTPException):
        handler = by_status.get(error.status_code)
        if handler is not None:
            return handler
    for cls in type(error).__mro__:
        if cls in by_class:
            return by_class[cls]
    return None


async def answer_error(
    error: Exception,
    scope: Scope,
    receive: Receive,
    send: Send,
    connection: Request | WebSocket | None = None,
) -> None:
    """Send the reply that the app has for ``error``, the response not having begun.

    An error that nobody handles is answered with a plain 500 *here*, inside the middleware, so
    that it carries the headers which the middleware adds, unless some of it may handle the error
    itself; then it is raised, for the server to log. What a handler raises may have a handler as
    well, which is the last that is asked.
    """
    error = content_too_large(error) or error
    if isinstance(error, ClientDisconnect):
        error = HTTPException(status_code=400, detail=UNREADABLE)
    if isinstance(error, ValidationException):
        _place_below_mounts(error, scope)
    handler = find_handler(error, scope)
    if handler is None:
        await _answer_unhandled(error, scope, receive, send)
        raise error
    if connection is None:
        connection = _connection(scope, receive, send)
    tracked = send if isinstance(send, TrackedSend) else TrackedSend(send)
    try:
        await _reply(handler, error, connection, receive, tracked)
    except Exception as fault:
        if tracked.started:
            raise
        # Often an `HTTPException`, in place of an error of another kind.
        another = find_handler(fault, scope)
        if another is None:
            await _answer_unhandled(fault, scope, receive, tracked)
            raise
        await _reply_at_last(another, fault, connection, receive, tracked)
    # An exception that is raised again and again would collect every request's frames.
    error.__traceback__ = None


async def _reply(
    handler: Any,
    error: Exception,
    connection: Request | WebSocket,
    receive: Receive,
    send: TrackedSend,
) -> None:
    response = await invoke_handler(handler, connection, error)
    if response is not None:
        await response(connection.scope, receive, send)


async def _reply_at_last(
    handler: Any,
    error: Exception,
    connection: Request | WebSocket,
    receive: Receive,
    send: TrackedSend,
) -> None:
    try:
        await _reply(handler, error, connection, receive, send)
    except Exception as fault:
        if not send.started:
            await _answer_unhandled(fault, connection.scope, receive, send)
        raise


def _place_below_mounts(error: ValidationException, scope: Scope) -> None:
    """Complete the path of the endpoint, which knows nothing of the mounts above it."""
    mounted = scope.get("root_path", "").removeprefix(scope.get("app_root_path", ""))
    path = error.endpoint_ctx.get("path")
    if mounted and "app_root_path" in scope and path:
        method, _, rest = path.partition(" ")
        error.endpoint_ctx = {**error.endpoint_ctx, "path": f"{method} {mounted}{rest}"}


async def invoke_handler(handler: Any, connection: Request | WebSocket, error: Exception) -> Any:
    """Call an exception handler, which may be synchronous."""
    if is_async_callable(handler):
        return await handler(connection, error)
    return await run_in_thread(lambda: handler(connection, error))


def _connection(scope: Scope, receive: Receive, send: Send) -> Request | WebSocket:
    if scope["type"] == "websocket":
        return WebSocket(scope, receive, send)
    return Request(scope, receive, send)


async def _answer_unhandled(error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
    app = scope.get("app")
    if scope["type"] == "http" and getattr(app, "answers_errors_inside", False):
        await app.answer_unhandled(error, scope, receive, send)  # type: ignore[union-attr]


async def answer_late_error(
    error: Exception,
    scope: Scope,
    receive: Receive,
    send: TrackedSend,
    connection: Request | WebSocket | None = None,
) -> None:
    """As :func:`answer_error`, where the response may have begun: then nothing can be answered."""
    if not send.started:
        await answer_error(error, scope, receive, send, connection)
    else:
        raise_late(error, scope)


def raise_late(error: Exception, scope: Scope) -> NoReturn:
    """Raise an error that comes too late to be answered.

    Raises:
        RuntimeError: There is a handler that would have answered it.
    """
    if find_handler(error, scope) is not None:
        raise RuntimeError("Caught handled exception, but response already started.") from error
    raise error
