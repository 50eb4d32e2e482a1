"""Routes and routers."""

from __future__ import annotations

from starlette.routing import BaseRoute, Host, Match, Mount, NoMatchFound, compile_path

from vivace.serve.inclusion import IncludedRouter
from vivace.serve.operation_id import generate_unique_id
from vivace.serve.route import APIRoute
from vivace.serve.route_group import Finding, RouteGroup
from vivace.serve.router import APIRouter
from vivace.serve.settings import Settings
from vivace.serve.websocket_route import APIWebSocketRoute

__all__ = [
    "APIRoute",
    "APIRouter",
    "APIWebSocketRoute",
    "BaseRoute",
    "Finding",
    "Host",
    "IncludedRouter",
    "Match",
    "Mount",
    "NoMatchFound",
    "RouteGroup",
    "Settings",
    "compile_path",
    "generate_unique_id",
]
