"""Middleware that is a function of the request, or of the WebSocket, and of what comes next."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, get_type_hints

from starlette.exceptions import HTTPException, WebSocketException
from starlette.websockets import WebSocket as StarletteWebSocket

from vivace import Request, Response, WebSocket
from vivace.concurrency import run_in_threadpool
from vivace.exception_handlers import http_exception_handler
from vivace.middleware.exchange import CallNext, Exchange
from vivace.status import WS_1008_POLICY_VIOLATION
from vivace.types import ASGIApp, Receive, Scope, Send
from vivace.websockets import WebSocketState

#: Runs the app for a WebSocket, until the connection has ended.
CallNextSocket = Callable[[WebSocket], Awaitable[None]]

HTTPFunction = Callable[[Request, CallNext], Awaitable[Response]]
SocketFunction = Callable[[WebSocket, CallNextSocket], Awaitable[None]]

#: Bytes of a body that are kept for the app where a function has read them before it.
REPLAY_LIMIT = 8 * 1024 * 1024


class FunctionMiddleware:
    """Calls a function for each request, or for each WebSocket.

    A function of a :class:`~vivace.Request` is called for requests. It returns the response of
    ``await call_next(request)``, changed or not, or another one; it calls ``call_next`` once or not
    at all. An ``HTTPException`` that it raises is answered as one of an endpoint is. A function of
    a :class:`~vivace.WebSocket`, by its annotation, is called for WebSockets, before they are
    accepted; an ``HTTPException`` or a ``WebSocketException`` of its own refuses them.
    Everything else passes by it.

    Args:
        app: What comes next.
        dispatch: ``async def (request: Request, call_next: CallNext) -> Response``, or ``async def
            (websocket: WebSocket, call_next: CallNextSocket) -> None``.
        replay_limit: Bytes of the body that the function may read when the app reads it too: they
            are kept. Where they are more, reading them raises a 413 (RFC 9110, section 15.5.14).

    Raises:
        TypeError: ``dispatch`` is no such function.
        ValueError: ``replay_limit`` is below 0.
    """

    #: The class itself lets errors pass; whether the function does is seen in its source.
    passes_errors = True
    calls_function = True

    def __init__(
        self,
        app: ASGIApp,
        dispatch: HTTPFunction | SocketFunction,
        *,
        replay_limit: int = REPLAY_LIMIT,
    ) -> None:
        self.app = app
        self.dispatch: Callable[[Any, Any], Awaitable[Any]] = dispatch
        self._scope_type = check_function(dispatch)
        self._name = name_of(dispatch)
        if replay_limit < 0:
            raise ValueError(f"replay_limit={replay_limit} is no number of bytes.")
        self._replay_limit = replay_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != self._scope_type:
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            exchange = Exchange(self._name, self.app, scope, receive, send, self._replay_limit)
            try:
                await exchange.run(self.dispatch)
            except HTTPException as error:
                if not exchange.is_refused_by(error):
                    raise
                response = await _refusal(error, scope, receive)
                await response(scope, receive, send)
        else:
            await self._run_socket(scope, receive, send)

    async def _run_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        is_let_in = False

        async def call_next(websocket: WebSocket) -> None:
            nonlocal is_let_in
            is_let_in = True
            await self.app(websocket.scope, receive, send)

        try:
            await self.dispatch(websocket, call_next)
        except (HTTPException, WebSocketException) as error:
            if is_let_in or websocket.application_state is not WebSocketState.CONNECTING:
                raise
            await _refuse_socket(websocket, error)


async def _refuse_socket(websocket: WebSocket, error: HTTPException | WebSocketException) -> None:
    """End a connection that was not accepted, with a response where the server can send one."""
    if isinstance(error, WebSocketException):
        await websocket.close(error.code, error.reason)
    elif "websocket.http.response" in websocket.scope.get("extensions", {}):
        scope = {**websocket.scope, "type": "http", "method": "GET"}
        response = await _refusal(error, scope, websocket.receive)
        await websocket.send_denial_response(response)
    else:
        # A reason has 123 bytes at most (RFC 6455, section 5.5).
        reason = str(error.detail).encode()[:123].decode(errors="ignore")
        await websocket.close(WS_1008_POLICY_VIOLATION, reason)


async def _refusal(error: HTTPException, scope: Scope, receive: Receive) -> Any:
    """What the app answers to ``error`` where an endpoint raises it."""
    handlers = getattr(scope.get("app"), "exception_handlers", {})
    kinds = (error.status_code, *type(error).__mro__)
    handler = next((handlers[kind] for kind in kinds if kind in handlers), http_exception_handler)
    request = Request(scope, receive)
    if _is_async(handler):
        return await handler(request, error)
    return await run_in_threadpool(handler, request, error)


def check_function(function: Any, scope_type: str | None = None) -> str:
    """The type of scope that a middleware is for: ``"http"`` or ``"websocket"``.

    Args:
        scope_type: The one that it is registered for.

    Raises:
        TypeError: It is not ``async def``, does not take two arguments, or is for another type.
    """
    name = name_of(function)
    form = "async def middleware(request: Request, call_next: CallNext) -> Response"
    if not callable(function) or inspect.isclass(function):
        raise TypeError(f"{name} is no middleware function. Write: {form}")
    call = function if inspect.isroutine(function) else getattr(function, "func", function)
    if not _is_async(call):
        raise TypeError(
            f"The middleware {name} is not `async def`, but call_next has to be awaited. "
            f"Write: {form}"
        )
    try:
        inspect.signature(function).bind(None, None)
    except TypeError as error:
        raise TypeError(
            f"The middleware {name} does not take two arguments: {error}. Write: {form}"
        ) from None
    found = "websocket" if _is_for_sockets(function) else "http"
    if scope_type not in (None, found):
        parameter = "request: Request" if scope_type == "http" else "websocket: WebSocket"
        raise TypeError(
            f'{name} is registered with middleware("{scope_type}"), but its first parameter is for '
            f'"{found}". Annotate it as `{parameter}`, or register it with middleware("{found}").'
        )
    return found


def name_of(function: Any) -> str:
    """What errors call it."""
    function = getattr(function, "func", function)
    qualname = getattr(function, "__qualname__", None)
    return f"{function.__module__}.{qualname}" if qualname else repr(function)


def _is_async(call: Any) -> bool:
    return inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(
        getattr(call, "__call__", None)  # noqa: B004  # an object whose __call__ is async def
    )


def _is_for_sockets(function: Any) -> bool:
    """Whether the first parameter is annotated as a WebSocket."""
    first = next(iter(inspect.signature(function).parameters.values()))
    annotation = first.annotation
    if isinstance(annotation, str):
        plain = getattr(function, "func", function)
        plain = plain if inspect.isroutine(plain) else type(plain).__call__
        try:
            annotation = get_type_hints(plain).get(first.name)
        except NameError:
            # What is only imported for type checkers has no better answer than its name.
            return str(annotation).rpartition(".")[2] == "WebSocket"
    return inspect.isclass(annotation) and issubclass(annotation, StarletteWebSocket)


__all__ = [
    "CallNext",
    "CallNextSocket",
    "FunctionMiddleware",
    "check_function",
    "name_of",
]
