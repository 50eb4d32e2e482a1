"""Export over OTLP: for each signal its provider, its exporter and what connects the two.

Imports OpenTelemetry's SDK, which is an optional dependency.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from opentelemetry import _logs, metrics, trace
from opentelemetry.exporter.otlp.proto.http import (
    _log_exporter as log_exporter,
    metric_exporter,
    trace_exporter,
)
from opentelemetry.sdk import _logs as sdk_logs, metrics as sdk_metrics, trace as sdk_trace
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from vivace.exceptions import VivaceError
from vivace.telemetry.providers import is_proxy

if TYPE_CHECKING:
    from collections.abc import Callable


class Component(Protocol):
    """A processor or a reader of the SDK's, with its exporter."""

    def force_flush(self) -> object: ...

    def shutdown(self) -> object: ...


@dataclass(frozen=True)
class Signal:
    """How the data of one signal get from a provider to an endpoint."""

    #: As environment variables spell it.
    name: str
    get_provider: Callable[[], object]
    set_provider: Callable[[Any], None]
    make_provider: Callable[[], Component]
    #: The method of a provider that takes a component.
    registration: str
    make_component: Callable[[str], Component]

    def find_provider(self, explicit: object | None) -> object:
        """The provider in force: the given one, the global one, or one that becomes global now."""
        provider = self.get_provider() if explicit is None or is_proxy(explicit) else explicit
        if not is_proxy(provider):
            return provider
        made = self.make_provider()
        self.set_provider(made)
        provider = self.get_provider()
        if provider is not made:
            # Another thread set one in the meantime, and the API keeps the first.
            made.shutdown()
        return provider

    def add_exporter(self, provider: object, endpoint: str) -> Component:
        """Send what ``provider`` receives to ``endpoint`` as well.

        Returns:
            What was added to the provider.

        Raises:
            VivaceError: the provider takes no exporter.
        """
        register = getattr(provider, self.registration, None)
        if register is None:
            raise VivaceError(
                f"{type(provider).__name__} does not support adding an OTLP exporter: give a "
                f"provider of the SDK's, or set auto_configure to False"
            )
        component = self.make_component(endpoint)
        try:
            register(component)
        except Exception:
            component.shutdown()
            raise
        return component


def _make_span_processor(endpoint: str) -> Component:
    return BatchSpanProcessor(trace_exporter.OTLPSpanExporter(endpoint=endpoint))


def _make_metric_reader(endpoint: str) -> Component:
    return PeriodicExportingMetricReader(metric_exporter.OTLPMetricExporter(endpoint=endpoint))


def _make_log_processor(endpoint: str) -> Component:
    return BatchLogRecordProcessor(log_exporter.OTLPLogExporter(endpoint=endpoint))


# Functions and classes are looked up in each call: a program may have replaced them.
SIGNALS = {
    signal.name: signal
    for signal in (
        Signal(
            name="TRACES",
            get_provider=lambda: trace.get_tracer_provider(),
            set_provider=lambda provider: trace.set_tracer_provider(provider),
            make_provider=lambda: sdk_trace.TracerProvider(),
            registration="add_span_processor",
            make_component=_make_span_processor,
        ),
        Signal(
            name="METRICS",
            get_provider=lambda: metrics.get_meter_provider(),
            set_provider=lambda provider: metrics.set_meter_provider(provider),
            make_provider=lambda: sdk_metrics.MeterProvider(),
            registration="add_metric_reader",
            make_component=_make_metric_reader,
        ),
        Signal(
            name="LOGS",
            get_provider=lambda: _logs.get_logger_provider(),
            set_provider=lambda provider: _logs.set_logger_provider(provider),
            make_provider=lambda: sdk_logs.LoggerProvider(),
            registration="add_log_record_processor",
            make_component=_make_log_processor,
        ),
    )
}
