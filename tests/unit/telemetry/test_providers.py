from __future__ import annotations

from typing import Any

import pytest
from opentelemetry import _logs, metrics, trace
from opentelemetry._logs import _internal as logs_internal
from opentelemetry.metrics import _internal as metrics_internal

import vivace
from vivace.telemetry import TelemetryConfig, read_config
from vivace.telemetry.providers import (
    SCHEMA_URL,
    HttpInstruments,
    PerProvider,
    Signals,
    are_global_providers_set,
    is_proxy,
)

from .conftest import Recorded

PROXY = trace.ProxyTracerProvider()


@pytest.fixture(autouse=True)
def no_global_providers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(metrics_internal, "_METER_PROVIDER", None)
    monkeypatch.setattr(logs_internal, "_LOGGER_PROVIDER", None)


def test_no_provider_is_set_at_first() -> None:
    assert not are_global_providers_set()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (trace, "_TRACER_PROVIDER"),
        (metrics_internal, "_METER_PROVIDER"),
        (logs_internal, "_LOGGER_PROVIDER"),
        (trace, "get_tracer_provider"),
        (metrics, "get_meter_provider"),
        (_logs, "get_logger_provider"),
    ],
)
def test_a_provider_that_is_set_is_noticed(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    monkeypatch.setattr(module, name, lambda: None)
    assert are_global_providers_set()


@pytest.mark.parametrize(
    "provider", [PROXY, metrics.get_meter_provider(), logs_internal.ProxyLoggerProvider()]
)
def test_the_stand_ins_of_the_api_are_proxies(provider: object) -> None:
    assert is_proxy(provider)


def test_a_provider_of_ones_own_is_no_proxy(recorded: Recorded) -> None:
    own = (recorded.tracer_provider, recorded.meter_provider, recorded.logger_provider)
    assert not any(is_proxy(provider) for provider in (*own, None))


def per_provider(
    in_force: list[object], *, provider: object = None, is_enabled: bool = True
) -> PerProvider[object, list[object]]:
    """Makes a list of the provider; the global one is the last of ``in_force``."""
    return PerProvider(
        is_enabled=is_enabled,
        provider=provider,
        get_global=lambda: in_force[-1],
        make=lambda provider: [provider],
    )


def test_nothing_is_made_of_a_signal_that_is_off() -> None:
    assert per_provider(["global"], provider="own", is_enabled=False).get() is None


@pytest.mark.parametrize("provider", [None, PROXY])
def test_nothing_is_made_before_a_provider_is_set(provider: object) -> None:
    in_force: list[object] = [PROXY]
    made = per_provider(in_force, provider=provider)
    assert made.get() is None
    in_force.append("global")
    assert made.get() == ["global"]


def test_a_provider_of_ones_own_goes_before_the_global_one() -> None:
    assert per_provider(["global"], provider="own").get() == ["own"]


def test_it_is_made_once_for_each_provider() -> None:
    in_force: list[object] = ["first"]
    made = per_provider(in_force)
    first = made.get()
    assert made.get() is first
    in_force.append("second")
    assert made.get() == ["second"]


def test_the_instruments_are_those_of_the_conventions(recorded: Recorded) -> None:
    instruments = HttpInstruments(recorded.meter_provider)
    instruments.active.add(1)
    instruments.duration.record(0.3)
    data = recorded.reader.get_metrics_data()
    assert data is not None
    (scope,) = data.resource_metrics[0].scope_metrics
    assert (scope.scope.name, scope.scope.version) == ("vivace", vivace.__version__)
    assert scope.schema_url == SCHEMA_URL
    assert {(metric.name, metric.unit) for metric in scope.metrics} == {
        ("http.server.active_requests", "{request}"),
        ("http.server.request.duration", "s"),
    }
    (point,) = recorded.points()
    assert point.explicit_bounds[0] == 0.005
    assert point.explicit_bounds[-1] == 10


@pytest.mark.parametrize("off", ["tracing", "metrics", "logs"])
def test_each_signal_can_be_off(recorded: Recorded, off: str) -> None:
    config: Any = {**recorded.config, off: False}
    signals = Signals(read_config(config))
    made = {
        "tracing": signals.tracer.get(),
        "metrics": signals.instruments.get(),
        "logs": signals.logger.get(),
    }
    assert [name for name, value in made.items() if value is None] == [off]


def test_signals_follow_a_getter_that_was_replaced(
    monkeypatch: pytest.MonkeyPatch, recorded: Recorded
) -> None:
    config: TelemetryConfig = {}
    signals = Signals(read_config(config))
    assert (signals.tracer.get(), signals.instruments.get(), signals.logger.get()) == (None,) * 3
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: recorded.tracer_provider)
    tracer = signals.tracer.get()
    assert tracer is not None
    tracer.start_span("GET").end()
    (span,) = recorded.spans
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "vivace"
    assert span.instrumentation_scope.schema_url == SCHEMA_URL
