from __future__ import annotations

from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from tests.unit.compile.exchange import ask

from vivace import APIRouter, Depends, Vivace, WebSocket
from vivace.exceptions import VivaceError
from vivace.responses import HTMLResponse, JSONResponse
from vivace.routing import APIRoute, APIWebSocketRoute, IncludedRouter, Match
from vivace.testclient import TestClient

METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"]


def provide() -> int:
    return 1


async def endpoint() -> str:
    return "x"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("make", [APIRouter, Vivace])
def test_there_is_a_decorator_for_every_method(make: Any, method: str) -> None:
    router = make()
    assert getattr(router, method)("/", status_code=202)(endpoint) is endpoint
    route = router.routes[-1]
    assert route.methods == {method.upper()}
    assert route.endpoint is endpoint
    assert route.status_code == 202


def test_routes_take_over_what_their_router_says() -> None:
    router = APIRouter(
        prefix="/a",
        tags=["router"],
        dependencies=[Depends(provide)],
        responses={404: {"description": "gone"}},
        default_response_class=HTMLResponse,
        deprecated=True,
        include_in_schema=False,
        strict_content_type=False,
        max_body_size=5,
    )
    router.add_api_route("/b", endpoint, tags=["route"], responses={500: {}}, max_body_size=6)
    (route,) = router.routes
    assert isinstance(route, APIRoute)
    assert route.path == "/a/b"
    assert route.tags == ["router", "route"]
    assert route.dependencies == [Depends(provide)]
    assert route.responses == {404: {"description": "gone"}, 500: {}}
    assert route.response_class is HTMLResponse
    assert route.deprecated
    assert not route.include_in_schema
    assert route.strict_content_type is False
    assert route.max_body_size == 6


def test_a_route_s_own_words_win() -> None:
    router = APIRouter(default_response_class=HTMLResponse)
    router.add_api_route("/", endpoint, response_class=JSONResponse)
    (route,) = router.routes
    assert isinstance(route, APIRoute)
    assert route.response_class is JSONResponse


def test_the_class_of_routes_may_be_another() -> None:
    class Mine(APIRoute):
        pass

    class Other(APIRoute):
        pass

    router = APIRouter(route_class=Mine)
    router.add_api_route("/", endpoint)
    router.add_api_route("/", endpoint, route_class_override=Other)
    assert [type(route) for route in router.routes] == [Mine, Other]


@pytest.mark.parametrize("prefix", ["a", "/a/", "/"])
def test_a_prefix_is_checked(prefix: str) -> None:
    with pytest.raises(AssertionError, match="A path prefix must"):
        APIRouter(prefix=prefix)
    with pytest.raises(AssertionError, match="A path prefix must"):
        APIRouter().include_router(APIRouter(), prefix=prefix)


def test_a_path_cannot_be_empty_altogether() -> None:
    inner = APIRouter()
    inner.add_api_route("", endpoint, name="nowhere")
    with pytest.raises(VivaceError, match="nowhere"):
        APIRouter().include_router(inner)
    outer = APIRouter()
    outer.include_router(inner, prefix="/a")
    assert ask(outer, "GET", "/a").body == b'"x"'


def test_a_router_cannot_include_itself_however_far_around() -> None:
    first, second, third = APIRouter(), APIRouter(), APIRouter()
    with pytest.raises(AssertionError, match="into itself"):
        first.include_router(first)
    first.include_router(second, prefix="/a")
    second.include_router(third, prefix="/a")
    with pytest.raises(AssertionError, match="never end"):
        third.include_router(first, prefix="/a")


def test_an_inclusion_is_one_item_and_remembers_what_it_adds() -> None:
    inner, outer = APIRouter(), APIRouter(prefix="/outer", tags=["outer"])
    outer.include_router(inner, prefix="/inner", tags=["inner"])
    (included,) = outer.routes
    assert isinstance(included, IncludedRouter)
    assert included.router is inner
    assert included.settings.prefix == "/outer/inner"
    assert included.settings.tags == ("outer", "inner")


