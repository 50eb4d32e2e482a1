"""Limits on a whole app, and the fields of all its responses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from starlette.datastructures import MutableHeaders

from vivace import HTTPException, Request, WebSocket, WebSocketException
from vivace.ratelimit.decision import Record, record_of
from vivace.ratelimit.functions import call, of_connection
from vivace.ratelimit.limit import Limit
from vivace.requests import HTTPConnection
from vivace.types import ASGIApp, Message, Receive, Scope, Send

#: The messages whose headers are those of the response; a WebSocket has one too.
STARTS = ("http.response.start", "websocket.http.response.start", "websocket.accept")

#: Lets a connection pass, or raises what refuses it.
Gate = Callable[[HTTPConnection], Awaitable[None]]


class RateLimitMiddleware:
    """Counts every request to an app, also those that no route is for, before it is routed.

    It adds the fields of all limits to responses, whatever they are made of.
    :meth:`vivace.ratelimit.Limiter.install` puts it into an app.

    Args:
        app: What is limited.
        gates: What :func:`make_gate` has made of the limits.
    """

    def __init__(self, app: ASGIApp, *, gates: Sequence[Gate] = ()) -> None:
        self.app = app
        self._gates = gates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        connection = _connection(scope, receive, send)
        record = record_of(connection)
        if not record.is_sent_by_middleware:
            record.is_sent_by_middleware = True
            send = _adding_fields(send, record)
        error = await _refused(self._gates, connection)
        if error is None:
            await self.app(scope, receive, send)
        else:
            await _answer(error, connection, receive, send)


def make_gate(limit: Limit) -> Gate:
    """A gate that counts all requests to an app together, unless ``limit`` has a scope.

    Raises:
        TypeError: A function of the limit needs more than the connection.
    """
    functions = {name: of_connection(function) for name, function in limit.functions.items()}

    async def gate(connection: HTTPConnection) -> None:
        said = {name: await ask(connection) for name, ask in functions.items()}
        await limit.let_pass(connection, **said, whole_app=True)

    return gate


async def _refused(gates: Iterable[Gate], connection: HTTPConnection) -> Any:
    """What one of ``gates`` raises to refuse the connection."""
    try:
        for gate in gates:
            await gate(connection)
    except (HTTPException, WebSocketException) as error:
        return error
    return None


async def _answer(
    error: HTTPException | WebSocketException,
    connection: HTTPConnection,
    receive: Receive,
    send: Send,
) -> None:
    """Answer as the app would inside of its middleware."""
    if isinstance(error, WebSocketException):
        await send({"type": "websocket.close", "code": error.code, "reason": error.reason})
        return
    handlers = connection.app.exception_handlers
    kinds = (error.status_code, *type(error).__mro__)
    handler = next(handlers[kind] for kind in kinds if kind in handlers)
    response = await call(handler, connection, error)
    await response(connection.scope, receive, send)


def _connection(scope: Scope, receive: Receive, send: Send) -> HTTPConnection:
    if scope["type"] == "websocket":
        return WebSocket(scope, receive, send)
    return Request(scope)


def _adding_fields(send: Send, record: Record) -> Send:
    """``send``, adding the fields to the headers of the response which are not there yet."""

    async def adding(message: Message) -> None:
        if message["type"] in STARTS:
            headers = MutableHeaders(raw=[*message.get("headers", ())])
            for name, value in record.fields().items():
                headers.setdefault(name, value)
            message = {**message, "headers": headers.raw}
        await send(message)

    return adding


__all__ = ["RateLimitMiddleware", "make_gate"]
