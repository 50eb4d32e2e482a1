"""OpenTelemetry: spans, metrics and logs of requests, at next to no cost where nobody listens.

Importing this package does not import OpenTelemetry: modules that need it are imported when there
is something to record to. Until then a request pays for :meth:`Telemetry.is_active`.

The application makes one :class:`Telemetry` and sends every request through it that may be
recorded; ``stack`` is the whole of its middleware, ``ServerErrorMiddleware`` outermost::

    self._telemetry = read_config(telemetry)
    self._recorder = Telemetry(self._telemetry)

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await self._recorder.lifespan(stack, scope, receive, send)
        elif self._recorder.is_active():
            await self._recorder(stack, scope, receive, send)
        else:
            await stack(scope, receive, send)

While a request is recorded, ``scope[scope_key()]`` holds its :class:`RequestTelemetry`, in mounted
applications too; ``None`` stands there where it must not be, and no key where nobody records. The
router tells it which route took the request, before it runs the route: for a full match, for one
that misses the method alone (405), and for one that a redirect of slashes leads to::

    record_route(scope, route)              # a Mount as well; outer routes before inner ones

Who answers an unhandled exception with status 500 notes it first, as the answer ends the span::

    record_unhandled(scope, error)          # not needed below ServerErrorMiddleware

Both functions are in :mod:`vivace.telemetry.routes`.

A handler has a second variant for requests with telemetry. That makes the ``Request`` in any case
and wraps its stages, all inside of the exit stacks and of the handling of exceptions::

    telemetry.data.request = request        # or .websocket = websocket
    telemetry.data.body = body              # as parsed; the text of a body that is no JSON
    with telemetry.operation("dependencies", endpoint):
        ...                                 # validation and dependencies; raises no 422
    if errors:
        telemetry.validation_failed(errors)  # then raise RequestValidationError
    telemetry.data.values, telemetry.data.errors = values, []
    with telemetry.operation("endpoint", endpoint):
        result = await endpoint(**values)
    with telemetry.operation("serialization", endpoint):
        ...                                 # only where the result is not a Response
    await response(scope, receive, send)

An endpoint that needs a worker thread has its operation entered in that thread, around the call
alone. A body that is no JSON is reported by ``validation_failed`` before the dependencies'
operation begins. Endpoints that stream have that operation alone; those of WebSockets have no
serialization. ``BackgroundTasks`` runs each task in ``with background_task(task.func)``.
"""

from __future__ import annotations

from vivace.telemetry.background import background_task
from vivace.telemetry.config import TelemetryConfig, TelemetrySettings, read_config
from vivace.telemetry.data import TelemetryData, get_telemetry_data
from vivace.telemetry.layer import Telemetry
from vivace.telemetry.naming import scope_key

__all__ = [
    "Telemetry",
    "TelemetryConfig",
    "TelemetryData",
    "TelemetrySettings",
    "background_task",
    "get_telemetry_data",
    "read_config",
    "scope_key",
]
