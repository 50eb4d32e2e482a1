from __future__ import annotations

from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.metrics import _internal as metrics_internal
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from vivace.telemetry import Telemetry, TelemetryConfig, naming, read_config
from vivace.telemetry.request import RequestTelemetry

from .conftest import Recorded

OFF: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}


class Layered:
    """An application with telemetry around it, which keeps what it finds in its scopes."""

    def __init__(self, config: TelemetryConfig) -> None:
        self.telemetry = Telemetry(read_config(config))
        self.found: list[Any] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.telemetry.lifespan(self.answer_lifespan, scope, receive, send)
        else:
            await self.telemetry(self.answer, scope, receive, send)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.found.append(scope[naming.scope_key()])
        await PlainTextResponse("fine")(scope, receive, send)

    async def answer_lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        for word in ("startup", "shutdown"):
            message = await receive()
            self.found.append(message["type"])
            await send({"type": f"lifespan.{word}.complete"})


def test_settings_are_kept(recorded: Recorded) -> None:
    settings = read_config(recorded.config)
    assert Telemetry(settings).settings is settings


@pytest.mark.parametrize("signal", ["tracer", "meter", "logger"])
def test_one_provider_is_enough_to_be_active(recorded: Recorded, signal: str) -> None:
    config: Any = {f"{signal}_provider": getattr(recorded, f"{signal}_provider")}
    assert Telemetry(read_config(config)).is_active()


def test_nothing_is_active_where_all_signals_are_off(
    monkeypatch: pytest.MonkeyPatch, recorded: Recorded
) -> None:
    monkeypatch.setenv("OTEL_PYTHON_TRACER_PROVIDER", "sdk_tracer_provider")
    assert not Telemetry(read_config({**recorded.config, **OFF})).is_active()


def test_the_environment_may_name_a_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_PYTHON_TRACER_PROVIDER", "sdk_tracer_provider")
    assert Telemetry(read_config(None)).is_active()


def test_a_global_provider_makes_an_application_active_later(
    monkeypatch: pytest.MonkeyPatch, recorded: Recorded
) -> None:
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(metrics_internal, "_METER_PROVIDER", None)
    telemetry = Telemetry(read_config(None))
    assert not telemetry.is_active()
    monkeypatch.setattr(metrics_internal, "_METER_PROVIDER", recorded.meter_provider)
    assert telemetry.is_active()


def test_each_request_is_recorded(recorded: Recorded) -> None:
    app = Layered(recorded.config)
    client = TestClient(app)
    assert [client.get("/").text for _ in range(2)] == ["fine", "fine"]
    assert [span.name for span in recorded.server_spans] == ["GET", "GET"]
    assert all(isinstance(found, RequestTelemetry) for found in app.found)
    assert app.found[0] is not app.found[1]


def test_a_request_that_is_excluded_has_no_telemetry(recorded: Recorded) -> None:
    app = Layered({**recorded.config, "exclude": lambda scope: scope["path"] == "/health"})
    client = TestClient(app)
    assert client.get("/health").text == "fine"
    assert client.get("/").text == "fine"
    assert app.found[0] is None
    assert len(recorded.server_spans) == 1


def test_a_lifespan_is_passed_on_and_not_recorded(recorded: Recorded) -> None:
    app = Layered(recorded.config)
    with TestClient(app):
        assert app.found == ["lifespan.startup"]
    assert app.found == ["lifespan.startup", "lifespan.shutdown"]
    assert recorded.spans == []
