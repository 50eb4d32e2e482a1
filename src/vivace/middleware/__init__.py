"""Middleware: what stands between the server and the application.

Modules import from those before them::

    contexts, replay -> exchange -> function
    routes, request_id -> server_timing, access_log
    policies -> security_headers
    accept_encoding, codecs -> encoding -> compression

``json_lines`` stands by itself, and what is Starlette's has a module each.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from starlette.middleware import Middleware

if TYPE_CHECKING:
    from vivace.middleware.access_log import AccessLogMiddleware
    from vivace.middleware.compression import CompressionMiddleware
    from vivace.middleware.exchange import CallNext
    from vivace.middleware.function import CallNextSocket, FunctionMiddleware
    from vivace.middleware.json_lines import JSONLinesFormatter
    from vivace.middleware.request_id import (
        RequestId,
        RequestIdFilter,
        RequestIdMiddleware,
        get_request_id,
    )
    from vivace.middleware.security_headers import SecurityHeadersMiddleware
    from vivace.middleware.server_timing import (
        RequestTiming,
        ServerTimingMiddleware,
        add_timing,
        timing,
    )

# Each is imported when it is first used: an app waits for none that it does not have.
_HOMES = {
    "AccessLogMiddleware": "access_log",
    "CallNext": "exchange",
    "CallNextSocket": "function",
    "CompressionMiddleware": "compression",
    "FunctionMiddleware": "function",
    "JSONLinesFormatter": "json_lines",
    "RequestId": "request_id",
    "RequestIdFilter": "request_id",
    "RequestIdMiddleware": "request_id",
    "RequestTiming": "server_timing",
    "SecurityHeadersMiddleware": "security_headers",
    "ServerTimingMiddleware": "server_timing",
    "add_timing": "server_timing",
    "get_request_id": "request_id",
    "timing": "server_timing",
}

__all__ = [
    "AccessLogMiddleware",
    "CallNext",
    "CallNextSocket",
    "CompressionMiddleware",
    "FunctionMiddleware",
    "JSONLinesFormatter",
    "Middleware",
    "RequestId",
    "RequestIdFilter",
    "RequestIdMiddleware",
    "RequestTiming",
    "SecurityHeadersMiddleware",
    "ServerTimingMiddleware",
    "add_timing",
    "get_request_id",
    "timing",
]


if not TYPE_CHECKING:
    # Type checkers would take any name for one that is here.

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
