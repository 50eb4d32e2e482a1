"""Exporters as the environment describes them: added at start-up, flushed at shut-down.

The variables are those of OpenTelemetry's specification; only OTLP over HTTP is supported.
https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from anyio import to_thread

from vivace.exceptions import VivaceError
from vivace.telemetry import naming
from vivace.telemetry.config import is_true

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from vivace.telemetry.config import TelemetrySettings
    from vivace.telemetry.export import Component, Signal

#: Processors and readers that were added here, and so are shut down here.
_owned: list[Component] = []
#: Which providers have their exporter: a second lifespan must not add a second one.
_configured: list[tuple[str, object]] = []
_lock = threading.Lock()

_SUPPORTED_PROTOCOL = "http/protobuf"


async def lifespan(
    *, config: TelemetrySettings, app: ASGIApp, scope: Scope, receive: Receive, send: Send
) -> None:
    """Run ``app`` for a lifespan, with exporters set up before it starts.

    What is still queued is sent before the server hears that the application has shut down, or
    failed: it may end the process next. A fault in telemetry is logged, and stops nothing.

    Args:
        config: The settings of the application.
        app: The application.
        scope: Passed on.
        receive: Passed on.
        send: Passed on.
    """
    if config.auto_configure:
        try:
            _configure_from_environment(config)
        except Exception as error:
            _logger().warning("Telemetry is not exported: %s", error)

    async def flush_and_send(message: Message) -> None:
        if message["type"] != "lifespan.startup.complete":
            # Flushing waits for the network.
            await to_thread.run_sync(_flush)
        await send(message)

    await app(scope, receive, flush_and_send)


def _configure_from_environment(config: TelemetrySettings) -> None:
    """Add an exporter to each provider whose signal is on and has an endpoint.

    Raises:
        VivaceError: the environment asks for what is not supported, the SDK is not installed,
            or a provider takes no exporter.
    """
    if is_true("OTEL_SDK_DISABLED"):
        return
    # All are read before any is set up: half a configuration helps nobody.
    endpoints = [
        (name, provider, endpoint)
        for name, is_on, provider in (
            ("TRACES", config.tracing, config.tracer_provider),
            ("METRICS", config.metrics, config.meter_provider),
            ("LOGS", config.logs, config.logger_provider),
        )
        if is_on and (endpoint := _export_endpoint(name)) is not None
    ]
    if not endpoints:
        return
    signals = _load_signals()
    with _lock:
        for name, provider, endpoint in endpoints:
            _configure_signal(signals[name], provider, endpoint)


def _export_endpoint(signal: str) -> str | None:
    """The URL that a signal's data go to, or ``None`` where the environment names none.

    Args:
        signal: ``TRACES``, ``METRICS`` or ``LOGS``.

    Raises:
        VivaceError: the exporter or the protocol is not supported, or the endpoint is no URL.
    """
    exporter = os.environ.get(f"OTEL_{signal}_EXPORTER") or "otlp"
    if exporter == "none":
        return None
    endpoint = os.environ.get(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
    if not endpoint:
        base = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
        if not base:
            return None
        endpoint = f"{base.rstrip('/')}/v1/{signal.lower()}"
    if exporter != "otlp":
        raise VivaceError(f"OTEL_{signal}_EXPORTER is {exporter!r}, but must be otlp or none")
    _check_protocol(signal)
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise VivaceError(f"The OTLP endpoint {endpoint!r} is not an absolute HTTP URL")
    return endpoint


def _check_protocol(signal: str) -> None:
    for variable in (f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        if protocol := os.environ.get(variable):
            if protocol != _SUPPORTED_PROTOCOL:
                raise VivaceError(f"{variable} is {protocol!r}, but must be {_SUPPORTED_PROTOCOL}")
            return


def _load_signals() -> dict[str, Signal]:
    try:
        from vivace.telemetry import export
    except ImportError as error:
        raise VivaceError(
            f"OTLP export needs OpenTelemetry's SDK and exporter ({error}): "
            f"install {naming.prefix()}[opentelemetry]"
        ) from error
    return export.SIGNALS


def _configure_signal(signal: Signal, explicit: object | None, endpoint: str) -> None:
    """Have what the provider in force receives sent to ``endpoint`` as well."""
    provider = signal.find_provider(explicit)
    if signal.name == "METRICS":
        provider = _registration_provider(provider)
    if any(name == signal.name and known is provider for name, known in _configured):
        return
    component = signal.add_exporter(provider, endpoint)
    if not _owned:
        atexit.register(_shutdown)
    _owned.append(component)
    _configured.append((signal.name, provider))


def _registration_provider(provider: object) -> object:
    """The meter provider that takes a reader, where ``provider`` is a proxy that does not.

    A proxy by which a program can exchange the provider after meters were made keeps the real
    one in ``provider``; Logfire's is one.
    """
    if hasattr(provider, "add_metric_reader"):
        return provider
    return getattr(provider, "provider", provider)


def _flush() -> None:
    """Send what is queued."""
    for component in _owned.copy():
        _clean_up(component.force_flush)


def _shutdown() -> None:
    """Shut down all that was made here."""
    while _owned:
        _clean_up(_owned.pop(0).shutdown)
    _configured.clear()


def _clean_up(action: Callable[[], object]) -> None:
    try:
        action()
    except Exception:
        # An exporter out of order must neither keep others from ending nor the application.
        _logger().warning("%s telemetry cleanup failed", naming.title(), exc_info=True)


def _logger() -> logging.Logger:
    return logging.getLogger(naming.prefix())
