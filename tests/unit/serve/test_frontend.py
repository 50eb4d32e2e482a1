from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import anyio
import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTasks
from starlette.datastructures import URLPath
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match, Mount, NoMatchFound, Route
from starlette.testclient import TestClient
from starlette.types import Message

from vivace import APIRouter, Vivace
from vivace.declare.dependencies import Depends
from vivace.declare.functions import Path as PathParameter
from vivace.serve.frontend import FrontendRoute, FrontendRoutes

HTML = {"accept": "text/html"}


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text("app")
    (tmp_path / "asset.txt").write_text("asset")
    return tmp_path


def make_build(directory: Path, content: str) -> Path:
    directory.mkdir()
    (directory / "index.html").write_text(content)
    return directory


def make_client(*routes: BaseRoute, root_path: str = "") -> TestClient:
    app = Starlette(routes=routes)
    return TestClient(app, root_path=root_path, follow_redirects=False)


def match(route: BaseRoute, path: str, method: str = "GET") -> Match:
    return route.matches({"type": "http", "path": path, "method": method})[0]


@pytest.mark.parametrize("path", ["", "app"])
def test_the_path_has_to_be_absolute(dist: Path, path: str) -> None:
    with pytest.raises(AssertionError, match="path"):
        FrontendRoute(path, directory=dist)


def test_the_fallback_has_to_be_known(dist: Path) -> None:
    with pytest.raises(AssertionError, match="fallback"):
        FrontendRoute("/", directory=dist, fallback="invalid")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "below", "beside"),
    [
        ("/", ["/", "/a", "/a/b"], []),
        ("/app", ["/app", "/app/", "/app/a/b"], ["/", "/application", "/a/app"]),
        ("/app/", ["/app", "/app/", "/app/a/b"], ["/", "/application"]),
        ("/t/{tenant}", ["/t/acme", "/t/acme/", "/t/acme/a"], ["/t", "/t/", "/u/acme"]),
        ("/v{version:int}", ["/v1", "/v1/a"], ["/vx", "/v"]),
        ("/a.b", ["/a.b/c"], ["/acb/c"]),
    ],
)
def test_a_path_is_matched_by_whole_segments(
    dist: Path, path: str, below: list[str], beside: list[str]
) -> None:
    route = FrontendRoute(path, directory=dist)
    assert [match(route, path) for path in below] == [Match.FULL] * len(below)
    assert [match(route, path) for path in beside] == [Match.NONE] * len(beside)


def test_other_methods_match_partially_and_websockets_not_at_all(dist: Path) -> None:
    route = FrontendRoute("/", directory=dist)
    assert match(route, "/a", "HEAD") is Match.FULL
    assert match(route, "/a", "POST") is Match.PARTIAL
    assert route.matches({"type": "websocket", "path": "/a"}) == (Match.NONE, {})


def test_the_scope_tells_the_route_and_the_prefixs_parameters(dist: Path) -> None:
    route = FrontendRoute("/t/{tenant}", directory=dist)
    _, scope = route.matches(
        {"type": "http", "path": "/t/acme/a", "method": "GET", "path_params": {"outer": 1}}
    )
    assert scope["route"] is route
    assert scope["path_params"] == {"outer": 1, "tenant": "acme"}
    assert route.path_format == "/t/{tenant}/{path}"


def test_files_are_served_below_the_prefix(dist: Path) -> None:
    client = make_client(FrontendRoute("/app", directory=dist))
    assert client.get("/app/asset.txt").text == "asset"
    assert client.get("/app/").text == "app"
    assert client.get("/app").headers["location"] == "http://testserver/app/"
    assert client.get("/app//asset.txt").text == "asset"
    assert client.get("/app/users/jane.doe", headers=HTML).text == "app"
    assert client.get("/asset.txt").status_code == 404


def test_files_are_served_below_a_root_path(dist: Path) -> None:
    client = make_client(FrontendRoute("/app", directory=dist), root_path="/proxy")
    assert client.get("/app/asset.txt").text == "asset"
    assert client.get("/proxy/app/asset.txt").text == "asset"


@pytest.mark.parametrize("path", ["/sub/asset.txt", "/sub/", "/sub"])
def test_files_are_served_in_a_mounted_app(dist: Path, path: str) -> None:
    child = Starlette(routes=[FrontendRoute("/", directory=dist)])
    client = make_client(Mount("/sub", child))
    client.follow_redirects = True
    assert client.get(path).text in ("asset", "app")


