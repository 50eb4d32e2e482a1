from __future__ import annotations

import pytest
from opentelemetry import context
from opentelemetry.context import Context
from opentelemetry.sdk.trace import SpanProcessor
from starlette.requests import Request

from vivace import Vivace
from vivace.telemetry.data import CONTEXT_KEY, TelemetryData, get_telemetry_data
from vivace.testclient import TestClient

from .conftest import Recorded, request_telemetry


def test_nothing_is_known_at_first() -> None:
    data = TelemetryData()
    assert (data.request, data.websocket, data.body, data.values, data.errors) == (None,) * 5


def test_there_is_no_data_outside_a_request() -> None:
    assert get_telemetry_data() is None
    assert get_telemetry_data(Context()) is None


@pytest.mark.parametrize("value", [None, "text", object()])
def test_what_is_no_telemetry_has_no_data(value: object) -> None:
    assert get_telemetry_data(Context({CONTEXT_KEY: value})) is None


def test_data_is_found_in_a_context(recorded: Recorded) -> None:
    telemetry = request_telemetry(recorded)
    within = context.set_value(CONTEXT_KEY, telemetry, Context())
    assert get_telemetry_data(within) is telemetry.data
    assert get_telemetry_data() is None
    token = context.attach(within)
    assert get_telemetry_data() is telemetry.data
    assert get_telemetry_data(Context()) is None
    context.detach(token)
    assert get_telemetry_data() is None


def test_data_is_gone_once_the_request_is_over(recorded: Recorded) -> None:
    telemetry = request_telemetry(recorded)
    within = Context({CONTEXT_KEY: telemetry})
    telemetry.data.values = {"a": 1}
    telemetry.close()
    assert get_telemetry_data(within) is None


def test_an_endpoint_finds_its_own_request(recorded: Recorded) -> None:
    app = Vivace(telemetry=recorded.config)
    found: list[TelemetryData] = []

    @app.post("/{number}")
    async def read(number: int, request: Request, names: list[str]) -> None:
        data = get_telemetry_data()
        assert data is not None and data.request is not None
        assert data.request.url == request.url
        found.append(TelemetryData(body=data.body, values=data.values, errors=data.errors))

    assert TestClient(app).post("/7", json=["ada"]).status_code == 200
    assert found[0].body == ["ada"]
    assert found[0].values is not None
    assert (found[0].values["number"], found[0].values["names"]) == (7, ["ada"])
    assert found[0].errors == []


def test_a_processor_finds_what_was_wrong(recorded: Recorded) -> None:
    found: list[object] = []

    class Watcher(SpanProcessor):
        def on_end(self, span: object) -> None:
            data = get_telemetry_data()
            found.append(data and [error["loc"] for error in data.errors or []])

    recorded.tracer_provider.add_span_processor(Watcher())
    app = Vivace(telemetry=recorded.config)

    @app.get("/{number}")
    async def read(number: int) -> None: ...

    assert TestClient(app).get("/text").status_code == 422
    assert [("path", "number")] in found
    assert get_telemetry_data() is None
