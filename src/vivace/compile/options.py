"""What a handler depends on besides the endpoint's plan: the settings of its route."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any

from starlette.responses import Response

from vivace.responses import JSONResponse
from vivace.runtime.overrides import Overrides


class Target(Enum):
    """Which signature the generated function has."""

    #: ``async (scope, receive, send) -> None``: answers by itself.
    ASGI = "asgi"
    #: ``async (request) -> Response``: for a route class that wraps its handler.
    REQUEST = "request"
    #: ``async (scope, receive, send) -> None`` for a WebSocket.
    WEBSOCKET = "websocket"


@dataclass(frozen=True)
class Resume:
    """How a request goes on whose dependencies are replaced while it is being served."""

    #: Those replacements that the handler has been compiled for.
    overrides: Overrides
    #: Called with what has been made, as pairs of dependency and value, with the request, and
    #: with ``send`` unless it is to return the response.
    function: Callable[..., Awaitable[Any]]


@dataclass(frozen=True)
class HandlerOptions:
    """The settings of one route, every default resolved."""

    target: Target = Target.ASGI
    response_class: type[Response] = JSONResponse
    #: False where the route or a router named a response class.
    is_default_class: bool = True
    status_code: int | None = None
    strict_content_type: bool = True
    form_limits: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    #: Bytes; ``None`` for no limit.
    max_body_size: int | None = None
    #: Which endpoint an error belongs to: file, line, function and path.
    endpoint_context: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    #: The names in braces in the route's path.
    path_names: frozenset[str] = frozenset()
    #: True for the variant that reports its stages to OpenTelemetry.
    telemetry: bool = False
    #: ``None`` where replacements count from the next request on.
    resume: Resume | None = None
