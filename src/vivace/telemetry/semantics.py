"""Attributes of requests, as OpenTelemetry's semantic conventions for HTTP name them.

https://opentelemetry.io/docs/specs/semconv/http/
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

if TYPE_CHECKING:
    from starlette.types import Scope

#: RFC 9110 section 9, PATCH (RFC 5789), and QUERY, which the conventions count among them.
_KNOWN_METHODS = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"}
)

_DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}

#: Parameters whose values grant access: signatures of S3, Azure and Google Cloud Storage URLs.
_SECRET_PARAMETERS = frozenset(
    {
        "X-Amz-Credential",
        "X-Amz-Security-Token",
        "X-Amz-Signature",
        "X-Goog-Signature",
        "sig",
    }
)


def read_known_methods() -> frozenset[str]:
    """The methods that are recorded by name; all others count as one, to bound cardinality.

    A list in ``OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS`` takes the place of the standard one.
    """
    listed = os.environ.get("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", "").split(",")
    return frozenset(filter(None, map(str.strip, listed))) or _KNOWN_METHODS


def make_http_attributes(scope: Scope, method: str) -> dict[str, str | int]:
    """The attributes of a request's server span that are known when it begins.

    Args:
        scope: The ASGI scope of the request.
        method: The request's method where it is a known one, else ``_OTHER``.
    """
    attributes: dict[str, str | int] = {
        "http.request.method": method,
        "url.path": scope["path"],
        "url.scheme": scope.get("scheme", "http"),
    }
    if method == "_OTHER":
        attributes["http.request.method_original"] = scope["method"]
    if version := scope.get("http_version"):
        attributes["network.protocol.version"] = version
    if query := redact_query(scope.get("query_string", b"").decode("latin-1")):
        attributes["url.query"] = query
    attributes.update(make_server_attributes(scope))
    return attributes


def make_websocket_attributes(scope: Scope) -> dict[str, str | int]:
    """The attributes of a WebSocket connection's server span."""
    return {
        "network.protocol.name": "websocket",
        "url.scheme": scope.get("scheme", "ws"),
        **make_server_attributes(scope),
    }


def redact_query(query: str) -> str:
    """A query string in normal form, without values that would grant access."""
    return urlencode(
        [
            (name, "REDACTED" if name in _SECRET_PARAMETERS else value)
            for name, value in parse_qsl(query, keep_blank_values=True)
        ]
    )


def make_server_attributes(scope: Scope) -> dict[str, str | int]:
    """The address that the client asked for, else the one that the server listens on.

    Nothing where the Host header is not a host and a port (RFC 3986 section 3.2): what a client
    wrote there is then no address.
    """
    host = next((value for name, value in scope["headers"] if name == b"host"), None)
    if host is not None:
        return _parse_authority(host.decode("latin-1"), scope.get("scheme", "http"))
    address, port = scope.get("server") or (None, None)
    attributes: dict[str, str | int] = {}
    if address:
        attributes["server.address"] = address
    if port is not None:
        attributes["server.port"] = port
    return attributes


def _parse_authority(authority: str, scheme: str) -> dict[str, str | int]:
    try:
        parts = urlsplit(f"//{authority}")
        address, port = parts.hostname, parts.port
    except ValueError:
        return {}
    if not address or parts.netloc != authority or "@" in authority:
        return {}
    if port is None:
        port = _DEFAULT_PORTS.get(scheme)
    attributes: dict[str, str | int] = {"server.address": address}
    if port is not None:
        attributes["server.port"] = port
    return attributes