def test_other_methods_are_refused(dist: Path) -> None:
    client = make_client(FrontendRoute("/", directory=dist, fallback="index.html"))
    assert client.post("/asset.txt").status_code == 405
    assert client.post("/users", headers=HTML).status_code == 404


def test_an_inclusion_makes_another_route_of_it(dist: Path) -> None:
    route = FrontendRoute("/ui", directory=dist)
    included = route.with_prefix("/child").with_prefix("/parent")
    assert (route.path, included.path) == ("/ui", "/parent/child/ui")
    assert included.app is route.app
    client = make_client(included, route)
    assert client.get("/parent/child/ui/asset.txt").text == "asset"
    assert client.get("/ui/asset.txt").text == "asset"
    assert client.get("/child/ui/asset.txt").status_code == 404


def test_an_inclusion_puts_its_dependencies_first_and_its_limit_last(dist: Path) -> None:
    def depend() -> None: ...

    # Equal declarations would not tell their order.
    own, inner, outer = (Depends(depend, max_concurrency=number) for number in (1, 2, 3))
    route = FrontendRoute("/", directory=dist, dependencies=[own])
    included = route.with_prefix("", dependencies=[inner], max_body_size=5)
    twice = included.with_prefix("", dependencies=[outer], max_body_size=10)
    assert twice.dependencies == [outer, inner, own]
    assert (route.max_body_size, included.max_body_size, twice.max_body_size) == (None, 5, 5)
    assert route.dependencies == [own]


@pytest.mark.parametrize("path", ["/small/asset.txt", "/small/missing"])
def test_a_body_that_is_too_large_is_refused(dist: Path, path: str) -> None:
    route = FrontendRoute("/", directory=dist)
    client = make_client(
        route.with_prefix("/small", max_body_size=0), route.with_prefix("/large", max_body_size=1)
    )
    assert client.request("GET", path, content=b"x").status_code == 413
    assert client.request("GET", "/large/asset.txt", content=b"x").text == "asset"


def require_token(token: str) -> None:
    if token != "ok":
        raise HTTPException(401)


def test_dependencies_guard_files_and_fallbacks(dist: Path) -> None:
    app = Vivace(dependencies=[Depends(require_token)])
    app.frontend("/", directory=dist, fallback="index.html")
    client = TestClient(app)
    for path in ("/asset.txt", "/", "/users"):
        assert client.get(path, headers=HTML).status_code == 422
        assert client.get(path + "?token=wrong", headers=HTML).status_code == 401
        assert client.get(path + "?token=ok", headers=HTML).status_code == 200
        assert client.head(path + "?token=wrong", headers=HTML).status_code == 401
    # Methods that files do not have are refused without them.
    assert client.post("/asset.txt").status_code == 405


def test_dependencies_run_from_the_outside_in(dist: Path) -> None:
    calls: list[str] = []

    def record(name: str) -> Depends:
        def dependency() -> None:
            calls.append(name)

        return Depends(dependency)

    child = APIRouter(dependencies=[record("child")])
    child.frontend("/ui", directory=dist)
    app = Vivace(dependencies=[record("app")])
    app.include_router(child, prefix="/child", dependencies=[record("inclusion")])
    assert TestClient(app).get("/child/ui/").text == "app"
    assert calls == ["app", "inclusion", "child"]


def test_dependencies_read_the_prefixs_parameters(dist: Path) -> None:
    tenants: list[str] = []

    def note(tenant: Annotated[str, PathParameter()]) -> None:
        tenants.append(tenant)

    router = APIRouter()
    router.frontend("/", directory=dist)
    app = Vivace()
    app.include_router(router, prefix="/t/{tenant}", dependencies=[Depends(note)])
    assert TestClient(app).get("/t/acme/asset.txt").text == "asset"
    assert tenants == ["acme"]


