"""A hand-written application that tells telemetry what a router and compiled handlers tell it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from vivace.exceptions import RequestValidationError
from vivace.telemetry import Telemetry, TelemetryConfig, read_config
from vivace.telemetry.request import RequestTelemetry, get_request_telemetry

Endpoint = Callable[..., Awaitable[Any]]


class Application(Starlette):
    """Starlette, with telemetry around it as the package's docstring says."""

    def __init__(self, config: TelemetryConfig | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.recorder = Telemetry(read_config(config))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        if self.middleware_stack is None:
            self.middleware_stack = self.build_middleware_stack()
        if scope["type"] == "lifespan":
            await self.recorder.lifespan(self.middleware_stack, scope, receive, send)
        elif self.recorder.is_active():
            await self.recorder(self.middleware_stack, scope, receive, send)
        else:
            await self.middleware_stack(scope, receive, send)


class RecordedRoute(Route):
    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        _record(scope, self)
        await super().handle(scope, receive, send)


class RecordedWebSocketRoute(WebSocketRoute):
    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        _record(scope, self)
        await super().handle(scope, receive, send)


class RecordedMount(Mount):
    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        _record(scope, self)
        await super().handle(scope, receive, send)


def _record(scope: Scope, route: BaseRoute) -> None:
    if (telemetry := get_request_telemetry(scope)) is not None:
        telemetry.record_route(route)


def route(path: str, endpoint: Endpoint, *, integers: tuple[str, ...] = ()) -> Route:
    """A route whose handler reports its stages, and whose path parameters are checked in them."""

    async def plain(request: Request) -> Response:
        values, errors = _validate(request, integers)
        if errors:
            raise RequestValidationError(errors)
        return _respond(await endpoint(request, **values))

    async def traced(request: Request, telemetry: RequestTelemetry) -> Response:
        telemetry.data.request = request
        with telemetry.operation("dependencies", endpoint):
            values, errors = _validate(request, integers)
        if errors:
            telemetry.validation_failed(errors)
            raise RequestValidationError(errors)
        telemetry.data.values, telemetry.data.errors = values, []
        with telemetry.operation("endpoint", endpoint):
            result = await endpoint(request, **values)
        if isinstance(result, Response):
            return result
        with telemetry.operation("serialization", endpoint):
            return _respond(result)

    async def handler(request: Request) -> Response:
        telemetry = get_request_telemetry(request.scope)
        return await (plain(request) if telemetry is None else traced(request, telemetry))

    return RecordedRoute(path, handler)


def websocket_route(path: str, endpoint: Callable[[WebSocket], Awaitable[None]]) -> WebSocketRoute:
    async def handler(websocket: WebSocket) -> None:
        telemetry = get_request_telemetry(websocket.scope)
        if telemetry is None:
            await endpoint(websocket)
            return
        telemetry.data.websocket = websocket
        with telemetry.operation("dependencies", endpoint):
            pass
        telemetry.data.values, telemetry.data.errors = {}, []
        with telemetry.operation("endpoint", endpoint):
            await endpoint(websocket)

    return RecordedWebSocketRoute(path, handler)


async def answer_invalid(request: Request, error: Exception) -> Response:
    return JSONResponse({"detail": "invalid"}, status_code=422)


def _validate(
    request: Request, integers: tuple[str, ...]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    values: dict[str, Any] = dict(request.path_params)
    errors = [
        {"type": "int_parsing", "loc": ("path", name), "input": values[name]}
        for name in integers
        if not values[name].isdigit()
    ]
    return values, errors


def _respond(result: Any) -> Response:
    return result if isinstance(result, Response) else JSONResponse(result)
