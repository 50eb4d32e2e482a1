"""How far the response to a request has got, and what is recorded once it is complete."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from vivace.telemetry import naming
from vivace.telemetry.operations import mark_failed

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

    from vivace.telemetry.providers import HttpInstruments
    from vivace.telemetry.request import RequestTelemetry

#: Messages that carry a part of the body, or all of it.
_BODY_MESSAGES = frozenset(
    {"http.response.body", "http.response.pathsend", "http.response.zerocopysend"}
)


class HttpExchange:
    """A request and its response.

    The span ends, and the duration counts, when the last message has been sent: background tasks
    and clean-up that follow are no part of what the client waits for.

    Args:
        telemetry: The telemetry of the request.
        instruments: ``None`` where nothing is measured.
        scope: The ASGI scope of the request.
        method: The method under which the request is counted.
    """

    def __init__(
        self,
        telemetry: RequestTelemetry,
        instruments: HttpInstruments | None,
        scope: Scope,
        method: str,
    ) -> None:
        self._telemetry = telemetry
        self._instruments = instruments
        self._attributes: dict[str, str | int] = {
            "http.request.method": method,
            "url.scheme": scope.get("scheme", "http"),
        }
        self._protocol_version: str | None = scope.get("http_version")
        self._status: int | None = None
        self._has_trailers = False
        self._is_disconnected = False
        self._is_over = False
        self._began = time.perf_counter()
        if instruments is not None:
            instruments.active.add(1, self._attributes)

    def receiving(self, receive: Receive) -> Receive:
        """``receive``, watched for the client's leaving."""

        async def receive_and_watch() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect":
                self._is_disconnected = True
            return message

        return receive_and_watch

    def sending(self, send: Send) -> Send:
        """``send``, watched for the response's status and its end."""

        async def send_and_watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._start(message)
            await send(message)
            if self._completes(message):
                self.complete()

        return send_and_watch

    def _start(self, message: Message) -> None:
        status = self._status = message["status"]
        self._has_trailers = message.get("trailers", False)
        if self._telemetry.span is not None:
            self._telemetry.span.set_attribute("http.response.status_code", status)

    def _completes(self, message: Message) -> bool:
        if self._has_trailers:
            return message["type"] == "http.response.trailers" and not message.get(
                "more_trailers", False
            )
        return message["type"] in _BODY_MESSAGES and not message.get("more_body", False)

    def complete(self) -> None:
        """Record that the whole response has been sent."""
        error_type = None
        if self._status is not None and self._status >= 500:
            exception = self._telemetry.exception
            error_type = str(self._status) if exception is None else _name_of(exception)
        self._end(error_type)

    def fail(self, exception: BaseException) -> None:
        """Record that ``exception`` ended the exchange, unless the response was complete."""
        self._end(_name_of(exception))

    def abandon(self) -> None:
        """Record that the application returned, unless it did so after a complete response."""
        cause = ConnectionError if self._is_disconnected else RuntimeError
        self._end(naming.type_name(cause))

    def _end(self, error_type: str | None) -> None:
        if self._is_over:
            return
        self._is_over = True
        if (span := self._telemetry.span) is not None:
            if error_type is not None:
                mark_failed(span, error_type)
            span.end()
        if self._instruments is not None:
            self._instruments.active.add(-1, self._attributes)
            duration = time.perf_counter() - self._began
            self._instruments.duration.record(duration, self._make_attributes(error_type))

    def _make_attributes(self, error_type: str | None) -> dict[str, str | int]:
        optional = {
            "error.type": error_type,
            "http.response.status_code": self._status,
            "http.route": self._telemetry.route,
            "network.protocol.version": self._protocol_version or None,
        }
        known = {name: value for name, value in optional.items() if value is not None}
        return {**self._attributes, **known}


def _name_of(exception: BaseException) -> str:
    return naming.type_name(type(exception))
