from __future__ import annotations

import pytest

from vivace.telemetry import TelemetryConfig, read_config

from .conftest import Recorded


def test_defaults() -> None:
    settings = read_config(None)
    assert settings.tracing and settings.metrics and settings.logs and settings.operation_spans
    assert settings.is_enabled
    assert not settings.names_provider
    assert not settings.auto_configure
    assert settings.exclude is None


def test_settings_do_not_follow_the_configuration() -> None:
    config: TelemetryConfig = {"tracing": False}
    settings = read_config(config)
    config["tracing"] = True
    assert not settings.tracing


@pytest.mark.parametrize(
    ("value", "given", "expected"),
    [
        ("true", None, True),
        ("TRUE", None, True),
        (" true ", None, True),
        ("1", None, False),
        ("yes", None, False),
        ("", None, False),
        ("true", False, False),
        ("false", True, True),
    ],
)
def test_auto_configure(
    monkeypatch: pytest.MonkeyPatch, value: str, given: bool | None, expected: bool
) -> None:
    monkeypatch.setenv("VIVACE_OTEL_AUTO_CONFIGURE", value)
    config: TelemetryConfig = {} if given is None else {"auto_configure": given}
    assert read_config(config).auto_configure is expected


def test_only_a_provider_of_a_signal_that_is_on_counts(recorded: Recorded) -> None:
    config: TelemetryConfig = {"tracer_provider": recorded.tracer_provider}
    assert read_config(config).names_provider
    assert not read_config({**config, "tracing": False}).names_provider
    assert not read_config({"tracing": False, "metrics": False, "logs": False}).is_enabled