def test_websockets_and_their_dependencies() -> None:
    router = APIRouter(prefix="/a", dependencies=[Depends(provide)])

    @router.websocket("/b", name="socket", dependencies=[Depends(endpoint)])
    async def socket(websocket: WebSocket) -> None: ...

    (route,) = router.routes
    assert isinstance(route, APIWebSocketRoute)
    assert (route.path, route.name) == ("/a/b", "socket")
    assert route.dependencies == [Depends(provide), Depends(endpoint)]


def test_functions_of_the_request_have_no_signature_to_read() -> None:
    router = APIRouter()

    @router.route("/", methods=["POST"])
    async def show(request: Request) -> PlainTextResponse:
        return PlainTextResponse("shown")

    @router.websocket_route("/ws")
    async def greet(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("hello")
        await websocket.close()

    assert ask(router, "POST", "/").body == b"shown"
    with TestClient(router).websocket_connect("/ws") as socket:
        assert socket.receive_text() == "hello"


@pytest.mark.parametrize("make", [APIRouter, Vivace])
def test_events_are_called_around_everything(make: Any) -> None:
    log: list[str] = []
    router = make(on_startup=[lambda: log.append("first")])
    with pytest.warns(DeprecationWarning, match="lifespan"):
        register = router.on_event("startup")
    register(lambda: log.append("second"))
    router.add_event_handler("shutdown", lambda: log.append("last"))
    with TestClient(router):
        assert log == ["first", "second"]
    assert log == ["first", "second", "last"]
    with pytest.raises(AssertionError, match="'restart'"):
        router.add_event_handler("restart", log.clear)


def test_a_router_serves_by_itself() -> None:
    router = APIRouter()
    router.add_api_route("/", endpoint)
    assert ask(router, "GET", "/").body == b'"x"'
    assert ask(router, "GET", "/missing").status == 404
    refused = ask(router, "POST", "/")
    assert refused.status == 405
    assert dict(refused.headers)[b"allow"] == b"GET, HEAD"


def test_what_no_route_matches_may_go_to_another_app() -> None:
    router = APIRouter(default=PlainTextResponse("default"))
    assert ask(router, "GET", "/missing").body == b"default"


def test_a_subclass_may_look_at_what_passes_through_it() -> None:
    log: list[str] = []

    class Watching(APIRouter):
        async def handle(self, scope: Any, receive: Any, send: Any) -> None:
            log.append(scope["path"])
            await super().handle(scope, receive, send)

    class Closed(APIRouter):
        def matches(self, scope: Any) -> Any:
            match, child = super().matches(scope)
            return (
                (type(match).NONE, {}) if b"open" not in dict(scope["headers"]) else (match, child)
            )

    watching, closed, app = Watching(), Closed(), Vivace(openapi_url=None)
    watching.add_api_route("/a", endpoint)
    closed.include_router(watching, prefix="/closed")
    app.include_router(watching)
    app.include_router(closed)
    assert ask(app, "GET", "/a").status == 200
    assert ask(app, "GET", "/closed/a").status == 404
    assert ask(app, "GET", "/closed/a", [(b"open", b"1")]).status == 200
    assert log == ["/a", "/closed/a"]


def scope_of(path: str, method: str = "GET", kind: str = "http") -> dict[str, Any]:
    return {"type": kind, "path": path, "method": method, "headers": [], "root_path": ""}


def test_a_router_says_whether_it_has_a_route_for_a_request() -> None:
    async def greet(websocket: WebSocket) -> None: ...

    router = APIRouter()
    router.get("/a/{x}")(endpoint)
    router.post("/b")(endpoint)
    router.websocket("/socket")(greet)
    router.mount("/files", PlainTextResponse("a file"))

    def match(path: str, method: str = "GET", kind: str = "http") -> Match | None:
        found = router.find(scope_of(path, method, kind))
        return None if found is None else found.match

    assert match("/a/1") is Match.FULL
    assert match("/a/1", "HEAD") is Match.FULL
    assert match("/a/1", "PUT") is Match.PARTIAL
    assert match("/b") is match("/b", "HEAD") is Match.PARTIAL
    assert match("/c") is None
    assert match("/files/x") is match("/files/x", "PUT") is Match.FULL
    assert match("/socket") is None
    assert match("/socket", kind="websocket") is Match.FULL
    assert match("/files/x", kind="websocket") is Match.FULL
    assert match("/a/1", kind="websocket") is None
    router.get("/c")(endpoint)
    assert match("/c") is Match.FULL
