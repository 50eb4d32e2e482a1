"""OpenTelemetry."""

from __future__ import annotations

from vivace.telemetry import TelemetryConfig, TelemetryData, get_telemetry_data

__all__ = ["TelemetryConfig", "TelemetryData", "get_telemetry_data"]
