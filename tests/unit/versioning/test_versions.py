"""What holds for an app holds for all its versions.

Many of these tests are for what users of other packages have lost: lifespan, exception handlers,
overrides, middleware, mounts, sockets, and the order of versions.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest

from vivace import (
    APIRouter,
    BackgroundTasks,
    Depends,
    Header,
    HTTPException,
    Request,
    Response,
    Vivace,
    WebSocket,
)
from vivace.exceptions import VivaceError
from vivace.responses import JSONResponse
from vivace.testclient import TestClient
from vivace.versioning import ByHeader, ByPath, ByQuery, Versions, since, until

#: One path in a version, asked for by the path and by the query.
BOTH = pytest.mark.parametrize("url", ["/v{version}{path}", "{path}?version={version}"])


def make(router: APIRouter, app: Vivace | None = None, **options: Any) -> Vivace:
    app = app or Vivace()
    versions = Versions("1", "2", "9", "10", by=[ByPath(), ByQuery()])
    versions.include_router(router, **options)
    versions.install(app)
    return app


def at(url: str, version: str, path: str) -> str:
    return url.format(version=version, path=path)


def named(events: list[str], name: str) -> Any:
    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[dict[str, str]]:
        events.append(f"{name} starts")
        yield {name: "there"}
        events.append(f"{name} stops")

    return lifespan


def test_lifespans_run_once_and_their_state_is_there() -> None:
    events: list[str] = []
    inner = APIRouter(lifespan=named(events, "inner"))
    router = APIRouter(lifespan=named(events, "router"))
    router.include_router(inner)

    @router.get("/state")
    async def read_state(request: Request) -> dict[str, Any]:
        return {**request.state._state, "app": request.app.state.owner}

    app = make(router, Vivace(lifespan=named(events, "app")))
    app.state.owner = "ada"
    with TestClient(app) as client:
        state = client.get("/v9/state").json()
        assert state == {"inner": "there", "router": "there", "app": "ada"}
        assert client.get("/state?version=9").json() == state
    assert events == [
        *("app starts", "router starts", "inner starts"),
        *("inner stops", "router stops", "app stops"),
    ]


@BOTH
def test_exception_handlers_answer(url: str) -> None:
    class OutOfStock(Exception):
        pass

    router = APIRouter()

    @router.get("/lamps")
    async def read_lamps() -> None:
        raise OutOfStock

    @router.get("/chairs")
    async def read_chairs() -> None:
        raise HTTPException(404, "No chairs.")

    @router.get("/number")
    async def read_number(number: int) -> None: ...

    app = make(router)

    @app.exception_handler(OutOfStock)
    async def answer(request: Request, error: OutOfStock) -> JSONResponse:
        return JSONResponse({"path": request.url.path}, status_code=410)

    @app.exception_handler(404)
    async def answer_not_found(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"own": error.detail}, status_code=404)

    client = TestClient(app)
    gone = client.get(at(url, "2", "/lamps"))
    assert (gone.status_code, gone.json()) == (410, {"path": at(url, "2", "/lamps").split("?")[0]})
    assert client.get(at(url, "2", "/chairs")).json() == {"own": "No chairs."}
    assert client.get(at(url, "2", "/number")).status_code == 422
    assert client.get("/v7/lamps").json()["own"].startswith("There is no version '7'")


@BOTH
def test_middleware_is_passed_once(url: str) -> None:
    seen: list[str] = []
    router = APIRouter()

    @router.get("/fault")
    async def fail() -> None:
        raise ZeroDivisionError

    app = make(router)

    @app.middleware("http")
    async def note(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        seen.append(request.url.path)
        response = await call_next(request)
        response.headers["X-Seen"] = str(len(seen))
        return response

    client = TestClient(app, raise_server_exceptions=False)
    response = client.get(at(url, "2", "/fault"))
    assert (response.status_code, response.headers["x-seen"], len(seen)) == (500, "1", 1)


@BOTH
def test_dependencies_of_app_router_and_inclusion_are_called_and_can_be_replaced(url: str) -> None:
    called: list[str] = []

    def calling(name: str) -> Any:
        def call() -> None:
            called.append(name)

        return call

    async def get_user(x_user: Annotated[str, Header()] = "nobody") -> str:
        return x_user

    router = APIRouter(dependencies=[Depends(calling("router"))])

    @router.get("/me")
    async def read_me(user: str = Depends(get_user)) -> str:
        return user

    @router.websocket("/socket")
    async def talk(websocket: WebSocket, user: str = Depends(get_user)) -> None:
        await websocket.accept()
        await websocket.send_text(user)
        await websocket.close()

    app = Vivace(dependencies=[Depends(calling("app"))])
    make(router, app, dependencies=[Depends(calling("inclusion"))])
    client = TestClient(app)
    assert client.get(at(url, "9", "/me")).json() == "nobody"
    assert called == ["app", "inclusion", "router"]
    app.dependency_overrides = {get_user: lambda: "tester"}
    assert client.get(at(url, "9", "/me")).json() == "tester"
    with client.websocket_connect(at(url, "9", "/socket")) as socket:
        assert socket.receive_text() == "tester"
    assert called.count("app") == 3
    app.dependency_overrides.clear()
    assert client.get(at(url, "9", "/me")).json() == "nobody"


def test_values_of_the_app_are_made_once_for_all_versions() -> None:
    events: list[str] = []

    async def open_pool() -> AsyncIterator[str]:
        events.append("opened")
        yield "pool"
        events.append("closed")

    router = APIRouter()

    @router.get("/pool")
    async def read_pool(pool: str = Depends(open_pool, scope="app")) -> str:
        return pool

    for by in ([ByPath()], [ByHeader()]):
        events.clear()
        app = Vivace()
        versions = Versions("1", "2", by=by, default="1")
        versions.include_router(router)
        versions.install(app)
        with TestClient(app) as client:
            assert events == ["opened"]
            assert client.get("/pool").json() == "pool"
            client.get("/v2/pool", headers={"API-Version": "2"})
        assert events == ["opened", "closed"]


@BOTH
def test_background_tasks_run(url: str) -> None:
    done: list[str] = []
    router = APIRouter()

    @router.post("/orders", status_code=202)
    async def create_order(tasks: BackgroundTasks) -> None:
        tasks.add_task(done.append, "sent")

    response = TestClient(make(router)).post(at(url, "1", "/orders"))
    assert (response.status_code, done) == (202, ["sent"])


@BOTH
def test_limits_on_bodies_are_those_of_the_innermost(url: str) -> None:
    router = APIRouter()

    @router.post("/small")
    async def take_small(request: Request) -> int:
        return len(await request.body())

    @router.post("/large", max_body_size=100)
    async def take_large(request: Request) -> int:
        return len(await request.body())

    client = TestClient(make(router, Vivace(max_body_size=10)))
    body = b"x" * 50
    assert client.post(at(url, "2", "/small"), content=body).status_code == 413
    assert client.post(at(url, "2", "/large"), content=body).json() == 50


def test_versions_are_in_numerical_order_and_inherit_what_they_do_not_change() -> None:
    router = APIRouter()

    @router.get("/a")
    @until("9")
    async def early() -> str:
        return "early"

    @router.get("/a")
    @since("9")
    async def late() -> str:
        return "late"

    client = TestClient(make(router))
    answers = {version: client.get(f"/v{version}/a").json() for version in ("1", "2", "9", "10")}
    assert answers == {"1": "early", "2": "early", "9": "late", "10": "late"}


def test_routers_are_in_the_versions_that_they_are_included_in() -> None:
    router = APIRouter()
    router.get("/a")(lambda: "a")
    app = Vivace()
    versions = Versions("1", "2", "3", "4")
    versions.include_router(router, prefix="/middle", since="2", until="4", tags=["x"])
    versions.include_router(router, since="3", prefix="/late")
    versions.install(app)
    found = [*app.openapi()["paths"]]
    assert found == ["/v2/middle/a", "/v3/middle/a", "/v3/late/a", "/v4/late/a"]
    assert app.openapi()["paths"]["/v2/middle/a"]["get"]["tags"] == ["x"]
    with pytest.raises(ValueError, match="since '5' is no version"):
        versions.include_router(router, since="5")
    assert [str(version) for version in versions.versions] == ["1", "2", "3", "4"]


def test_what_is_declared_after_the_installation_counts() -> None:
    router = APIRouter()
    app = Vivace()
    versions = Versions("1", "2", by=[ByPath(), ByQuery()])
    versions.install(app)
    client = TestClient(app)
    assert client.get("/v1/a").status_code == 404
    versions.include_router(router)
    router.get("/a")(lambda: "a")
    assert client.get("/v1/a").json() == client.get("/a?version=1").json() == "a"

    @router.get("/b")
    @since("2")
    async def later() -> str:
        return "b"

    assert client.get("/v2/b").json() == client.get("/b?version=2").json() == "b"
    assert client.get("/v1/b").status_code == 404
    assert "/v2/b" in client.get("/openapi/2.json").json()["paths"]


def test_overlaps_are_errors_when_they_are_installed_and_at_the_latest_at_start_up() -> None:
    router = APIRouter()
    router.get("/a")(lambda: "a")
    app = make(router)

    @router.get("/a")
    async def again() -> None: ...

    with pytest.raises(VivaceError, match="GET /a is declared twice in version 1"):
        make(router)
    with pytest.raises(VivaceError, match=r"again.*End the older one"), TestClient(app):
        pass
    with pytest.raises(VivaceError, match="declared twice"):
        TestClient(app).get("/v1/a")


def test_a_marked_endpoint_that_is_not_versioned_is_an_error_at_start_up() -> None:
    app = make(APIRouter())

    @app.get("/a")
    @since("2")
    async def stray() -> None: ...

    with pytest.raises(VivaceError, match="stray is marked with a version"), TestClient(app):
        pass


@BOTH
def test_a_mounted_app_in_a_version_is_one_as_ever(url: str) -> None:
    mounted = Vivace()

    async def open_till() -> str:
        return "till"

    @mounted.get("/till")
    async def read_till(till: str = Depends(open_till, scope="app")) -> str:
        return till

    router = APIRouter()
    router.mount("/branch", mounted)
    with TestClient(make(router)) as client:
        assert len(mounted.app_scope.values) == 1
        assert client.get(at(url, "2", "/branch/till")).json() == "till"


def test_a_request_costs_the_same_however_many_versions_there_are() -> None:
    router = APIRouter()
    router.get("/a/{x}")(lambda x: x)

    def count_calls(versions: int, **request: Any) -> int:
        kit = Versions(*[str(number) for number in range(versions)], by=[ByPath(), ByHeader()])
        kit.include_router(router)
        app = Vivace()
        kit.install(app)
        client = TestClient(app)
        assert client.get(**request).json() == "b"
        calls = 0

        def count(frame: Any, event: str, argument: Any) -> None:
            nonlocal calls
            calls += event == "call" and "vivace" in frame.f_code.co_filename

        threading.setprofile(count)
        try:
            # The client runs the app in a thread of its own.
            client.get(**request)
        finally:
            threading.setprofile(None)
        return calls

    for request in ({"url": "/v2/a/b"}, {"url": "/a/b", "headers": {"API-Version": "2"}}):
        few, many = count_calls(3, **request), count_calls(100, **request)
        assert few == many > 5


PROGRAM = """
import vivace.compat
vivace.compat.install()
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from vivace.versioning import ByHeader, ByPath, Versions, since, until

router = APIRouter()

@router.get("/items")
@until("2")
def list_names(): return "names"

@router.get("/items")
@since("2")
def list_items(): return "items"

app = FastAPI()
versions = Versions("1", "2", by=[ByPath(), ByHeader()])
versions.include_router(router)
versions.install(app)
client = TestClient(app)
print(client.get("/v1/items").json(), client.get("/items", headers={"API-Version": "2"}).json())
print(*client.get("/openapi/2.json").json()["paths"])
"""


def test_programs_for_fastapi_may_have_versions() -> None:
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("names items\n/v2/items\n", "")
