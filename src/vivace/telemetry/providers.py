"""The providers in force, and the tracer, instruments and logger made from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from opentelemetry import _logs, metrics, trace
from opentelemetry._logs import _internal as logs_internal
from opentelemetry.metrics import _internal as metrics_internal

from vivace.telemetry import naming

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry._logs import Logger, LoggerProvider
    from opentelemetry.metrics import Histogram, MeterProvider, UpDownCounter
    from opentelemetry.trace import Tracer, TracerProvider

    from vivace.telemetry.config import TelemetrySettings

#: The semantic conventions that names and attributes follow.
SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0"

#: Advised by the semantic conventions for ``http.server.request.duration``, in seconds.
_DURATION_BOUNDARIES = (
    *(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75),
    *(1.0, 2.5, 5.0, 7.5, 10.0),
)

_GET_TRACER_PROVIDER = trace.get_tracer_provider
_GET_METER_PROVIDER = metrics.get_meter_provider
_GET_LOGGER_PROVIDER = _logs.get_logger_provider

P = TypeVar("P")
T = TypeVar("T")


def are_global_providers_set() -> bool:
    """True where a global provider has been set, or the function that returns one replaced.

    Reads the variables behind the API's getters: while nothing is set, each getter looks into
    ``os.environ``, which takes longer than all else that telemetry does in such a request.
    """
    return (
        trace._TRACER_PROVIDER is not None
        or metrics_internal._METER_PROVIDER is not None
        or logs_internal._LOGGER_PROVIDER is not None
        or trace.get_tracer_provider is not _GET_TRACER_PROVIDER
        or metrics.get_meter_provider is not _GET_METER_PROVIDER
        or _logs.get_logger_provider is not _GET_LOGGER_PROVIDER
    )


def is_proxy(provider: object) -> bool:
    """True for the API's stand-in for a global provider that has not been set."""
    return isinstance(
        provider,
        (
            trace.ProxyTracerProvider,
            metrics_internal._ProxyMeterProvider,
            logs_internal.ProxyLoggerProvider,
        ),
    )


class PerProvider(Generic[P, T]):
    """Something made from a provider: made once, and anew when the provider in force changes."""

    def __init__(
        self,
        *,
        is_enabled: bool,
        provider: P | None,
        get_global: Callable[[], P],
        make: Callable[[P], T],
    ) -> None:
        self._is_enabled = is_enabled
        # A proxy that an application was given early stands for whatever is set later.
        self._provider = None if is_proxy(provider) else provider
        self._get_global = get_global
        self._make = make
        self._made: tuple[P, T] | None = None

    def get(self) -> T | None:
        """What was made; ``None`` where the signal is off or no provider has been set."""
        if not self._is_enabled:
            return None
        provider = self._provider
        if provider is None:
            provider = self._get_global()
            if is_proxy(provider):
                return None
        made = self._made
        if made is None or made[0] is not provider:
            made = self._made = (provider, self._make(provider))
        return made[1]


class HttpInstruments:
    """The instruments of an HTTP server."""

    __slots__ = ("active", "duration")

    def __init__(self, provider: MeterProvider) -> None:
        meter = provider.get_meter(naming.prefix(), _version(), SCHEMA_URL)
        self.active: UpDownCounter = meter.create_up_down_counter(
            "http.server.active_requests",
            unit="{request}",
            description="Number of active HTTP server requests.",
        )
        self.duration: Histogram = meter.create_histogram(
            "http.server.request.duration",
            unit="s",
            description="Duration of HTTP server requests.",
            explicit_bucket_boundaries_advisory=_DURATION_BOUNDARIES,
        )


class Signals:
    """The tracer, the instruments and the logger that an application records to."""

    __slots__ = ("instruments", "logger", "tracer")

    def __init__(self, settings: TelemetrySettings) -> None:
        # The getters are looked up in each call: a program may have replaced them.
        self.tracer: PerProvider[TracerProvider, Tracer] = PerProvider(
            is_enabled=settings.tracing,
            provider=settings.tracer_provider,
            get_global=lambda: trace.get_tracer_provider(),
            make=_make_tracer,
        )
        self.instruments: PerProvider[MeterProvider, HttpInstruments] = PerProvider(
            is_enabled=settings.metrics,
            provider=settings.meter_provider,
            get_global=lambda: metrics.get_meter_provider(),
            make=HttpInstruments,
        )
        self.logger: PerProvider[LoggerProvider, Logger] = PerProvider(
            is_enabled=settings.logs,
            provider=settings.logger_provider,
            get_global=lambda: _logs.get_logger_provider(),
            make=_make_logger,
        )


def _make_tracer(provider: TracerProvider) -> Tracer:
    return provider.get_tracer(naming.prefix(), _version(), schema_url=SCHEMA_URL)


def _make_logger(provider: LoggerProvider) -> Logger:
    return provider.get_logger(naming.prefix(), _version(), schema_url=SCHEMA_URL)


def _version() -> str | None:
    import vivace

    return getattr(vivace, "__version__", None)