def test_what_dependencies_add_goes_with_the_file(dist: Path) -> None:
    tasks: list[str] = []

    def add(response: Response, background_tasks: BackgroundTasks) -> None:
        response.headers["x-dependency"] = "set"
        response.headers["content-type"] = "text/nonsense"
        response.set_cookie("session", "1")
        background_tasks.add_task(tasks.append, "run")

    app = Vivace(dependencies=[Depends(add)])
    app.frontend("/", directory=dist)
    response = TestClient(app).get("/asset.txt")
    assert response.text == "asset"
    assert response.headers["x-dependency"] == "set"
    assert response.headers.get_list("content-type") == ["text/plain; charset=utf-8"]
    assert response.headers.get_list("content-length") == ["5"]
    assert response.cookies["session"] == "1"
    assert tasks == ["run"]


def test_a_body_that_is_too_large_is_refused_before_dependencies_run(dist: Path) -> None:
    app = Vivace(dependencies=[Depends(require_token)], max_body_size=0)
    app.frontend("/", directory=dist)
    assert TestClient(app).request("GET", "/asset.txt", content=b"x").status_code == 413


def test_declared_routes_come_first(dist: Path) -> None:
    def read() -> str:
        return "declared"

    app = Vivace()
    app.frontend("/", directory=dist, fallback="index.html")
    app.post("/asset.txt")(read)
    app.get("/index.html/")(read)
    client = TestClient(app, follow_redirects=False)
    assert client.post("/asset.txt").json() == "declared"
    # Neither a method that is not allowed nor a slash that is missing is a file's business.
    assert client.get("/asset.txt").status_code == 405
    assert client.get("/index.html").status_code == 307
    assert client.get("/users", headers=HTML).text == "app"
    assert client.get("/users").json() == {"detail": "Not Found"}


def test_frontends_have_no_names(dist: Path) -> None:
    route = FrontendRoute("/", directory=dist)
    for unnamed in (route, FrontendRoutes([route])):
        with pytest.raises(NoMatchFound):
            unnamed.url_path_for("frontend")
    named = Route("/items", JSONResponse, name="items")
    app = Starlette(routes=[route, named])
    assert app.url_path_for("items") == URLPath("/items")


def test_the_representation_names_the_path_and_the_directory(dist: Path) -> None:
    assert repr(FrontendRoute("/", directory="dist", check_dir=False)) == (
        "FrontendRoute('/', directory='dist')"
    )


def test_the_longest_prefix_answers_for_good(tmp_path: Path) -> None:
    site = make_build(tmp_path / "site", "site")
    admin = make_build(tmp_path / "admin", "admin")
    make_build(site / "admin", "site's admin")
    (site / "admin" / "file").write_text("site's file")
    frontends = FrontendRoutes(
        [
            FrontendRoute("/", directory=site),
            FrontendRoute("/admin", directory=admin, fallback=None),
        ]
    )
    client = make_client(frontends)
    assert client.get("/").text == "site"
    assert client.get("/admin/").text == "admin"
    assert client.get("/admin/file").status_code == 404
    assert client.post("/admin/file").status_code == 404
    assert client.get("/administration", headers=HTML).text == "site"


@pytest.mark.parametrize(
    ("paths", "order"),
    [
        (["/", "/a", "/a/b"], ["/a/b", "/a", ""]),
        # Parameters give way to what is spelled out, and length does not count.
        (["/t/{tenant}", "/t/x"], ["/t/x", "/t/{tenant}"]),
        (["/{long_parameter}", "/{x}/y"], ["/{x}/y", "/{long_parameter}"]),
        (["/b", "/a"], ["/b", "/a"]),
    ],
)
def test_the_order_among_frontends(dist: Path, paths: Sequence[str], order: list[str]) -> None:
    frontends = FrontendRoutes(FrontendRoute(path, directory=dist) for path in paths)
    assert [route.path for route in frontends.routes] == order


def test_frontends_match_as_one(dist: Path) -> None:
    frontends = FrontendRoutes([FrontendRoute("/app", directory=dist)])
    assert match(frontends, "/app/a") is Match.FULL
    assert match(frontends, "/app/a", "POST") is Match.PARTIAL
    assert match(frontends, "/a") is Match.NONE
    assert match(FrontendRoutes(), "/a") is Match.NONE


def test_frontends_that_do_not_match_are_not_found(dist: Path) -> None:
    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        raise AssertionError

    for route in (FrontendRoute("/app", directory=dist), FrontendRoutes()):
        scope = {"type": "http", "path": "/a", "method": "GET"}
        with pytest.raises(HTTPException) as caught:
            anyio.run(route.handle, scope, receive, send)
        assert caught.value.status_code == 404
