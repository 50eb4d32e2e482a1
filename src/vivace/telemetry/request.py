"""The telemetry of one request or connection, which stands in its scope while it is handled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException, WebSocketException
from starlette.routing import Mount
from starlette.websockets import WebSocketDisconnect

from vivace.exceptions import RequestValidationError, WebSocketRequestValidationError
from vivace.telemetry import events, naming
from vivace.telemetry.data import TelemetryData
from vivace.telemetry.operations import NO_OPERATION, Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from opentelemetry._logs import Logger
    from opentelemetry.trace import Span, Tracer
    from starlette.routing import BaseRoute
    from starlette.types import Scope

#: Close codes by which a client says that it is done or goes elsewhere (RFC 6455 section 7.4.1).
_ORDERLY_CLOSE_CODES = frozenset({1000, 1001})


class RequestTelemetry:
    """What is recorded of a request, and what it is recorded with.

    Args:
        name: The name of the server span before a route is known, such as ``GET``.
        root_path: The part of the path that a proxy or a server took off.
        tracer: ``None`` where nothing is traced.
        logger: ``None`` where nothing is logged.
        has_operations: False where the stages of the request get no spans of their own.
    """

    __slots__ = (
        "_has_operations",
        "_is_open",
        "_mounted_at",
        "_tracer",
        "data",
        "exception",
        "logger",
        "name",
        "route",
        "span",
    )

    def __init__(
        self,
        *,
        name: str,
        root_path: str,
        tracer: Tracer | None,
        logger: Logger | None,
        has_operations: bool,
    ) -> None:
        #: The objects of the request, for handlers to fill in.
        self.data = TelemetryData()
        #: The path template of the route that matched, with those of all mounts above it.
        self.route: str | None = None
        #: The exception that became a response with status 500, while that is being sent.
        self.exception: BaseException | None = None
        self.span: Span | None = None
        self.logger = logger
        self._tracer = tracer
        self._has_operations = has_operations and tracer is not None
        self.name = name
        self._mounted_at = root_path
        self._is_open = True

    @property
    def open_data(self) -> TelemetryData | None:
        """The data, and ``None`` once the request is over."""
        return self.data if self._is_open else None

    def close(self) -> None:
        """Let go of the request's objects: a context that is kept must not keep them alive."""
        self._is_open = False
        self.data = TelemetryData()
        self.exception = None

    def record_route(self, route: BaseRoute) -> None:
        """Name the request after the route that matched it."""
        template = getattr(route, "path_format", None)
        if template is None:
            return
        self.route = self._mounted_at + template
        if isinstance(route, Mount):
            self._mounted_at += template.removesuffix("/{path}")
        if self.span is not None:
            self.span.update_name(f"{self.name} {self.route}")
            self.span.set_attribute("http.route", self.route)

    def operation(self, name: str, call: Callable[..., Any]) -> AbstractContextManager[None]:
        """A span around one stage of the request, to be entered around it.

        Args:
            name: ``dependencies``, ``endpoint`` or ``serialization``.
            call: The endpoint.
        """
        if not self._has_operations or self._tracer is None:
            return NO_OPERATION
        return Operation(self._tracer, name, call, is_answer)

    def background_task(self, call: Callable[..., Any]) -> AbstractContextManager[None]:
        """A span around a background task. The response is out: each exception is a fault."""
        if not self._has_operations or self._tracer is None:
            return NO_OPERATION
        return Operation(self._tracer, "background_task", call)

    def validation_failed(self, errors: Sequence[Any]) -> None:
        """Note what validation found wrong, and log that it did.

        To be called outside of any operation, when ``data`` holds the request and its body.
        """
        self.data.errors = list(errors)
        if self.logger is not None:
            events.emit_validation_failed(self.logger, self.route, len(errors))


def get_request_telemetry(scope: Scope) -> RequestTelemetry | None:
    """The telemetry of the request that ``scope`` belongs to; ``None`` where there is none."""
    telemetry = scope.get(naming.scope_key())
    return telemetry if isinstance(telemetry, RequestTelemetry) else None


def is_answer(exception: BaseException) -> bool:
    """True for an exception by which a program answers, or a client leaves, as it may."""
    if isinstance(exception, WebSocketDisconnect):
        return exception.code in _ORDERLY_CLOSE_CODES
    return isinstance(
        exception,
        (
            HTTPException,
            WebSocketException,
            RequestValidationError,
            WebSocketRequestValidationError,
        ),
    )
