from __future__ import annotations

from typing import Any

from vivace.routing import APIRoute
from vivace.serve.scope import EFFECTIVE, KEY, effective_route
from vivace.serve.settings import Settings


async def endpoint() -> None: ...


def test_a_route_is_what_it_is_where_the_request_found_it() -> None:
    route = APIRoute("/a", endpoint)
    included = route.inside(Settings(prefix="/b"))
    assert effective_route({KEY: {EFFECTIVE: included}}, route) is included


def test_otherwise_it_is_itself() -> None:
    route, other = APIRoute("/a", endpoint), APIRoute("/a", endpoint)
    included = other.inside(Settings(prefix="/b"))
    scopes: list[dict[str, Any]] = [{}, {KEY: None}, {KEY: {}}, {KEY: {EFFECTIVE: included}}]
    for scope in scopes:
        assert effective_route(scope, route) is route
