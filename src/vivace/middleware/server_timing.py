"""How long parts of a request took, for the browser's developer tools and for callbacks.

W3C Server Timing: https://www.w3.org/TR/server-timing/
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from vivace.middleware.routes import RouteWatch
from vivace.requests import HTTPConnection
from vivace.types import ASGIApp, Message, Receive, Scope, Send

_logger = logging.getLogger("vivace.middleware")

#: A token (RFC 9110, section 5.6.2).
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

#: A response has no more metrics of its own than these, whatever a loop adds.
MOST_METRICS = 64


@dataclass
class Metric:
    """A metric of one request.

    Args:
        duration: In seconds; ``None`` where only the fact is told.
        description: For people.
    """

    duration: float | None = None
    description: str | None = None


@dataclass(frozen=True)
class RequestTiming:
    """What a request took, as callbacks get it.

    Args:
        method: Its method.
        route: The template of its route, as ``"/items/{id}"``; ``None`` where there is none.
        status: The status of the response; ``None`` where none was sent.
        duration: Seconds until the response was complete, or had broken off.
        metrics: What endpoints have added, by name; durations in seconds.
    """

    method: str
    route: str | None
    status: int | None
    duration: float
    metrics: dict[str, Metric] = field(default_factory=dict)


_metrics: ContextVar[dict[str, Metric] | None] = ContextVar("vivace_timings", default=None)


def add_timing(name: str, duration: float | None = None, description: str | None = None) -> None:
    """Add a metric to the request that is being answered; nothing happens outside of one.

    Durations that are added under one name are summed. What is added after the response has begun
    is for callbacks alone.

    Args:
        name: A token, as ``"db"``.
        duration: Seconds.
        description: For people; visible characters of ASCII and spaces.

    Raises:
        ValueError: ``name`` or ``description`` is not made of what it may be made of.
    """
    _check(name, description)
    metrics = _metrics.get()
    if metrics is not None:
        _add(metrics, name, duration, description)


@contextmanager
def timing(name: str, description: str | None = None) -> Iterator[None]:
    """Around what is measured: adds its duration under ``name``, also when it fails.

    Raises:
        ValueError: As :func:`add_timing`.
    """
    _check(name, description)
    began = time.perf_counter()
    try:
        yield
    finally:
        metrics = _metrics.get()
        if metrics is not None:
            _add(metrics, name, time.perf_counter() - began, description)


def _check(name: str, description: str | None) -> None:
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"The name of a metric, {name!r}, is no token: letters, digits, - and _.")
    if description and not (description.isascii() and description.isprintable()):
        raise ValueError(f"The description {description!r} is not made of characters of ASCII.")


def _add(
    metrics: dict[str, Metric], name: str, duration: float | None, description: str | None
) -> None:
    metric = metrics.get(name)
    if metric is None:
        if len(metrics) >= MOST_METRICS:
            return
        metric = metrics[name] = Metric()
    if duration is not None:
        metric.duration = (metric.duration or 0) + duration
    metric.description = description or metric.description


class ServerTimingMiddleware:
    """Sends ``Server-Timing`` with what :func:`timing` has measured, and with the time in all.

    ``total`` is the time until the response begins: the header is sent then. With it a client
    learns how long the server works, which may tell what it is not told otherwise: show it to whom
    it is for.

    Args:
        app: What comes next.
        total: The name of the time in all; ``None`` leaves it out.
        show: Whether the header is sent; or a function of the connection that says it.
        allow_origin: Pages of which other origins may read it, as ``Timing-Allow-Origin`` says
            (W3C Resource Timing, section 4.5.1): ``"*"`` or origins, separated by commas.
        on_complete: Called with each request's :class:`RequestTiming` when its response is
            complete, in the event loop, which it must not block.

    Raises:
        ValueError: ``total`` is no token.
    """

    #: Errors are raised again as they are.
    passes_errors = True

    def __init__(
        self,
        app: ASGIApp,
        *,
        total: str | None = "total",
        show: bool | Callable[[HTTPConnection], bool] = True,
        allow_origin: str | None = None,
        on_complete: Callable[[RequestTiming], None] | None = None,
    ) -> None:
        if total is not None:
            _check(total, None)
        self.app = app
        self._total = total
        self._show = show
        self._allow_origin = allow_origin
        self._on_complete = on_complete

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        shown = self._show(HTTPConnection(scope)) if callable(self._show) else self._show
        metrics: dict[str, Metric] = {}
        status: int | None = None
        is_reported = False
        watch = RouteWatch(scope)

        def report() -> None:
            nonlocal is_reported
            if self._on_complete is None or is_reported:
                return
            is_reported = True
            duration = time.perf_counter() - began
            done = RequestTiming(scope["method"], watch.template(), status, duration, metrics)
            try:
                self._on_complete(done)
            except Exception:
                _logger.exception("The callback of ServerTimingMiddleware has failed.")

        async def send_timed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if shown:
                    fields = self._fields(metrics, time.perf_counter() - began)
                    message = {**message, "headers": [*message.get("headers", ()), *fields]}
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                report()

        token = _metrics.set(metrics)
        try:
            await self.app(scope, receive, send_timed)
        finally:
            report()
            _metrics.reset(token)

    def _fields(self, metrics: dict[str, Metric], total: float) -> Iterator[tuple[bytes, bytes]]:
        written = [_write(name, metric) for name, metric in [*metrics.items()]]
        if self._total is not None:
            written.insert(0, _write(self._total, Metric(total)))
        if written:
            yield b"server-timing", ", ".join(written).encode()
            if self._allow_origin is not None:
                yield b"timing-allow-origin", self._allow_origin.encode()


def _write(name: str, metric: Metric) -> str:
    text = name
    if metric.description:
        quoted = re.sub(r'(["\\])', r"\\\1", metric.description)
        text += f';desc="{quoted}"'
    if metric.duration is not None:
        text += f";dur={metric.duration * 1000:.3f}"
    return text


__all__ = [
    "Metric",
    "RequestTiming",
    "ServerTimingMiddleware",
    "add_timing",
    "timing",
]
