from __future__ import annotations

import gc
from datetime import date
from typing import Annotated, Any

import pytest

from vivace import APIRouter, Depends, Request, Response, Vivace
from vivace.exceptions import VivaceError
from vivace.testclient import TestClient
from vivace.versioning import (
    ByHeader,
    ByPath,
    ByQuery,
    Deprecation,
    Version,
    Versions,
    since,
    version_of,
)
from vivace.versioning.visit import Visit

router = APIRouter()


@router.get("/items/{item}")
async def read_item(item: int, version: Annotated[Version, Depends(version_of)]) -> str:
    return f"{item} in {version.name}"


@router.get("/links")
async def list_links(request: Request) -> list[str]:
    names = ["read_item", "2:read_item", "latest:read_item"]
    urls = [request.url_for(name, item=7) for name in names]
    return [str(url) for url in (*urls, request.url_for("read_health"))]


@router.get("/links/{name}")
@since("2")
async def find_link(name: str, request: Request) -> str:
    return str(request.url_for(name))


def make_app(*by: Any, **options: Any) -> Vivace:
    versions = Versions("1", "2", "3", by=by, default="1")
    versions.include_router(router)
    app = Vivace()
    versions.install(app, **options)

    @app.get("/health")
    async def read_health(request: Request) -> str:
        return str(request.url_for("read_item", item=7))

    return app


def test_links_stay_in_the_version_and_lead_to_others_by_name() -> None:
    client = TestClient(make_app(ByPath(), ByQuery(), prefix="/shop"))
    host = "http://testserver"
    assert client.get("/shop/v2/links").json() == [
        f"{host}/shop/v2/items/7",
        f"{host}/shop/v2/items/7",
        f"{host}/shop/v3/items/7",
        f"{host}/health",
    ]
    assert client.get("/shop/links?version=2").json()[0] == f"{host}/shop/items/7"
    assert client.get("/health").json() == f"{host}/shop/v1/items/7"


def test_links_within_a_mounted_app_are_below_its_mount() -> None:
    outer = Vivace()
    outer.mount("/mounted", make_app(ByPath()))
    client = TestClient(outer, root_path="/root")
    link = client.get("/root/mounted/v2/links/list_links").json()
    assert link == "http://testserver/root/mounted/v2/links"
    assert client.get("/root/mounted/v2/items/7").json() == "7 in 2"


def test_a_name_that_is_nowhere_is_an_error_as_ever() -> None:
    client = TestClient(make_app(ByPath()), raise_server_exceptions=False)
    assert client.get("/v2/links/nowhere").status_code == 500


def test_the_route_in_the_scope_has_the_whole_path() -> None:
    probe = APIRouter()

    @probe.get("/{name}")
    async def read_route(name: str, request: Request) -> str:
        path: str = request.scope["route"].path
        return path

    app = Vivace()
    versions = Versions("1", by=[ByPath(), ByQuery()])
    versions.include_router(probe, prefix="/inner")
    versions.install(app, prefix="/shop")
    client = TestClient(app)
    assert client.get("/shop/v1/inner/x").json() == "/shop/v1/inner/{name}"
    assert client.get("/shop/inner/x?version=1").json() == "/shop/inner/{name}"


def test_outside_of_versions_there_is_none() -> None:
    app = make_app(ByHeader())

    @app.get("/own")
    async def read_own(version: Annotated[Version, Depends(version_of)]) -> str:
        return version.name

    with pytest.raises(VivaceError, match="/own is in no version"):
        TestClient(app).get("/own")


def test_tools_find_the_routes_of_the_app() -> None:
    probe = APIRouter()

    @probe.get("/probe")
    async def count(request: Request) -> int:
        return len(request.scope["router"].routes)

    app = Vivace()
    versions = Versions("1")
    versions.include_router(probe)
    versions.install(app)
    assert TestClient(app).get("/v1/probe").json() == len(app.router.routes)


def test_nothing_of_a_request_waits_for_the_garbage_collector() -> None:
    def visits() -> int:
        return sum(type(each) is Visit for each in gc.get_objects())

    client = TestClient(make_app(ByPath(), ByHeader()))
    client.get("/v2/items/7")
    gc.collect()
    gc.disable()
    try:
        before = visits()
        for _ in range(5):
            assert client.get("/v2/items/7").json() == "7 in 2"
        assert visits() <= before + 1
    finally:
        gc.enable()


def test_what_an_endpoint_says_itself_is_joined_or_kept() -> None:
    old = Version("1", Deprecation(since=date(2026, 1, 1), info="/old"))
    versions = Versions(old, "2", by=[ByHeader(), ByQuery()], default="1")
    router = APIRouter()

    @router.get("/")
    async def read(response: Response) -> None:
        response.headers["Vary"] = "Accept-Language"
        response.headers["Link"] = '</help>; rel="help"'
        response.headers["Deprecation"] = "@1"

    versions.include_router(router)
    app = Vivace()
    versions.install(app)
    headers = TestClient(app).get("/").headers
    assert headers.get_list("vary") == ["Accept-Language, API-Version"]
    assert headers.get_list("deprecation") == ["@1"]
    assert headers.get_list("api-version") == ["1"]
    assert headers.get_list("link") == [
        '</help>; rel="help"',
        '</old>; rel="deprecation"',
        '</?version=2>; rel="successor-version"',
    ]
