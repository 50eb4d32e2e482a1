"""The compiled handlers of one route: one as a rule, more where a test overrides dependencies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from vivace.analyse.overrides import override
from vivace.analyse.plan import EndpointPlan
from vivace.compile.handler import compile_handler, handler_source
from vivace.compile.options import HandlerOptions, Resume, Target
from vivace.runtime.body_limit import limit_body
from vivace.runtime.errors import TrackedSend, answer_late_error
from vivace.runtime.generators import CleanupStack, EarlyCleanupStack
from vivace.runtime.overrides import NO_OVERRIDES, Overrides, overrides_in, returning
from vivace.runtime.responses import nothing_returned
from vivace.serve.scope import current_route
from vivace.telemetry.naming import scope_key

RequestHandler = Callable[[Request], Awaitable[Response]]
#: Dependencies that have been called, each with what it has returned.
Made = Sequence[tuple[Any, Any]]
#: How many handlers one route keeps: its variants, and those for recent overrides.
MOST_COMPILED = 16


class Handled(Protocol):
    """What there are handlers for: a route of either kind, or a frontend."""

    @property
    def plan(self) -> EndpointPlan: ...
    @property
    def path_names(self) -> frozenset[str]: ...
    def handler_options(self) -> HandlerOptions: ...


class Handlers:
    """Compiles on first use, and remembers."""

    #: Whether overrides that are set during a request count for what is left of it. It takes a
    #: look at them between any two dependencies, and so only the alias's handlers do it.
    resumes = False

    def __init__(self, route: Handled) -> None:
        self.route = route
        self._compiled: dict[Hashable, Any] = {}
        #: The handler for what nearly every request finds: no overrides, no telemetry.
        self._plain: Any = None
        #: What the route's class has made, which it is asked for once.
        self._wrapper: Any = None
        self._telemetry_key = scope_key()

    @property
    def _target(self) -> Target:
        return self.route.handler_options().target

    def forget(self) -> None:
        """Forget what has been compiled: the route has been read anew."""
        self._compiled.clear()
        self._plain = self._wrapper = None

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that the route has matched."""
        await self.current(scope)(scope, receive, send)

    def current(self, scope: Scope) -> Any:
        """The ASGI handler for the overrides that hold now."""
        usual = self._telemetry_key not in scope and not overrides_in(scope)
        if usual and self._plain is not None:
            return self._plain
        handler = self._wrapped() if self.is_wrapped else self.compiled(self._target, scope)
        if usual:
            self._plain = handler
        return handler

    @property
    def is_wrapped(self) -> bool:
        """True where the route's class makes its own handler of the request."""
        return bool(getattr(self.route, "makes_handler", False))

    def compiled(self, target: Target, scope: Scope) -> Any:
        """The handler of this shape, for the overrides and the telemetry of this request."""
        overrides = overrides_in(scope)
        telemetry = scope.get(self._telemetry_key) is not None
        key = (target, telemetry, _key(overrides))
        handler = self._compiled.get(key)
        if handler is None:
            options = self._options(target, overrides, telemetry=telemetry)
            handler = compile_handler(self._plan(overrides), options)
            if len(self._compiled) >= MOST_COMPILED:
                # Tests that override with a new function each time would fill the memory.
                self._compiled.clear()
            self._compiled[key] = handler
        return handler

    def _options(
        self, target: Target, overrides: Overrides, *, telemetry: bool = False
    ) -> HandlerOptions:
        options = replace(self.route.handler_options(), target=target, telemetry=telemetry)
        if not self.resumes:
            return options
        function = self._resume_within if target is Target.REQUEST else self._resume
        return replace(options, resume=Resume(dict(overrides), function))

    def _plan(self, overrides: Overrides) -> EndpointPlan:
        plan = self.route.plan
        return override(plan, overrides, self.route.path_names) if overrides else plan

    def from_request(self) -> RequestHandler:
        """A function of the request which follows the overrides as they change."""

        async def handler(request: Request) -> Response:
            compiled = self.compiled(Target.REQUEST, request.scope)
            response: Response = await compiled(request)
            return response

        return handler

    async def _resume(self, made: Made, request: Request, send: Send) -> None:
        """Go on with a request whose dependencies have been replaced on its way."""
        await _respond(partial(self._resume_within, made), request, send)

    async def _resume_within(self, made: Made, request: Request) -> Response:
        scope = request.scope
        overrides = overrides_in(scope)
        telemetry = scope.get(self._telemetry_key) is not None
        options = self._options(Target.REQUEST, overrides, telemetry=telemetry)
        # What has been called is not called again. This is for one request: it is not kept.
        plan = self._plan({**overrides, **returning(made)})
        response: Response = await compile_handler(plan, options)(request)
        return response

    def _wrapped(self) -> Any:
        if self._wrapper is None:
            token = current_route.set(self.route)
            try:
                # Only a route for HTTP can be wrapped.
                route: Any = self.route
                made = route.original_route.get_route_handler()
                self._wrapper = _wrap(made, route.max_body_size)
            finally:
                current_route.reset(token)
        return self._wrapper

    def source(self) -> str:
        """The text of the handler as it is without overrides."""
        target = Target.REQUEST if self.is_wrapped else self._target
        options = self._options(target, NO_OVERRIDES)
        source, _ = handler_source(self.route.plan, options)
        return source.text()


def _key(overrides: Overrides) -> Hashable:
    # A replacement lives as long as the plan that holds it, so that its id stays its own.
    return tuple((old, id(new)) for old, new in overrides.items())


def _wrap(handler: RequestHandler, max_body_size: int | None) -> Any:
    """An ASGI app of a function that may wrap the compiled handler in anything."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await _respond(handler, Request(scope, receive, send), send, max_body_size)

    return serve


async def _respond(
    handler: RequestHandler, request: Request, send: Send, max_body_size: int | None = None
) -> None:
    """Send what ``handler`` returns, and clean up its dependencies around that."""
    tracked = TrackedSend(send)
    scope, receive, response = request.scope, request.receive, None
    try:
        if max_body_size is not None:
            request = Request(scope, limit_body(scope, receive, max_body_size), tracked)
        async with CleanupStack() as request_stack:
            scope["vivace.request_stack"] = request_stack
            async with EarlyCleanupStack(request_stack) as function_stack:
                scope["vivace.function_stack"] = function_stack
                response = await handler(request)
            if response is None:
                raise nothing_returned()
            await response(scope, receive, tracked)
        if response is None:
            raise nothing_returned()
    except Exception as error:
        await answer_late_error(error, scope, receive, tracked, request)


def endpoint_context(endpoint: Callable[..., Any], path: str) -> dict[str, Any]:
    """Where an endpoint stands, for the errors that are raised on its account."""
    code = getattr(endpoint, "__code__", None)
    context: dict[str, Any] = {"path": path}
    name = getattr(endpoint, "__name__", None)
    if name:
        context["function"] = name
    if code is not None:
        context["file"] = code.co_filename
        context["line"] = code.co_firstlineno
    return context
