from __future__ import annotations

from typing import Any

from starlette.responses import PlainTextResponse
from starlette.routing import Host, Match, Mount, Route, WebSocketRoute

from vivace.routing import APIRoute, APIWebSocketRoute, Finding, RouteGroup
from vivace.serve.opaque import Asked, OpaqueRoutes, is_opaque
from vivace.websockets import WebSocket

ANSWER = PlainTextResponse("answer")


async def endpoint() -> None: ...


async def socket(websocket: WebSocket) -> None: ...


class Picky(APIRoute):
    def matches(self, scope: Any) -> Any:
        return super().matches(scope)


class Group(RouteGroup):
    def __init__(self, match: Match | None) -> None:
        self.match = match

    def find(self, scope: Any) -> Finding | None:
        return None if self.match is None else Finding(self.match)


def scope_of(path: str, method: str = "GET") -> dict[str, Any]:
    return {"type": "http", "path": path, "method": method, "headers": [], "root_path": ""}


def before(routes: OpaqueRoutes, order: int | None, path: str, method: str = "GET") -> Any:
    return routes.before(order, path, scope_of(path, method))


def test_what_only_knows_by_itself_whether_it_matches_is_opaque() -> None:
    for route in (Mount("/a", ANSWER), Host("a", ANSWER), Group(None), Picky("/a", endpoint)):
        assert is_opaque(route)
    guarded = APIRoute("/a", endpoint)
    guarded._guards = (object(),)  # type: ignore[attr-defined]
    assert is_opaque(guarded)
    known = [
        *(APIRoute("/a", endpoint), APIWebSocketRoute("/a", socket)),
        *(Route("/a", ANSWER), WebSocketRoute("/a", socket)),
    ]
    assert not any(is_opaque(route) for route in known)


def test_the_first_that_matches_is_taken_if_it_comes_before_the_route_in_the_table() -> None:
    mount, again = Mount("/a", ANSWER), Mount("/a/b", ANSWER)
    routes = OpaqueRoutes([(1, mount), (3, again)])
    assert before(routes, None, "/a/b/c").route is mount
    assert before(routes, 2, "/a/b/c").route is mount
    assert before(routes, 0, "/a/b/c") is None
    assert before(routes, None, "/b") is None
    assert routes.prefixes == ("/a/", "/a/b/")


def test_one_that_has_the_path_alone_comes_last_and_not_before_a_route_in_the_table() -> None:
    picky, mount = Picky("/a/b", endpoint), Mount("/a", ANSWER)
    routes = OpaqueRoutes([(0, picky), (1, mount)])
    assert before(routes, None, "/a/b").route is picky
    assert before(routes, None, "/a/b", "PUT").route is mount
    alone = OpaqueRoutes([(0, picky)])
    found = before(alone, None, "/a/b", "PUT")
    assert isinstance(found, Asked)
    assert (found.route, found.match) == (picky, Match.PARTIAL)
    assert before(alone, 5, "/a/b", "PUT") is None


def test_groups_answer_by_what_they_find() -> None:
    routes = OpaqueRoutes([(0, Group(None)), (1, Group(Match.PARTIAL)), (2, Group(Match.FULL))])
    found = before(routes, None, "/")
    assert isinstance(found, Finding)
    assert found.match is Match.FULL
    assert before(routes, 1, "/") is None
    assert routes.prefixes == ("", "", "")


def test_a_mount_below_a_parameter_without_a_value_for_the_text_does_not_match() -> None:
    routes = OpaqueRoutes([(0, Mount("/{number:int}", ANSWER))])
    assert before(routes, None, f"/{'1' * 5000}/x") is None
    assert before(routes, None, "/1/x").match is Match.FULL
