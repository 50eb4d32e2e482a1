"""The telemetry of one application, seen from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vivace.telemetry import runtime
from vivace.telemetry.gate import are_providers_set, does_environment_name_provider

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from vivace.telemetry.asgi import ServerTelemetry
    from vivace.telemetry.config import TelemetrySettings


class Telemetry:
    """Records the requests and connections of an application.

    Args:
        settings: What to record, and to which providers.
    """

    def __init__(self, settings: TelemetrySettings) -> None:
        self.settings = settings
        self._is_enabled = settings.is_enabled
        self._has_provider = settings.names_provider or does_environment_name_provider()
        self._server: ServerTelemetry | None = None

    def is_active(self) -> bool:
        """True where there may be something to record a request to. Cheap: ask each time."""
        return self._is_enabled and (self._has_provider or are_providers_set())

    async def __call__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Run ``app`` for one request or WebSocket connection and record it.

        Args:
            app: The application's whole stack of middleware.
            scope: Its key :func:`vivace.telemetry.scope_key` holds the request's telemetry
                while ``app`` runs, or ``None`` where the request is excluded.
            receive: Passed on.
            send: Passed on.
        """
        server = self._server
        if server is None:
            from vivace.telemetry.asgi import ServerTelemetry

            server = self._server = ServerTelemetry(self.settings)
        await server(app, scope, receive, send)

    async def lifespan(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Run ``app`` for a lifespan: set exporters up before it starts, flush when it ends."""
        await runtime.lifespan(
            config=self.settings, app=app, scope=scope, receive=receive, send=send
        )
