from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Host, Match, Mount, Route
from tests.unit.compile.exchange import Reply, ask

from vivace import APIRouter, HTTPException, Vivace
from vivace.routing import APIRoute
from vivace.serve.dispatch import without_body


def app_of(*routes: Any, **options: Any) -> Vivace:
    return Vivace(openapi_url=None, routes=list(routes), **options)


async def show(request: Request) -> Response:
    return PlainTextResponse(f"{request.scope['root_path']} {request.path_params}")


async def first() -> str:
    return "first"


async def second() -> str:
    return "second"


class Picky(APIRoute):
    """A route that only itself knows whether it matches."""

    def matches(self, scope: Any) -> Any:
        match, child = super().matches(scope)
        if match is Match.FULL and b"picky" not in dict(scope["headers"]):
            return Match.NONE, {}
        return match, child


PICKY = [(b"picky", b"1")]


def test_a_route_that_decides_by_itself_is_asked_in_its_turn() -> None:
    before = app_of(Picky("/a", first), APIRoute("/{x}", second))
    assert ask(before, "GET", "/a", PICKY).body == b'"first"'
    assert ask(before, "GET", "/a").body == b'"second"'
    after = app_of(APIRoute("/{x}", second), Picky("/a", first))
    assert ask(after, "GET", "/a", PICKY).body == b'"second"'


def test_mounts_and_hosts_stand_where_they_were_declared() -> None:
    inner = Starlette(routes=[Route("/{x}", show)])
    app = app_of(APIRoute("/m/a", first), Mount("/m", inner), APIRoute("/m/b", second))
    assert ask(app, "GET", "/m/a").body == b'"first"'
    assert ask(app, "GET", "/m/b").body == b"/m {'x': 'b'}"
    hosted = app_of(Host("test", inner), APIRoute("/a", first))
    assert ask(hosted, "GET", "/a").body == b" {'x': 'a'}"


def test_parameters_of_the_path_above_are_kept() -> None:
    inner = app_of(APIRoute("/{x}", first), Route("/show/{x}", show))
    app = app_of(Mount("/{outer}", inner))
    assert ask(app, "GET", "/m/show/b").body == b"/m {'outer': 'm', 'x': 'b'}"


def test_the_scope_says_where_a_request_has_arrived() -> None:
    seen: dict[str, Any] = {}

    async def look(request: Request, item_id: int) -> None:
        seen.update(request.scope)

    router = APIRouter()
    router.add_api_route("/b/{item_id}", look)
    app = app_of()
    app.include_router(router, prefix="/a")
    ask(app, "GET", "/a/b/1")
    assert seen["endpoint"] is look
    assert seen["route"].path == "/a/b/{item_id}"
    assert seen["route"] in app.routes
    assert seen["path_params"] == {"item_id": "1"}
    assert seen["app"] is app
    assert seen["router"] is app.router


def test_the_parameters_in_the_scope_are_the_request_s_own() -> None:
    async def change(request: Request) -> Any:
        request.scope["path_params"]["x"] = "changed"
        return len(request.scope["path_params"])

    app = app_of(APIRoute("/a", change))
    assert [ask(app, "GET", "/a").body for _ in range(2)] == [b"1", b"1"]
    assert app.router.dispatcher._http.find("/a")[0].params == {}


def test_the_prefix_of_a_proxy_is_no_part_of_the_path() -> None:
    app = app_of(APIRoute("/a", first), root_path="/api")
    assert ask(app, "GET", "/api/a").body == b'"first"'
    assert ask(app, "GET", "/a").body == b'"first"'


@pytest.mark.parametrize(
    ("declared", "path", "location"),
    [
        ("/a/", "/a?x=1", "http://test/a/?x=1"),
        ("/a", "/a/", "http://test/a"),
        ("/{x}/", "/a", "http://test/a/"),
    ],
)
def test_a_path_that_exists_with_or_without_a_slash_is_redirected(
    declared: str, path: str, location: str
) -> None:
    app = app_of(Route(declared, show))
    reply = ask(app, "POST", path)
    assert reply.status == 307
    assert dict(reply.headers)[b"location"] == location.encode()
    assert ask(app_of(Route(declared, show), redirect_slashes=False), "GET", path).status == 404


def test_a_redirect_may_lead_to_a_mount() -> None:
    app = app_of(Mount("/m", Starlette(routes=[Route("/", show)])))
    assert ask(app, "GET", "/m").status == 307


def test_errors_of_any_route_are_answered_by_the_app() -> None:
    async def refuse(request: Request) -> Response:
        raise HTTPException(402, "pay")

    for route in (Route("/a", refuse), Mount("/a", routes=[Route("/", refuse)])):
        reply = ask(app_of(route), "GET", "/a/" if isinstance(route, Mount) else "/a")
        assert (reply.status, reply.body) == (402, b'{"detail":"pay"}')


def test_an_error_after_the_first_byte_cannot_be_answered() -> None:
    async def late(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("begun")(scope, receive, send)
        raise HTTPException(402)

    reply = ask(app_of(Mount("/a", late)), "GET", "/a/")
    assert reply.body == b"begun"
    assert reply.error == "RuntimeError"


def test_where_no_method_fits_the_methods_of_the_path_are_named() -> None:
    app = app_of(
        APIRoute("/a", first), APIRoute("/{x}", second, methods=["PUT"]), Picky("/b", first)
    )
    reply = ask(app, "POST", "/a")
    assert reply.status == 405
    assert dict(reply.headers)[b"allow"] == b"GET, HEAD, PUT"
    assert ask(app, "POST", "/missing/b").status == 404


def head(app: Vivace, path: str) -> Reply:
    return ask(app, "HEAD", path, PICKY)


def test_head_is_get_without_the_content() -> None:
    for route in (APIRoute("/a", first), Picky("/a", first), Route("/a", show)):
        app = app_of(route)
        expected, reply = ask(app, "GET", "/a", PICKY), head(app, "/a")
        assert reply.status == 200
        assert reply.headers == expected.headers
        assert isinstance(route, Route) or reply.body == b""


def test_an_app_may_leave_methods_as_they_were_declared() -> None:
    class Plain(Vivace):
        complete_methods = False

    app = Plain(
        openapi_url=None, routes=[APIRoute("/a", first), APIRoute("/{x}", first, methods=["PUT"])]
    )
    assert head(app, "/a").status == 405
    assert dict(ask(app, "POST", "/a").headers)[b"allow"] == b"GET"


@pytest.mark.anyio
async def test_only_the_content_is_taken_out() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    start = {"type": "http.response.start", "headers": [(b"content-length", b"5")]}
    body = {"type": "http.response.body", "body": b"hello", "more_body": True}
    for message in (start, body):
        await without_body(send)(message)
    assert sent == [start, {**body, "body": b""}]
    assert body["body"] == b"hello"
