"""The recording of a request, whatever app answers it."""

from __future__ import annotations

from vivace.telemetry.asgi import ServerTelemetry as NativeTelemetry

__all__ = ["NativeTelemetry"]
