"""Log records of what goes wrong in a request."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from opentelemetry import context
from opentelemetry._logs import LogRecord, SeverityNumber

from vivace.telemetry import naming

if TYPE_CHECKING:
    from opentelemetry._logs import Logger
    from opentelemetry.util.types import AnyValue


def emit_validation_failed(logger: Logger, route: str | None, error_count: int) -> None:
    """Record that a request did not fit its declaration: how often, and nothing of what it held."""
    prefix = naming.prefix()
    logger.emit(
        LogRecord(
            timestamp=time.time_ns(),
            context=context.get_current(),
            severity_number=SeverityNumber.WARN,
            severity_text="WARN",
            body="Request validation failed",
            attributes={**_route(route), f"{prefix}.validation.error_count": error_count},
            event_name=f"{prefix}.validation.failed",
        )
    )


def emit_request_exception(logger: Logger, route: str | None, exception: Exception) -> None:
    """Record an exception that no handler of an HTTP request caught."""
    body = f"Unhandled exception in {naming.title()} request"
    _emit_exception(logger, "http.server.request.exception", body, route, exception)


def emit_websocket_exception(logger: Logger, route: str | None, exception: Exception) -> None:
    """Record an exception that ended a WebSocket connection."""
    event_name = f"{naming.prefix()}.websocket.exception"
    body = f"Unhandled exception in {naming.title()} WebSocket connection"
    _emit_exception(logger, event_name, body, route, exception)


def _emit_exception(
    logger: Logger, event_name: str, body: str, route: str | None, exception: Exception
) -> None:
    logger.emit(
        LogRecord(
            timestamp=time.time_ns(),
            context=context.get_current(),
            severity_number=SeverityNumber.ERROR,
            severity_text="ERROR",
            body=body,
            # The SDK adds the message and the stack trace; its name for the type would be that
            # of the package, whatever the prefix in use.
            attributes={**_route(route), "exception.type": naming.type_name(type(exception))},
            event_name=event_name,
            exception=exception,
        )
    )


def _route(route: str | None) -> dict[str, AnyValue]:
    return {} if route is None else {"http.route": route}
