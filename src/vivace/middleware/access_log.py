"""One log record for each request and each WebSocket, with attributes named as OpenTelemetry does.

https://opentelemetry.io/docs/specs/semconv/http/http-spans/
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, urlencode

from vivace import WebSocketDisconnect
from vivace.addresses import ClientAddress
from vivace.middleware.request_id import SCOPE_KEY as REQUEST_ID
from vivace.middleware.routes import RouteWatch
from vivace.requests import HTTPConnection
from vivace.types import ASGIApp, Message, Receive, Scope, Send

Query = Literal["omit", "names", "full"]

#: Characters of what a client chooses; the rest is cut off.
LONGEST = 1024
#: The codes of clients that leave as they may (RFC 6455, section 7.4.1).
ORDERLY = (1000, 1001, 1005)
#: Parameters of a query that are looked at; those after them are left out.
MOST_PARAMETERS = 64
#: Parameters whose values are left out of ``query="full"`` too, in lower case.
SECRETS = frozenset(
    {
        *("access_token", "api_key", "apikey", "auth", "client_secret", "code", "id_token", "key"),
        *("password", "refresh_token", "secret", "sig", "signature", "state", "token"),
        *("x-amz-credential", "x-amz-security-token", "x-amz-signature", "x-goog-signature"),
    }
)


class AccessLogMiddleware:
    """Logs each request when its response is complete, has broken off or has failed.

    A record is of level ``INFO``; of an error of the server, ``ERROR``; of a response that was not
    sent to its end, ``WARNING``. Its message is one line for people, and its attributes are
    ``http.request.method``, ``url.path``, ``url.query``, ``url.scheme``, ``http.route``,
    ``http.response.status_code``, ``http.request.body.size`` and ``http.response.body.size`` (bytes
    that were read and sent), ``http.server.request.duration`` (seconds), ``client.address``,
    ``user_agent.original``, ``network.protocol.version``, ``request_id`` and ``error.type``, each
    where it is known. What cannot be printed is escaped in all of them.

    Args:
        app: What comes next.
        logger: The name of the logger.
        query: ``"names"`` has the names of parameters, with ``REDACTED`` for values; ``"omit"``
            nothing; ``"full"`` values too, except of parameters that are secrets by their names.
        address: Tells the address of a client; one that knows the proxies, behind proxies.
        exclude: Paths of which nothing is logged, as ``{"/health"}``; or a function of the scope
            that says so.
    """

    #: Errors are raised again as they are.
    passes_errors = True

    def __init__(
        self,
        app: ASGIApp,
        *,
        logger: str = "vivace.access",
        query: Query = "names",
        address: ClientAddress | None = None,
        exclude: Collection[str] | Callable[[Scope], bool] = (),
    ) -> None:
        if query not in ("omit", "names", "full"):
            raise ValueError(f'query={query!r} is none of "omit", "names" and "full".')
        if isinstance(exclude, str):
            raise ValueError(f"exclude={exclude!r} is a string. Give a set of paths.")
        self.app = app
        self._logger = logging.getLogger(logger)
        self._query: Query = query
        self._address = address or ClientAddress()
        self._is_excluded: Callable[[Scope], bool]
        if callable(exclude):
            self._is_excluded = exclude
        else:
            paths = frozenset(exclude)
            self._is_excluded = lambda scope: scope["path"] in paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] not in ("http", "websocket")
            or not self._logger.isEnabledFor(logging.ERROR)
            or self._is_excluded(scope)
        ):
            await self.app(scope, receive, send)
            return
        visit = Visit(scope, self._log)
        try:
            await self.app(scope, visit.receiving(receive), visit.sending(send))
        except BaseException as error:
            visit.end(error)
            raise
        visit.end()

    def _log(self, visit: Visit) -> None:
        level = visit.level
        if not self._logger.isEnabledFor(level):
            return
        attributes = self._attributes(visit)
        status = visit.status or "-"
        said = f"{attributes['http.request.method']} {attributes['url.path']} {status}"
        if "error.type" in attributes:
            said += f" {attributes['error.type']}"
        # Made by hand, as where it was logged from says nothing, and to find out takes a while.
        arguments = (said, visit.duration * 1000)
        record = self._logger.makeRecord(
            self._logger.name, level, __file__, 0, "%s %.1fms", arguments, None, extra=attributes
        )
        self._logger.handle(record)

    def _attributes(self, visit: Visit) -> dict[str, Any]:
        scope = visit.scope
        connection = HTTPConnection(scope)
        address = self._address.find(connection)
        found = {
            "http.request.method": scope.get("method", "GET"),
            "url.path": visit.path,
            "url.scheme": scope.get("scheme"),
            "url.query": self._redacted(scope.get("query_string", b"")),
            "http.route": visit.watch.template(),
            "http.response.status_code": visit.status,
            "http.request.body.size": visit.received,
            "http.response.body.size": visit.sent,
            "http.server.request.duration": round(visit.duration, 6),
            "client.address": None if address is None else str(address),
            "user_agent.original": connection.headers.get("user-agent"),
            "network.protocol.name": "websocket" if scope["type"] == "websocket" else None,
            "network.protocol.version": scope.get("http_version"),
            "websocket.close_code": visit.close_code,
            "request_id": scope.get(REQUEST_ID),
            "error.type": visit.error_type,
        }
        return {
            name: make_printable(value) if isinstance(value, str) else value
            for name, value in found.items()
            if value is not None
        }

    def _redacted(self, query: bytes) -> str | None:
        if not query or self._query == "omit":
            return None
        pairs = parse_qsl(
            "&".join(query.decode("latin-1").split("&", MOST_PARAMETERS)[:MOST_PARAMETERS]),
            keep_blank_values=True,
        )
        is_full = self._query == "full"
        return urlencode(
            [
                (name, value if is_full and name.lower() not in SECRETS else "REDACTED")
                for name, value in pairs
            ],
            quote_via=quote,
        )


class Visit:
    """What is known of a request, or a WebSocket, while it is answered.

    Args:
        log: Called once, when it is over.
    """

    def __init__(self, scope: Scope, log: Callable[[Visit], None]) -> None:
        self.scope = scope
        self.path: str = scope["path"]
        self.watch = RouteWatch(scope)
        self.status: int | None = None
        self.close_code: int | None = None
        self.received = 0
        self.sent = 0
        self.duration = 0.0
        self.error_type: str | None = None
        self._log = log
        self._began = time.perf_counter()
        self._is_complete = False
        self._has_left = False
        self._is_logged = False

    @property
    def level(self) -> int:
        """Of the record."""
        if self.status is not None and self.status >= 500:
            return logging.ERROR
        if self.error_type is None:
            return logging.INFO
        return logging.WARNING if self._has_left else logging.ERROR

    def receiving(self, receive: Receive) -> Receive:
        """``receive``, watched."""

        async def receive_watched() -> Message:
            message = await receive()
            kind = message["type"]
            if kind == "http.request":
                self.received += len(message.get("body", b""))
            elif kind == "http.disconnect":
                self._has_left = True
            elif kind == "websocket.disconnect" and self.close_code is None:
                self._has_left = True
                self.close_code = message.get("code", 1005)
            return message

        return receive_watched

    def sending(self, send: Send) -> Send:
        """``send``, watched."""

        async def send_watched(message: Message) -> None:
            await send(message)
            kind = message["type"]
            if kind == "http.response.body" or kind == "websocket.http.response.body":
                self.sent += len(message.get("body", b""))
                if not message.get("more_body", False):
                    self._complete()
            elif kind == "http.response.start" or kind == "websocket.http.response.start":
                self.status = message["status"]
            elif kind == "http.response.pathsend" or kind == "http.response.zerocopysend":
                if not message.get("more_body", False):
                    self._complete()
            elif kind == "websocket.accept":
                self.status = 101
            elif kind == "websocket.close":
                self.close_code = message.get("code", 1000)
                self.status = self.status or 403  # As servers answer it before it is accepted.

        return send_watched

    def _complete(self) -> None:
        self._is_complete = True
        self.duration = time.perf_counter() - self._began
        # What follows a response is nothing that a client waits for. But an error that it tells
        # of is still on its way.
        if self.status is not None and self.status < 500 and self.scope["type"] == "http":
            self._log_once()

    def end(self, error: BaseException | None = None) -> None:
        """The app has returned, or has raised ``error``."""
        if not self._is_complete:
            self.duration = time.perf_counter() - self._began
        if error is not None:
            if not (isinstance(error, WebSocketDisconnect) and error.code in ORDERLY):
                self.error_type = _name_of(type(error))
        elif self.scope["type"] == "http" and not self._is_complete:
            self.error_type = _name_of(ConnectionError if self._has_left else RuntimeError)
        elif self.status is not None and self.status >= 500:
            self.error_type = str(self.status)
        self._log_once()

    def _log_once(self) -> None:
        if not self._is_logged:
            self._is_logged = True
            self._log(self)


def make_printable(text: str) -> str:
    """``text`` on one line: what does not print is escaped, and what is too long cut off."""
    text = text[:LONGEST]
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def _name_of(kind: type) -> str:
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else (f"{kind.__module__}.{kind.__qualname__}")
    )


__all__ = ["AccessLogMiddleware"]
