"""Exporters as the environment describes them."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import anyio
import pytest
from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import NoOpTracerProvider
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from vivace.exceptions import VivaceError
from vivace.telemetry import TelemetryConfig, read_config, runtime

from .application import Application
from .conftest import Recorded

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
SIGNALS = ("TRACES", "METRICS", "LOGS")


@pytest.fixture(autouse=True)
def clean_state() -> Iterator[None]:
    yield
    runtime._shutdown()


@pytest.fixture
def collector() -> Iterator[tuple[str, list[str]]]:
    """The URL of a server that takes whatever is exported, and the paths it was sent to."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", paths
        server.shutdown()
        thread.join()


# What the environment says.


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, None),
        ({"OTEL_{}_EXPORTER": "console"}, None),
        ({ENDPOINT: "http://a:4318/base/"}, "http://a:4318/base/v1/{}"),
        ({ENDPOINT: "http://a:4318", "OTEL_{}_EXPORTER": "none"}, None),
        (
            {ENDPOINT: "invalid", "OTEL_EXPORTER_OTLP_{}_ENDPOINT": "https://b/x/"},
            "https://b/x/",
        ),
        ({ENDPOINT: "http://a", "OTEL_EXPORTER_OTLP_{}_ENDPOINT": ""}, "http://a/v1/{}"),
        (
            {
                ENDPOINT: "http://a",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_{}_PROTOCOL": "http/protobuf",
            },
            "http://a/v1/{}",
        ),
    ],
)
def test_endpoint(
    monkeypatch: pytest.MonkeyPatch, signal: str, variables: dict[str, str], expected: str | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name.format(signal), value)
    endpoint = expected and expected.format(signal.lower())
    assert runtime._export_endpoint(signal) == endpoint


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({ENDPOINT: "not-a-url"}, "absolute HTTP URL"),
        ({ENDPOINT: "ftp://a"}, "absolute HTTP URL"),
        ({ENDPOINT: "http://a", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http/protobuf"),
        ({ENDPOINT: "http://a", "OTEL_TRACES_EXPORTER": "console"}, "otlp or none"),
    ],
)
def test_unsupported_environment(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    recorded: Recorded,
    variables: dict[str, str],
    message: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(VivaceError, match=message):
        runtime._export_endpoint("TRACES")
    recorded.config["auto_configure"] = True
    with TestClient(Application(recorded.config)) as client:
        assert client.get("/").status_code == 404
    (warning,) = caplog.records
    assert (warning.name, warning.levelno) == ("vivace", logging.WARNING)
    assert message in warning.getMessage()
    assert not runtime._owned
    assert recorded.spans


# What is set up.


def test_export_to_a_collector(
    monkeypatch: pytest.MonkeyPatch, recorded: Recorded, collector: tuple[str, list[str]]
) -> None:
    base, paths = collector
    monkeypatch.setenv(ENDPOINT, base)
    recorded.config["auto_configure"] = True
    for _ in range(2):
        with TestClient(Application(recorded.config)) as client:
            client.get("/")
    assert {"/v1/traces", "/v1/metrics"} <= set(paths)
    assert len(runtime._owned) == len(runtime._configured) == 3
    runtime._shutdown()
    # The program's own providers go on.
    with recorded.tracer_provider.get_tracer("program").start_as_current_span("later"):
        pass
    assert recorded.spans[-1].name == "later"


def test_global_providers_are_made_once(collector: tuple[str, list[str]]) -> None:
    base, paths = collector
    program = f"""
import os
from starlette.applications import Starlette
from opentelemetry import trace
from vivace.telemetry import read_config, runtime
os.environ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = {base!r} + "/traces"
runtime._configure_from_environment(read_config(None))
first = trace.get_tracer_provider()
runtime._configure_from_environment(read_config(None))
assert trace.get_tracer_provider() is first
assert len(runtime._owned) == 1
first.get_tracer("test").start_span("one").end()
"""
    # The exit of the process sends what is queued.
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    assert paths == ["/traces"]


@pytest.mark.parametrize("auto_configure", [None, False])
def test_nothing_is_exported_unasked(
    monkeypatch: pytest.MonkeyPatch, recorded: Recorded, auto_configure: bool | None
) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:1")
    if auto_configure is not None:
        recorded.config["auto_configure"] = auto_configure
    with TestClient(Application(recorded.config)):
        assert not runtime._owned


@pytest.mark.parametrize("config", [{"tracing": False}, {"metrics": False}, {"logs": False}])
def test_only_signals_that_are_on_are_exported(
    monkeypatch: pytest.MonkeyPatch, recorded: Recorded, config: TelemetryConfig
) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:1")
    runtime._configure_from_environment(read_config({**recorded.config, **config}))
    assert len(runtime._configured) == 2
    for component in runtime._owned:
        component.shutdown()
    runtime._owned.clear()


def test_disabled_sdk(monkeypatch: pytest.MonkeyPatch, recorded: Recorded) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    runtime._configure_from_environment(read_config(recorded.config))
    assert not runtime._configured


def test_missing_sdk() -> None:
    program = """
import sys
from importlib.abc import MetaPathFinder
class Block(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter")):
            raise ImportError("no SDK")
sys.meta_path.insert(0, Block())
import os
from vivace.telemetry import read_config, runtime
os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1"
try:
    runtime._configure_from_environment(read_config(None))
except runtime.VivaceError as error:
    print(error)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "install vivace[opentelemetry]" in result.stdout, result.stderr


def test_provider_that_takes_no_exporter(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1")
    config: TelemetryConfig = {"tracer_provider": NoOpTracerProvider(), "auto_configure": True}
    with TestClient(Application(config)) as client:
        assert client.get("/").status_code == 404
    assert "NoOpTracerProvider does not support adding an OTLP exporter" in caplog.text


def test_exporter_is_closed_where_the_provider_refuses_it(
    monkeypatch: pytest.MonkeyPatch, recorded: Recorded
) -> None:
    closed: list[bool] = []

    class Exporter(SpanExporter):
        def __init__(self, *, endpoint: str) -> None: ...

        def export(self, spans: Any) -> SpanExportResult:
            return SpanExportResult.SUCCESS

        def shutdown(self) -> None:
            closed.append(True)

    def refuse(processor: object) -> None:
        raise ValueError("refused")

    monkeypatch.setattr(trace_exporter, "OTLPSpanExporter", Exporter)
    monkeypatch.setattr(recorded.tracer_provider, "add_span_processor", refuse)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(ValueError, match="refused"):
        runtime._configure_from_environment(read_config(recorded.config))
    assert closed == [True]
    assert not runtime._owned


def test_meter_provider_behind_a_proxy() -> None:
    class Proxy:
        provider = NoOpMeterProvider()

    assert runtime._registration_provider(Proxy()) is Proxy.provider
    provider = MeterProvider(shutdown_on_exit=False)
    assert runtime._registration_provider(provider) is provider
    provider.shutdown()


# The end of a lifespan.


class Component:
    def __init__(self, calls: list[str], *, fails: bool = False) -> None:
        self.calls = calls
        self.fails = fails
        self.thread: int | None = None

    def force_flush(self) -> None:
        self.thread = threading.get_ident()
        self._note("flush")

    def shutdown(self) -> None:
        self._note("shutdown")

    def _note(self, call: str) -> None:
        if self.fails:
            raise RuntimeError(call)
        self.calls.append(call)


@pytest.mark.parametrize(
    "message_type",
    ["lifespan.shutdown.complete", "lifespan.shutdown.failed", "lifespan.startup.failed"],
)
def test_flush_comes_before_the_last_message(
    monkeypatch: pytest.MonkeyPatch, message_type: str
) -> None:
    calls: list[str] = []
    component = Component(calls)
    monkeypatch.setattr(runtime, "_owned", [component])

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": message_type})

    async def send(message: Message) -> None:
        calls.append(message["type"])

    async def run() -> None:
        await runtime.lifespan(
            config=read_config(None), app=application, scope={}, receive=_nothing, send=send
        )

    anyio.run(run)
    assert calls == ["flush", message_type]
    assert component.thread != threading.get_ident()
    runtime._shutdown()
    runtime._shutdown()
    assert calls == ["flush", message_type, "shutdown"]


async def _nothing() -> Message:
    return {"type": "lifespan.startup"}


def test_a_failing_component_stops_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[str] = []
    components = [Component(calls, fails=True), Component(calls)]
    monkeypatch.setattr(runtime, "_owned", components)
    with TestClient(Application()):
        pass
    runtime._shutdown()
    assert calls == ["flush", "shutdown"]
    assert caplog.text.count("Vivace telemetry cleanup failed") == 2


@pytest.mark.parametrize("stage", ["start", "end"])
def test_errors_of_the_lifespan_itself_are_raised(stage: str) -> None:
    @contextlib.asynccontextmanager
    async def lifespan(application: Any) -> AsyncIterator[None]:
        if stage == "start":
            raise RuntimeError(stage)
        yield
        raise RuntimeError(stage)

    with (
        pytest.raises(RuntimeError, match=stage),
        TestClient(Application(lifespan=lifespan)),
    ):
        pass
