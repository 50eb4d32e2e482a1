"""A whole handler, put together from what the other emitters write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from starlette.requests import Request

from vivace.analyse.plan import BodyKind, Calling, EndpointPlan, Injected, Scope, Step
from vivace.background import BackgroundTasks
from vivace.compile.body import emit_body, emit_body_parameters, needs_form
from vivace.compile.build import build
from vivace.compile.calls import GENERATORS, CallEmitter, hop, value_of
from vivace.compile.options import HandlerOptions, Target
from vivace.compile.parameters import emit_parameters, emit_sources
from vivace.compile.response import ResponseEmitter
from vivace.compile.resume import ResumeEmitter
from vivace.compile.source import Source, identifier
from vivace.exceptions import RequestValidationError, WebSocketRequestValidationError
from vivace.runtime.body_limit import limit_body
from vivace.runtime.errors import TrackedSend, answer_error, answer_late_error
from vivace.runtime.generators import CleanupStack, EarlyCleanupStack
from vivace.runtime.responses import parameter_response
from vivace.runtime.sending import send_response
from vivace.telemetry.naming import scope_key
from vivace.websockets import WebSocket

Handler = Callable[..., Any]


def compile_handler(plan: EndpointPlan, options: HandlerOptions) -> Handler:
    """The function that answers requests to the endpoint of ``plan``."""
    source, name = handler_source(plan, options)
    function = build(source, name, plan.root.call)
    function.plan = plan  # type: ignore[attr-defined]
    return function


def handler_source(plan: EndpointPlan, options: HandlerOptions) -> tuple[Source, str]:
    """The text of a handler with its namespace, and the name of its function."""
    emitter = TelemetryEmitter if options.telemetry else HandlerEmitter
    return emitter(plan, options).emit()


class HandlerEmitter:
    """Writes the handler of one plan."""

    def __init__(self, plan: EndpointPlan, options: HandlerOptions) -> None:
        if options.target is Target.WEBSOCKET and plan.body is not None:
            plan = replace(plan, body=replace(plan.body, kind=BodyKind.NONE))
        self.plan = plan
        self.options = options
        self.steps = _called(plan)
        self.root = plan.steps[-1]
        self.source = Source()
        self.injected = {kind for step in self.steps for _, kind in step.plan.injected}
        self.calls = CallEmitter(
            self.source,
            plan.steps,
            self._resume_emitter(),
            websocket=options.target is Target.WEBSOCKET,
        )
        self.response = ResponseEmitter(self.source, plan, options, self.injected)

    def emit(self) -> tuple[Source, str]:
        call: Any = self.plan.root.call
        name = identifier(getattr(call, "__name__", None) or type(call).__name__)
        signature = "request" if self.options.target is Target.REQUEST else "scope, receive, send"
        with self.source.block(f"async def {name}({signature}):"):
            match self.options.target:
                case Target.WEBSOCKET:
                    self._websocket()
                case Target.REQUEST:
                    self._from_request()
                case Target.ASGI if self._needs_stack:
                    self._with_stack()
                case _:
                    self._straight()
        return self.source, name

    # The three shapes of a handler.

    def _straight(self) -> None:
        """No clean-up: whatever fails before the first byte is answered in one place."""
        with self.source.block("try:"):
            self._limit_body()
            self._request_object()
            self._answer()
        answer = self.source.bind("answer_error", answer_error)
        with self.source.block("except Exception as error:"):
            self.source.line(f"return await {answer}(error, scope, receive, send)")
        self._send()

    def _with_stack(self) -> None:
        """Clean-up after the response: an error may come when it has begun."""
        self.source.line(f"send = {self.source.bind('TrackedSend', TrackedSend)}(send)")
        stack = self.source.bind("CleanupStack", CleanupStack)
        with self.source.block("try:"):
            self._limit_body()
            self._request_object()
            self.source.line("response = None")
            if self.response.sends_bytes:
                self.source.line("content = None")
            with self.source.block(f"async with {stack}() as request_stack:"):
                self._within_function_stack()
                self._send()
            self.response.emit_check()
        answer = self.source.bind("answer_late_error", answer_late_error)
        with self.source.block("except Exception as error:"):
            self.source.line(f"return await {answer}(error, scope, receive, send)")

    def _within_function_stack(self) -> None:
        if any(step.scope is Scope.FUNCTION for step in self.steps):
            early = self.source.bind("EarlyCleanupStack", EarlyCleanupStack)
            with self.source.block(f"async with {early}(request_stack) as function_stack:"):
                self._answer()
        else:
            self._answer()
        self.response.emit_check()

    def _from_request(self) -> None:
        """For a route that wraps its handler: the caller sends the response and cleans up."""
        self.source.line("scope = request.scope")
        self.source.line("receive = request.receive")
        if self._needs_stack:
            self.source.line('request_stack = scope["vivace.request_stack"]')
            self.source.line('function_stack = scope["vivace.function_stack"]')
        self._parameter_objects()
        self._answer()
        self.source.line("return response")

    def _websocket(self) -> None:
        websocket = self.source.bind("WebSocket", WebSocket)
        self.source.line(f"websocket = {websocket}(scope, receive, send)")
        self._parameter_objects()
        answer = self.source.bind("answer_error", answer_error)
        with self.source.block("try:"):
            if self._needs_stack:
                self._websocket_with_stack()
            else:
                # A socket is open for hours, and there are thousands of them: each would hold it.
                self._serve_websocket()
        with self.source.block("except Exception as error:"):
            self.source.line(f"return await {answer}(error, scope, receive, send, websocket)")

    def _websocket_with_stack(self) -> None:
        stack = self.source.bind("CleanupStack", CleanupStack)
        early = self.source.bind("EarlyCleanupStack", EarlyCleanupStack)
        with (
            self.source.block(f"async with {stack}() as request_stack:"),
            self.source.block(f"async with {early}(request_stack) as function_stack:"),
        ):
            self._serve_websocket()

    def _serve_websocket(self) -> None:
        self._read()
        self._call_all(WebSocketRequestValidationError)

    # Their parts.

    @property
    def _needs_stack(self) -> bool:
        return (
            needs_form(self.plan.body)
            or self.plan.response.stream is not None
            or any(
                step.plan.calling in GENERATORS
                # Those are cleaned up when the app shuts down.
                and step.scope is not Scope.APP
                for step in self.steps
                if step is not self.root
            )
        )

    @property
    def _needs_request(self) -> bool:
        return needs_form(self.plan.body) or bool(
            self.injected & {Injected.REQUEST, Injected.CONNECTION}
        )

    @property
    def _has_request(self) -> bool:
        return self._needs_request or self.options.target is Target.REQUEST

    def _resume_emitter(self) -> ResumeEmitter:
        return ResumeEmitter(
            self.source,
            self.options.resume,
            target=self.options.target,
            request="request" if self._has_request else None,
            body="body" if self.plan.body is not None else None,
            value_of=value_of,
        )

    def _limit_body(self) -> None:
        if self.options.max_body_size is not None:
            limit = self.source.bind("limit_body", limit_body)
            self.source.line(f"receive = {limit}(scope, receive, {self.options.max_body_size})")

    def _request_object(self) -> None:
        if self._needs_request:
            request = self.source.bind("Request", Request)
            self.source.line(f"request = {request}(scope, receive, send)")
        self._parameter_objects()

    def _parameter_objects(self) -> None:
        if Injected.RESPONSE in self.injected:
            made = self.source.bind("parameter_response", parameter_response)
            self.source.line(f"parameters = {made}()")
        if Injected.BACKGROUND_TASKS in self.injected:
            tasks = self.source.bind("BackgroundTasks", BackgroundTasks)
            self.source.line(f"background = {tasks}()")

    def _answer(self) -> None:
        """Read the request, call what is to be called, make the response."""
        self._read()
        self._call_all(RequestValidationError)
        self.response.emit(value_of(self.root))

    def _read(self) -> None:
        """Take the request apart, the body included."""
        emit_sources(self.source, self.steps)
        if self.plan.body is not None:
            emit_body(self.source, self.plan.body, self.options, self._has_request)

    def _validate(self) -> None:
        """Fill every parameter, and collect what is wrong with them."""
        body = self.plan.body
        failing = self._failing()
        if failing:
            self.source.line("errors = None")
        for step in self._conditional():
            self.source.line(f"{_flag(step)} = False")
        for step in failing:
            emit_parameters(self.source, step, step.plan.parameters)
            if body is not None:
                emit_body_parameters(self.source, step, body)

    def _failing(self) -> list[Step]:
        return [step for step in self.steps if step.plan.parameters]

    def _conditional(self) -> list[Step]:
        """Steps that are called only where their parameters are valid."""
        return [step for step in self._failing() if step is not self.root]

    def _call_all(self, error: type[Exception]) -> None:
        """Call the dependencies and the endpoint, where the parameters allow it."""
        self._validate()
        if self._failing():
            with self.source.block("if errors is not None:"):
                self._after_errors()
                self._raise(error)
        self.calls.holds = False
        if self.response.checks_in_thread:
            self.calls.checks[self.root.index] = self.response.check()
        if self._streams:
            self.calls.emit(self.steps[:-1])
            self.response.lane = self.calls.lane()
            self._call_generator()
        else:
            self.calls.emit(self.steps)
            if self.plan.response.stream is not None:
                self.response.lane = self.calls.lane()

    @property
    def _streams(self) -> bool:
        return self.root.plan.calling in GENERATORS

    def _call_generator(self) -> None:
        """An endpoint that yields is only started here: it runs while the response is sent."""
        self.source.line(f"{value_of(self.root)} = {self.calls.expression(self.root)}")

    def _raise(self, error: type[Exception]) -> None:
        name = self.source.bind(error.__name__, error)
        context = self.source.bind("endpoint_context", self.options.endpoint_context)
        body = "body=payload, " if self.plan.body and error is RequestValidationError else ""
        self.source.line(f"raise {name}(errors, {body}endpoint_ctx={context})")

    def _after_errors(self) -> None:
        """Call the dependencies that still can be: a 401 of theirs comes before the 422."""
        for step in self.steps[:-1]:
            flags = [
                _flag(self.calls.steps[i])
                for i in sorted(self._closure(step))
                if self.calls.steps[i] in self._conditional()
            ]
            if flags:
                with self.source.block(f"if not ({' or '.join(flags)}):"):
                    self.calls.emit_one(step)
            else:
                self.calls.emit_one(step)

    def _closure(self, step: Step) -> set[int]:
        found = {step.index}
        for index in step.needs:
            found |= self._closure(self.calls.steps[index])
        return found

    def _send(self) -> None:
        send = self.source.bind("send_response", send_response)
        if self.response.sends_bytes:
            with self.source.block("if response is not None:"):
                self.source.line(f"return await {send}(response, scope, receive, send)")
            self.response.emit_send()
        else:
            self.source.line(f"await {send}(response, scope, receive, send)")


class TelemetryEmitter(HandlerEmitter):
    """Writes the variant of a handler that reports its stages.

    See :mod:`vivace.telemetry` for what is reported when.
    """

    def __init__(self, plan: EndpointPlan, options: HandlerOptions) -> None:
        super().__init__(plan, options)
        self.response.stage = self._operation("serialization")

    def _operation(self, name: str) -> str:
        endpoint = self.source.bind("endpoint", self.plan.root.call)
        return f"with telemetry.operation({name!r}, {endpoint}):"

    @property
    def _needs_request(self) -> bool:
        return self.options.target is not Target.WEBSOCKET

    def _read(self) -> None:
        connection = "websocket" if self.options.target is Target.WEBSOCKET else "request"
        self.source.line(f"telemetry = scope[{scope_key()!r}]")
        self.source.line(f"telemetry.data.{connection} = {connection}")
        if self.plan.body is None:
            super()._read()
            return
        with self.source.block("try:"):
            super()._read()
        error = self.source.bind("RequestValidationError", RequestValidationError)
        with self.source.block(f"except {error} as error:"):
            self.source.line("telemetry.data.body = error.body")
            self.source.line("telemetry.validation_failed(error.errors())")
            self.source.line("raise")
        self.source.line("telemetry.data.body = payload")

    def _call_all(self, error: type[Exception]) -> None:
        with self.source.block(self._operation("dependencies")):
            self._validate()
            if self._failing():
                with self.source.block("if errors is None:"):
                    self._call_dependencies()
                with self.source.block("else:"):
                    self._after_errors()
            else:
                self._call_dependencies()
        if self._failing():
            with self.source.block("if errors is not None:"):
                self.source.line("telemetry.validation_failed(errors)")
                self._raise(error)
        values = ", ".join(f"{name!r}: {value}" for name, value in self.calls.arguments(self.root))
        self.source.line(f"telemetry.data.values, telemetry.data.errors = {{{values}}}, []")
        self._call_endpoint()

    def _call_dependencies(self) -> None:
        self.calls.holds = False
        self.calls.emit(self.steps[:-1])

    def _call_endpoint(self) -> None:
        self.response.lane = self.calls.lane()
        if self._streams:
            # It only starts here; the stream has no span of its own.
            self._call_generator()
        elif self.root.plan.calling is Calling.THREAD:
            operation = self._operation("endpoint")
            with self.source.block("def in_thread():"), self.source.block(operation):
                self.source.line(f"return {self.calls.expression(self.root)}")
            called = hop(self.source, "in_thread", self.calls.lane())
            self.source.line(f"{value_of(self.root)} = {called}")
        else:
            with self.source.block(self._operation("endpoint")):
                self.calls.emit([self.root])


def _flag(step: Step) -> str:
    return f"step_{step.index}_failed"


def _called(plan: EndpointPlan) -> Sequence[Step]:
    """The steps that a request makes: not those below a dependency of the app's own."""
    needed = {plan.steps[-1].index}
    for step in reversed(plan.steps):
        if step.index in needed and step.scope is not Scope.APP:
            needed.update(step.needs)
    return [step for step in plan.steps if step.index in needed]


__all__ = ["Handler", "compile_handler", "handler_source"]
