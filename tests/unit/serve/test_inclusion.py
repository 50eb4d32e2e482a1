from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Host, Mount, NoMatchFound, Route, WebSocketRoute
from tests.unit.compile.exchange import ask

from vivace import APIRouter, Vivace
from vivace.routing import APIRoute, IncludedRouter
from vivace.serve.inclusion import FlatRoutes, RouteList, Version, flat_routes, place
from vivace.serve.settings import Settings


async def show(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.url.path)


async def endpoint() -> str:
    return "endpoint"


def route(path: str = "/") -> Route:
    return Route(path, show)


CHANGES: dict[str, Callable[[Any], Any]] = {
    "append": lambda routes: routes.append(route()),
    "extend": lambda routes: routes.extend([route()]),
    "insert": lambda routes: routes.insert(0, route()),
    "remove": lambda routes: routes.remove(routes[0]),
    "pop": lambda routes: routes.pop(),
    "clear": lambda routes: routes.clear(),
    "reverse": lambda routes: routes.reverse(),
    "sort": lambda routes: routes.sort(key=id),
    "setitem": lambda routes: routes.__setitem__(0, route()),
    "setitem slice": lambda routes: routes.__setitem__(slice(None), [route()]),
    "delitem": lambda routes: routes.__delitem__(0),
    "iadd": lambda routes: routes.__iadd__([route()]),
    "imul": lambda routes: routes.__imul__(2),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_of_a_list_of_routes_is_noticed(change: Callable[[Any], Any]) -> None:
    first, second = route("/a"), route("/b")
    routes, plain = RouteList([first, second]), [first, second]
    before = Version.number
    change(routes)
    change(plain)
    assert Version.number > before
    assert len(routes) == len(plain)


def test_a_change_takes_effect_with_the_next_request() -> None:
    app = Vivace(openapi_url=None)
    router = APIRouter()
    app.include_router(router, prefix="/a")
    assert ask(app, "GET", "/a/b").status == 404
    router.add_api_route("/b", endpoint)
    assert ask(app, "GET", "/a/b").status == 200
    router.routes.clear()
    assert ask(app, "GET", "/a/b").status == 404
    router.routes = [route("/b")]
    assert ask(app, "GET", "/a/b").body == b"/a/b"


def test_the_flat_list_passes_changes_on_to_the_app_s_own() -> None:
    first, second, third, fourth = (route(f"/{name}") for name in "abcd")
    declared: list[BaseRoute] = [first]
    flat = FlatRoutes([first], declared)
    flat.append(second)
    flat.extend([third])
    flat.insert(0, fourth)
    assert flat == declared == [fourth, first, second, third]
    flat.remove(first)
    assert flat == declared == [fourth, second, third]
    flat.clear()
    assert flat == declared == []


def test_routes_are_laid_out_in_the_place_of_their_router() -> None:
    inner, outer = APIRouter(), APIRouter()
    inner.add_api_route("/b", endpoint)
    outer.add_api_route("/a", endpoint)
    outer.include_router(inner, prefix="/inner")
    outer.add_api_route("/c", endpoint)
    app = APIRouter()
    app.include_router(outer, prefix="/outer")
    paths = [route.path for route in flat_routes(app.routes)]  # type: ignore[attr-defined]
    assert paths == ["/outer/a", "/outer/inner/b", "/outer/c"]


def placed(route: BaseRoute, prefix: str = "/a") -> Any:
    found: Any = place(route, Settings(prefix=prefix))
    assert found is None or found is not route
    return found


def test_every_kind_of_route_has_its_place_in_an_inclusion() -> None:
    original = APIRoute("/b", endpoint)
    assert placed(original).path == "/a/b"
    assert placed(original)._original is original
    assert placed(route("/b/{x}")).path_regex.match("/a/b/c")
    assert placed(WebSocketRoute("/b", show)).path == "/a/b"
    assert placed(Mount("/b", app=Starlette())).path_regex.match("/a/b/c")
    assert isinstance(placed(Host("x", Starlette())).app.routes[0], Mount)
    assert placed(Host("x", Starlette()), "").host == "x"


class Pathless(BaseRoute):
    pass


def test_what_has_no_path_cannot_be_below_one() -> None:
    assert placed(Pathless()) is None
    assert isinstance(placed(Pathless(), ""), Pathless)


def test_an_included_router_is_a_route_itself() -> None:
    router = APIRouter()
    router.add_api_route("/b/{x}", endpoint, name="b")
    router.add_api_route("/b/{x}", endpoint, methods=["POST"])
    included = IncludedRouter(router, Settings(prefix="/a"))
    assert included.url_path_for("b", x="1") == "/a/b/1"
    with pytest.raises(NoMatchFound):
        included.url_path_for("c")
    app = Starlette(routes=[included])
    assert ask(app, "POST", "/a/b/1").body == b'"endpoint"'
    assert ask(app, "PUT", "/a/b/1").status == 405
    assert ask(app, "GET", "/b/1").status == 404
    assert "/a" in repr(included)


def test_overrides_of_the_including_app_are_those_of_its_routes() -> None:
    router = APIRouter()
    router.add_api_route("/", endpoint)
    app = Vivace()
    app.include_router(router, prefix="/a")
    (included,) = [r for r in app.routes if isinstance(r, APIRoute)]
    assert included.dependency_overrides_provider is app
