"""Looks into a stack of middleware: who else records requests, and where a 500 is made."""

from __future__ import annotations

import copy
import sys
from typing import TYPE_CHECKING

from starlette.middleware.errors import ServerErrorMiddleware

from vivace.telemetry.routes import record_unhandled

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


def is_instrumented(app: ASGIApp) -> bool:
    """True where OpenTelemetry's own middleware for ASGI stands in the stack.

    It then makes the server span, and a second one would only repeat it.
    """
    instrumentation = sys.modules.get("opentelemetry.instrumentation.asgi")
    if instrumentation is None:
        return False
    layer: object = app
    while layer is not None:
        if isinstance(layer, instrumentation.OpenTelemetryMiddleware):
            return True
        layer = getattr(layer, "app", None)
    return False


def record_exceptions_in(app: ASGIApp) -> ASGIApp:
    """The same stack, with a recorder below the layer that answers exceptions with status 500.

    That layer sends the response before it raises the exception again, so by the time that the
    exception arrives outside, the span has ended. It is copied rather than changed: without
    telemetry a request passes no recorder.
    """
    if not isinstance(app, ServerErrorMiddleware):
        return app
    outermost = copy.copy(app)
    outermost.app = ExceptionRecorder(app.app)
    return outermost


class ExceptionRecorder:
    """ASGI middleware: notes an exception in the request's telemetry as it passes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Exception as exception:
            record_unhandled(scope, exception)
            raise
