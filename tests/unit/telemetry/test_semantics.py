from __future__ import annotations

from typing import Any

import pytest

from vivace.telemetry import semantics


def http_scope(**values: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/items/1",
        "query_string": b"",
        "headers": [],
        "server": ("listener", 8000),
        **values,
    }


@pytest.mark.parametrize(
    ("scheme", "host", "expected"),
    [
        ("http", b"a.example", ("a.example", 80)),
        ("https", b"a.example", ("a.example", 443)),
        ("wss", b"a.example", ("a.example", 443)),
        ("http", b"A.example:8443", ("a.example", 8443)),
        ("http", b"[2001:db8::1]:1", ("2001:db8::1", 1)),
        ("http", b"[2001:db8::1]", ("2001:db8::1", 80)),
        ("custom", b"a.example", ("a.example", None)),
        ("http", b"a.example:port", (None, None)),
        ("http", b"a.example:99999", (None, None)),
        ("http", b"[open", (None, None)),
        ("http", b"user:secret@a.example", (None, None)),
        ("http", b"a.example/path", (None, None)),
        ("http", b"a.example?q", (None, None)),
        ("http", b"", (None, None)),
    ],
)
def test_host_header(scheme: str, host: bytes, expected: tuple[str | None, int | None]) -> None:
    attributes = semantics.make_server_attributes(
        http_scope(scheme=scheme, headers=[(b"host", host)])
    )
    assert (attributes.get("server.address"), attributes.get("server.port")) == expected


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        (("listener", 8000), {"server.address": "listener", "server.port": 8000}),
        (("/run/app.sock", None), {"server.address": "/run/app.sock"}),
        (None, {}),
    ],
)
def test_server_without_host_header(server: Any, expected: dict[str, Any]) -> None:
    assert semantics.make_server_attributes(http_scope(server=server)) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ""),
        ("a=1&a=2&empty=&flag", "a=1&a=2&empty=&flag="),
        ("%73ig=secret&q=a%26b", "sig=REDACTED&q=a%26b"),
        ("X-Amz-Signature=s&x-amz-signature=kept", "X-Amz-Signature=REDACTED&x-amz-signature=kept"),
    ],
)
def test_query_is_redacted(query: str, expected: str) -> None:
    assert semantics.redact_query(query) == expected


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (" QUERY , PROPFIND , ", {"QUERY", "PROPFIND"}),
        ("query", {"query"}),
        (" , ", semantics._KNOWN_METHODS),
        ("", semantics._KNOWN_METHODS),
    ],
)
def test_known_methods(monkeypatch: pytest.MonkeyPatch, listed: str, expected: set[str]) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", listed)
    assert semantics.read_known_methods() == expected


def test_http_attributes() -> None:
    scope = http_scope(http_version="2", query_string=b"q=1", method="MADE_UP")
    assert semantics.make_http_attributes(scope, "_OTHER") == {
        "http.request.method": "_OTHER",
        "http.request.method_original": "MADE_UP",
        "network.protocol.version": "2",
        "server.address": "listener",
        "server.port": 8000,
        "url.path": "/items/1",
        "url.query": "q=1",
        "url.scheme": "http",
    }


def test_websocket_attributes_hold_no_path() -> None:
    scope = http_scope(type="websocket", scheme="wss", headers=[(b"host", b"a.example")])
    assert semantics.make_websocket_attributes(scope) == {
        "network.protocol.name": "websocket",
        "server.address": "a.example",
        "server.port": 443,
        "url.scheme": "wss",
    }
