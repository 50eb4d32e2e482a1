"""What an application says about its telemetry."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from vivace.telemetry import naming

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry._logs import LoggerProvider
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider
    from starlette.types import Scope


class TelemetryConfig(TypedDict, total=False):
    """Settings of an application's telemetry. Each may be left out."""

    #: The provider of tracers, instead of the global one.
    tracer_provider: TracerProvider | None
    #: The provider of meters, instead of the global one.
    meter_provider: MeterProvider | None
    #: The provider of loggers, instead of the global one.
    logger_provider: LoggerProvider | None
    #: Spans for requests and WebSocket connections; on by default.
    tracing: bool
    #: Metrics of HTTP requests; on by default.
    metrics: bool
    #: Log records of failed validation and of unhandled exceptions, with their messages and
    #: stack traces; on by default.
    logs: bool
    #: Spans for dependencies, endpoints, serialization and background tasks; on by default.
    operation_spans: bool
    #: Send to the OTLP endpoint that the environment names. Off by default, unless the variable
    #: ``VIVACE_OTEL_AUTO_CONFIGURE`` is ``true``; a value given here goes before the variable.
    auto_configure: bool
    #: Called with the scope of each request and connection: True where nothing is to be recorded.
    exclude: Callable[[Scope], bool] | None


@dataclass(frozen=True)
class TelemetrySettings:
    """A :class:`TelemetryConfig` with every value filled in, and out of the caller's hands."""

    tracer_provider: TracerProvider | None
    meter_provider: MeterProvider | None
    logger_provider: LoggerProvider | None
    tracing: bool
    metrics: bool
    logs: bool
    operation_spans: bool
    auto_configure: bool
    exclude: Callable[[Scope], bool] | None

    @property
    def is_enabled(self) -> bool:
        """True where some signal is on."""
        return self.tracing or self.metrics or self.logs

    @property
    def names_provider(self) -> bool:
        """True where a signal that is on has a provider of the application's own."""
        return (
            (self.tracing and self.tracer_provider is not None)
            or (self.metrics and self.meter_provider is not None)
            or (self.logs and self.logger_provider is not None)
        )


def read_config(config: TelemetryConfig | None) -> TelemetrySettings:
    """Fill in what ``config`` leaves out, from the environment and the defaults."""
    given = config or {}
    auto_configure = given.get("auto_configure")
    if auto_configure is None:
        auto_configure = is_true(naming.variable("OTEL_AUTO_CONFIGURE"))
    return TelemetrySettings(
        tracer_provider=given.get("tracer_provider"),
        meter_provider=given.get("meter_provider"),
        logger_provider=given.get("logger_provider"),
        tracing=given.get("tracing", True),
        metrics=given.get("metrics", True),
        logs=given.get("logs", True),
        operation_spans=given.get("operation_spans", True),
        auto_configure=auto_configure,
        exclude=given.get("exclude"),
    )


def is_true(variable: str) -> bool:
    """True where an environment variable says ``true``, in any case.

    No other word counts: OpenTelemetry's specification of environment variables, section
    "Boolean value".
    """
    return os.environ.get(variable, "").strip().lower() == "true"
