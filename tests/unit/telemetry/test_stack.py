from __future__ import annotations

from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.testclient import TestClient

from vivace.telemetry.stack import ExceptionRecorder, is_instrumented, record_exceptions_in

from .application import Application
from .conftest import Recorded


def test_the_original_stack_gets_no_recorder() -> None:
    stack = Starlette(debug=True).build_middleware_stack()
    recorded = record_exceptions_in(stack)
    assert isinstance(stack, ServerErrorMiddleware)
    assert isinstance(recorded, ServerErrorMiddleware)
    assert recorded.debug
    assert isinstance(recorded.app, ExceptionRecorder)
    assert recorded.app.app is stack.app
    assert not isinstance(stack.app, ExceptionRecorder)


def test_other_applications_are_taken_as_they_are() -> None:
    application = GZipMiddleware(Starlette())
    assert record_exceptions_in(application) is application


def test_instrumentation_is_found_anywhere_in_a_stack() -> None:
    plain = Starlette(middleware=[Middleware(GZipMiddleware)])
    assert not is_instrumented(plain.build_middleware_stack())
    middleware = [Middleware(GZipMiddleware), Middleware(OpenTelemetryMiddleware)]
    assert is_instrumented(Starlette(middleware=middleware).build_middleware_stack())


def test_instrumented_applications_are_not_recorded_twice(recorded: Recorded) -> None:
    application = Application(
        recorded.config,
        middleware=[
            Middleware(
                OpenTelemetryMiddleware,
                tracer_provider=recorded.tracer_provider,
                exclude_spans=["receive", "send"],
            )
        ],
    )
    assert TestClient(application).get("/").status_code == 404
    (span,) = recorded.spans
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "opentelemetry.instrumentation.asgi"
