"""Tells a request's telemetry which route took it, and what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vivace.telemetry.naming import scope_key

if TYPE_CHECKING:
    from starlette.routing import BaseRoute
    from starlette.types import Scope


def record_route(scope: Scope, route: BaseRoute) -> None:
    """Note the route, outer ones before inner ones, where the request is recorded."""
    telemetry = scope.get(scope_key())
    if telemetry is not None:
        telemetry.record_route(route)


def record_unhandled(scope: Scope, error: Exception) -> None:
    """Note the error that a response with status 500 is about to be sent for."""
    telemetry = scope.get(scope_key())
    if telemetry is not None:
        telemetry.exception = error
