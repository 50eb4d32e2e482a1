"""The layer around an application: server spans, metrics, and logs of unhandled exceptions."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry import context, trace
from opentelemetry.trace import SpanKind

from vivace.telemetry import events, naming, semantics
from vivace.telemetry.data import CONTEXT_KEY
from vivace.telemetry.exchange import HttpExchange
from vivace.telemetry.operations import mark_failed
from vivace.telemetry.propagation import extract
from vivace.telemetry.providers import Signals
from vivace.telemetry.request import RequestTelemetry, is_answer
from vivace.telemetry.stack import is_instrumented, record_exceptions_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry._logs import Logger
    from opentelemetry.trace import Tracer
    from starlette.types import ASGIApp, Receive, Scope, Send

    from vivace.telemetry.config import TelemetrySettings


class ServerTelemetry:
    """Runs an application for a request or a connection and records it.

    Args:
        settings: What to record, and to which providers.
    """

    def __init__(self, settings: TelemetrySettings) -> None:
        self._signals = Signals(settings)
        self._exclude = settings.exclude
        self._has_operations = settings.operation_spans
        self._scope_key = naming.scope_key()
        self._known_methods = semantics.read_known_methods()
        self._prepared: tuple[ASGIApp, ASGIApp | None] | None = None

    async def __call__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        # An application around this one may have decided already, or be recording the request.
        if scope["type"] not in ("http", "websocket") or self._scope_key in scope:
            await app(scope, receive, send)
            return
        recorded = self._prepare(app)
        if recorded is None or (self._exclude is not None and self._exclude(scope)):
            await self._run_unrecorded(app, scope, receive, send)
        elif scope["type"] == "http":
            await self._run_http(recorded, scope, receive, send)
        else:
            await self._run_websocket(recorded, scope, receive, send)

    def _prepare(self, app: ASGIApp) -> ASGIApp | None:
        """What to run in place of ``app``; ``None`` where others record its requests."""
        if self._prepared is None or self._prepared[0] is not app:
            recorded = None if is_instrumented(app) else record_exceptions_in(app)
            self._prepared = (app, recorded)
        return self._prepared[1]

    async def _run_unrecorded(
        self, app: ASGIApp, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Run ``app`` so that neither it nor an application in it records the request."""
        scope[self._scope_key] = None
        # A request that is made in the course of another one must not see the other's data.
        is_nested = context.get_value(CONTEXT_KEY) is not None
        token = context.attach(context.set_value(CONTEXT_KEY, None)) if is_nested else None
        try:
            await app(scope, receive, send)
        finally:
            if token is not None:
                context.detach(token)
            scope.pop(self._scope_key, None)

    async def _run_http(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        tracer = self._signals.tracer.get()
        instruments = self._signals.instruments.get()
        logger = self._signals.logger.get()
        if tracer is None and instruments is None and logger is None:
            await app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in self._known_methods else "_OTHER"
        name = "HTTP" if method == "_OTHER" else method
        telemetry = self._make_telemetry(name, scope, tracer, logger)
        attributes = {} if tracer is None else semantics.make_http_attributes(scope, method)
        with self._current(telemetry, tracer, scope, attributes):
            exchange = HttpExchange(telemetry, instruments, scope, method)
            try:
                await app(scope, exchange.receiving(receive), exchange.sending(send))
            except BaseException as exception:
                exchange.fail(exception)
                if logger is not None and isinstance(exception, Exception):
                    events.emit_request_exception(logger, telemetry.route, exception)
                raise
            exchange.abandon()

    async def _run_websocket(
        self, app: ASGIApp, scope: Scope, receive: Receive, send: Send
    ) -> None:
        tracer = self._signals.tracer.get()
        logger = self._signals.logger.get()
        if tracer is None and logger is None:
            await app(scope, receive, send)
            return
        telemetry = self._make_telemetry("WS", scope, tracer, logger)
        attributes = {} if tracer is None else semantics.make_websocket_attributes(scope)
        with self._current(telemetry, tracer, scope, attributes):
            try:
                await app(scope, receive, send)
            except BaseException as exception:
                if not is_answer(exception):
                    _record_websocket_exception(telemetry, exception)
                raise
            finally:
                if telemetry.span is not None:
                    telemetry.span.end()

    def _make_telemetry(
        self, name: str, scope: Scope, tracer: Tracer | None, logger: Logger | None
    ) -> RequestTelemetry:
        return RequestTelemetry(
            name=name,
            root_path=scope.get("root_path", ""),
            tracer=tracer,
            logger=logger,
            has_operations=self._has_operations,
        )

    @contextmanager
    def _current(
        self,
        telemetry: RequestTelemetry,
        tracer: Tracer | None,
        scope: Scope,
        attributes: Mapping[str, str | int],
    ) -> Iterator[None]:
        """Make ``telemetry`` and its server span those of ``scope`` and of the current context."""
        if tracer is None:
            current = context.set_value(CONTEXT_KEY, telemetry)
        else:
            # The data is in the context before the span begins, for processors to find.
            current = context.set_value(CONTEXT_KEY, telemetry, extract(scope["headers"]))
            telemetry.span = tracer.start_span(
                telemetry.name, current, kind=SpanKind.SERVER, attributes=attributes
            )
            current = trace.set_span_in_context(telemetry.span, current)
        token = context.attach(current)
        scope[self._scope_key] = telemetry
        try:
            yield
        finally:
            telemetry.close()
            context.detach(token)
            scope.pop(self._scope_key, None)


def _record_websocket_exception(telemetry: RequestTelemetry, exception: BaseException) -> None:
    if telemetry.span is not None:
        mark_failed(telemetry.span, naming.type_name(type(exception)))
    if telemetry.logger is not None and isinstance(exception, Exception):
        events.emit_websocket_exception(telemetry.logger, telemetry.route, exception)
