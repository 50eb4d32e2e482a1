"""HEAD wherever GET is; 405 with every method of the path (RFC 9110, sections 9.3.2, 15.5.6)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from vivace import APIRouter, BackgroundTasks, HTTPException, Response, Vivace
from vivace.responses import StreamingResponse
from vivace.testclient import TestClient

finished: list[str] = []


def make_app() -> Vivace:
    app = Vivace()
    router = APIRouter()

    @app.get("/items")
    async def list_items(response: Response) -> list[int]:
        response.headers["X-Count"] = "2"
        return [1, 2]

    @router.post("/items")
    async def create_item() -> str:
        return "created"

    @app.get("/items/latest")
    async def read_latest() -> str:
        return "latest"

    @router.delete("/items/{id}")
    async def delete_item(id: str) -> str:
        return id

    @app.put("/items/{id:int}")
    async def replace_item(id: int) -> int:
        return id

    @app.get("/stream")
    async def stream() -> AsyncIterator[str]:
        yield "a"
        yield "b"

    @app.get("/streamed")
    def streamed() -> StreamingResponse:
        return StreamingResponse(iter(["a", "b"]))

    @app.get("/gone")
    def gone() -> None:
        raise HTTPException(410, headers={"X-Gone": "yes"})

    @app.get("/task")
    def with_task(tasks: BackgroundTasks) -> str:
        tasks.add_task(finished.append, "task")
        return "started"

    async def plain(request: Request) -> PlainTextResponse:
        return PlainTextResponse("plain")

    app.router.routes.append(Route("/plain", plain))
    app.include_router(router)
    mounted = Vivace()
    mounted.add_api_route("/", list_items)
    app.mount("/mounted", mounted)
    return app


client = TestClient(make_app())


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/items", "GET, HEAD, POST"),
        ("PATCH", "/items", "GET, HEAD, POST"),
        ("PUT", "/items/latest", "DELETE, GET, HEAD"),
        ("POST", "/items/7", "DELETE, PUT"),
        ("HEAD", "/items/7", "DELETE, PUT"),
        ("GET", "/items/x", "DELETE"),
        ("POST", "/mounted/", "GET, HEAD"),
        ("POST", "/plain", "GET, HEAD"),
        ("POST", "/docs", "GET, HEAD"),
    ],
)
def test_a_refused_method_is_told_those_of_the_path(method: str, path: str, allowed: str) -> None:
    response = client.request(method, path)
    assert (response.status_code, response.headers["Allow"]) == (405, allowed)
    if method != "HEAD":
        assert response.json() == {"detail": "Method Not Allowed"}


@pytest.mark.parametrize(
    "path",
    [
        *("/items", "/items/latest", "/stream", "/streamed", "/gone", "/plain", "/mounted/"),
        *("/openapi.json", "/docs", "/nothing"),
    ],
)
def test_head_is_get_without_the_content(path: str) -> None:
    get = client.get(path)
    head = client.head(path)
    assert head.content == b""
    assert (head.status_code, head.headers) == (get.status_code, get.headers)
    assert get.content


def test_head_runs_what_get_runs() -> None:
    finished.clear()
    assert client.head("/task").status_code == 200
    assert finished == ["task"]


def test_head_is_not_documented() -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {path: set(methods) for path, methods in paths.items()} == {
        "/items": {"get", "post"},
        "/items/latest": {"get"},
        "/items/{id}": {"put", "delete"},
        "/stream": {"get"},
        "/streamed": {"get"},
        "/gone": {"get"},
        "/task": {"get"},
    }


@pytest.mark.parametrize("head_first", [False, True])
def test_a_route_for_head_wins(head_first: bool) -> None:
    app = Vivace()

    async def get() -> str:
        return "content"

    async def head(response: Response) -> None:
        response.headers["X-Own"] = "yes"

    endpoints: dict[str, Callable[..., Any]] = {"GET": get, "HEAD": head}
    for method in sorted(endpoints, reverse=head_first):
        endpoint = endpoints[method]
        app.add_api_route("/", endpoint, methods=[method])
    own = TestClient(app)
    assert own.head("/").headers["X-Own"] == "yes"
    assert "X-Own" not in own.get("/").headers
    assert own.post("/").headers["Allow"] == "GET, HEAD"
    assert set(own.get("/openapi.json").json()["paths"]["/"]) == {"get", "head"}


def test_head_of_a_get_route_comes_before_a_later_route_for_any_path() -> None:
    app = Vivace()

    @app.get("/known")
    async def known() -> str:
        return "known"

    @app.get("/{path:path}")
    async def anything(path: str, response: Response) -> None:
        response.headers["X-Path"] = path

    own = TestClient(app)
    assert "X-Path" not in own.head("/known").headers
    assert own.head("/other").headers["X-Path"] == "other"
