"""OpenTelemetry: spans, metrics and logs of requests, at next to no cost where nobody listens."""

from __future__ import annotations

from vivace.telemetry.background import background_task
from vivace.telemetry.config import TelemetryConfig, TelemetrySettings, read_config
from vivace.telemetry.data import TelemetryData, get_telemetry_data
from vivace.telemetry.layer import Telemetry
from vivace.telemetry.naming import scope_key

__all__ = [
    "Telemetry",
    "TelemetryConfig",
    "TelemetryData",
    "TelemetrySettings",
    "background_task",
    "get_telemetry_data",
    "read_config",
    "scope_key",
]
