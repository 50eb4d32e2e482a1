"""Whether there is anything to record to; in fresh interpreters, as providers are set once."""

from __future__ import annotations

import subprocess
import sys

import pytest
from opentelemetry import trace
from starlette.testclient import TestClient

from vivace.telemetry import Telemetry, read_config

from .application import Application
from .conftest import Recorded


def run(program: str) -> None:
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_opentelemetry_is_not_imported_before_it_is_used() -> None:
    run(
        """
import sys
from vivace.telemetry import Telemetry, background_task, read_config
telemetry = Telemetry(read_config(None))
assert not telemetry.is_active()
with background_task(print): pass
assert not any(name.startswith("opentelemetry") for name in sys.modules)
"""
    )


def test_late_providers_are_found() -> None:
    run(
        """
from opentelemetry import metrics, trace
from vivace.telemetry import Telemetry, read_config
from vivace.telemetry.providers import Signals
telemetry = Telemetry(read_config(None))
late = read_config({"tracer_provider": trace.get_tracer_provider()})
signals = Signals(late)
assert not telemetry.is_active()
assert signals.tracer.get() is None
from opentelemetry.sdk.trace import TracerProvider
trace.set_tracer_provider(TracerProvider())
assert telemetry.is_active()
assert signals.tracer.get() is not None
assert signals.instruments.get() is None
assert not Telemetry(read_config(dict(tracing=False, metrics=False, logs=False))).is_active()
"""
    )


@pytest.mark.parametrize("signal", ["TRACER", "METER", "LOGGER"])
def test_provider_named_by_the_environment(monkeypatch: pytest.MonkeyPatch, signal: str) -> None:
    monkeypatch.setenv(f"OTEL_PYTHON_{signal}_PROVIDER", f"sdk_{signal.lower()}_provider")
    run(
        """
from vivace.telemetry import Telemetry, read_config
from vivace.telemetry.providers import Signals
settings = read_config(None)
assert Telemetry(settings).is_active()
signals = Signals(settings)
assert any(each.get() for each in (signals.tracer, signals.instruments, signals.logger))
"""
    )


def test_own_providers_make_an_application_active(recorded: Recorded) -> None:
    assert Telemetry(read_config(recorded.config)).is_active()


def test_the_tracer_follows_the_provider(
    monkeypatch: pytest.MonkeyPatch, recorded: Recorded
) -> None:
    other = Recorded()
    client = TestClient(Application())
    for provider in (recorded.tracer_provider, other.tracer_provider):
        monkeypatch.setattr(trace, "get_tracer_provider", lambda provider=provider: provider)
        for _ in range(2):
            client.get("/")
    assert (len(recorded.spans), len(other.spans)) == (2, 2)
    other.shutdown()
