"""Requests in all ways, to apps of all shapes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from starlette.routing import Route
from starlette.testclient import WebSocketDenialResponse

from vivace import APIRouter, Request, Vivace, WebSocket
from vivace.responses import PlainTextResponse
from vivace.testclient import TestClient
from vivace.versioning import (
    ByAccept,
    ByHeader,
    ByPath,
    ByQuery,
    Deprecation,
    Version,
    Versions,
    Way,
    since,
    until,
    version_of,
)

router = APIRouter()


@router.get("/items")
@until("2")
async def list_names() -> str:
    return "names"


@router.get("/items")
@since("2")
async def list_items() -> str:
    return "items"


@router.get("/items/newest")
@since("10")
async def read_newest() -> str:
    return "newest"


@router.get("/items/{item}")
async def read_item(item: int, request: Request) -> str:
    return f"{item} in {version_of(request)}"


@router.post("/items")
@since("2")
async def create_item() -> str:
    return "created"


@router.websocket("/socket")
@since("2")
async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(f"version {version_of(websocket)}")
    await websocket.close()


def make_app(by: Sequence[Way], **options: Any) -> Vivace:
    versions = Versions("1", "2", "10", by=by, **options)
    versions.include_router(router)
    app = Vivace()
    versions.install(app)

    @app.get("/health")
    async def read_health() -> str:
        return "well"

    return app


ALL = [ByPath(), ByQuery(), ByHeader(), ByAccept()]


def client_of(*by: Way, **options: Any) -> TestClient:
    return TestClient(make_app(by, **options))


ASKING = {
    "path": lambda client, version, path: client.get(f"/v{version}{path}"),
    "query": lambda client, version, path: client.get(path, params={"version": version}),
    "header": lambda client, version, path: client.get(path, headers={"API-Version": version}),
    "accept": lambda client, version, path: client.get(
        path, headers={"Accept": f"application/json; version={version}"}
    ),
}


@pytest.mark.parametrize("ask", ASKING.values(), ids=ASKING)
def test_every_way_leads_to_the_same_endpoints(ask: Any) -> None:
    client = client_of(*ALL)
    assert ask(client, "1", "/items").json() == "names"
    assert ask(client, "2", "/items").json() == "items"
    assert ask(client, "10", "/items").json() == "items"
    assert ask(client, "1", "/items/7").json() == "7 in 1"
    assert ask(client, "10", "/items/7").json() == "7 in 10"
    assert ask(client, "10", "/items/newest").json() == "newest"
    # What is a path of its own in a later version, is a parameter in this one.
    assert ask(client, "2", "/items/newest").status_code == 422


@pytest.mark.parametrize(("way", "status"), [*zip(ASKING, (404, 400, 400, 406), strict=True)])
def test_an_unknown_version_is_refused_with_the_known_ones(way: str, status: int) -> None:
    response = ASKING[way](client_of(*ALL), "9", "/items")
    assert response.status_code == status
    assert "There is no version '9'" in response.json()["detail"]
    assert "There are: 1, 2, 10." in response.json()["detail"]


def test_with_problem_details_it_is_one() -> None:
    app = Vivace(problem_details=True)
    versions = Versions("1", "2", "10", by=[ByQuery()])
    versions.include_router(router)
    versions.install(app)
    response = TestClient(app).get("/items?version=9")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == 400


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/items?version=2", {}),
        ("/v1/items", {"API-Version": "2"}),
        ("/items?version=1", {"API-Version": "2"}),
        ("/items?version=1&version=2", {}),
        ("/items", {"API-Version": "1", "Accept": "application/json;version=2"}),
    ],
)
def test_two_versions_are_a_contradiction(path: str, headers: dict[str, str]) -> None:
    response = client_of(*ALL).get(path, headers=headers)
    assert response.status_code == 400
    assert "Version 1 is asked for by" in response.json()["detail"]
    assert "and version 2 by" in response.json()["detail"]


def test_the_same_version_in_all_ways_is_one() -> None:
    headers = {"API-Version": "2", "Accept": "application/json;version=2"}
    response = client_of(*ALL).get("/v2/items?version=2", headers=headers)
    assert response.json() == "items"


def test_whoever_asks_for_none_gets_the_default() -> None:
    assert client_of(*ALL, default="1").get("/items").json() == "names"
    assert client_of(*ALL, default="latest").get("/items/1").json() == "1 in 10"
    assert client_of(ByPath(), default="2").get("/items/1").json() == "1 in 2"


def test_without_a_default_they_are_told_how_to_ask() -> None:
    response = client_of(*ALL).get("/items")
    assert response.status_code == 400
    assert response.json()["detail"] == (
        "The request names no version. A version can be named by the path or the query parameter "
        "version or the header API-Version or the header Accept. There are: 1, 2, 10."
    )
    assert client_of(ByPath()).get("/items").status_code == 404


def test_aliases_stand_for_versions() -> None:
    client = client_of(*ALL, aliases={"stable": "2"})
    assert client.get("/latest/items/1").json() == "1 in 10"
    assert client.get("/stable/items/1").json() == "1 in 2"
    assert client.get("/items/1?version=latest").json() == "1 in 10"
    assert client.get("/items/1", headers={"API-Version": "stable"}).json() == "1 in 2"


def test_what_is_unversioned_is_reached_whatever_is_asked_for() -> None:
    app = make_app(ALL)
    client = TestClient(app)
    assert client.get("/health", headers={"API-Version": "9"}).json() == "well"
    assert client.get("/health?version=1", headers={"API-Version": "2"}).json() == "well"

    @app.get("/v9/{rest}")
    async def read_ninth(rest: str) -> str:
        return rest

    @app.get("/v1/own")
    async def read_own() -> str:
        return "own"

    app.mount("/static", PlainTextResponse("a file"))
    assert client.get("/v9/items").json() == "items"
    assert client.get("/v1/own").json() == "own"
    assert client.get("/static/x").text == "a file"
    assert client.get("/vehicles").status_code == client.get("/v1/nothing").status_code == 404


def test_what_is_in_other_versions_alone_is_said_to_be_missing() -> None:
    client = client_of(ByHeader())
    response = client.post("/items", headers={"API-Version": "1"})
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
    late = APIRouter()
    late.get("/late")(list_items)
    versions = Versions("1", "2", "10", by=[ByHeader()])
    versions.include_router(late)
    app = Vivace()
    versions.install(app)
    response = TestClient(app).get("/late", headers={"API-Version": "1"})
    assert response.status_code == 404
    assert response.json() == {"detail": "There is nothing at this path in version 1."}


@pytest.mark.parametrize("prefix", ["/v{}", ""])
def test_methods_are_those_of_the_version(prefix: str) -> None:
    client = client_of(*ALL)

    def ask(method: str, version: str) -> Any:
        headers = {} if prefix else {"API-Version": version}
        return client.request(method, f"{prefix.format(version)}/items", headers=headers)

    assert ask("PUT", "1").headers["allow"] == "GET, HEAD"
    assert ask("PUT", "2").headers["allow"] == "GET, HEAD, POST"
    assert ask("POST", "1").status_code == 405
    head = ask("HEAD", "2")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "7")


def test_slashes_at_the_end_are_redirected_as_the_app_says() -> None:
    for app in (make_app(ALL), make_app([ByPath()])):
        client = TestClient(app, follow_redirects=False)
        response = client.get("/v1/items/")
        assert response.status_code == 307
        assert response.headers["location"] == "http://testserver/v1/items"
    client = TestClient(make_app(ALL), follow_redirects=False)
    response = client.get("/items/?version=1")
    assert response.headers["location"] == "http://testserver/items?version=1"
    strict = Vivace(redirect_slashes=False)
    versions = Versions("1", "2", "10")
    versions.include_router(router)
    versions.install(strict)
    assert TestClient(strict).get("/v1/items/").status_code == 404


def test_sockets_have_versions() -> None:
    client = client_of(*ALL)
    for path, headers in [
        ("/v2/socket", {}),
        ("/socket?version=2", {}),
        ("/socket", {"API-Version": "2"}),
        ("/socket", {"Accept": "application/json;version=2"}),
    ]:
        with client.websocket_connect(path, headers=headers) as socket:
            assert socket.receive_text() == "version 2"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/v9/socket", 404), ("/socket?version=9", 400), ("/socket", 400), ("/socket?version=1", 404)],
)
def test_sockets_are_refused_with_the_same_words(path: str, status: int) -> None:
    client = client_of(*ALL)
    with pytest.raises(WebSocketDenialResponse) as caught, client.websocket_connect(path):
        pass
    assert caught.value.status_code == status
    assert "version" in caught.value.json()["detail"]


def test_versions_stand_below_a_prefix_with_what_stands_around_them() -> None:
    versions = Versions("1", "2", "10", by=[ByPath("/api/v{version}"), ByQuery()])
    versions.include_router(router, prefix="/inner")
    outer = APIRouter(prefix="/outer")
    outer.include_router(versions.router(), prefix="/{tenant}")
    app = Vivace()
    app.include_router(outer, prefix="/app")
    versions.add_documents(app)
    client = TestClient(app)
    assert client.get("/app/outer/acme/api/v2/inner/items/7").json() == "7 in 2"
    assert client.get("/app/outer/acme/inner/items/7?version=2").json() == "7 in 2"
    assert client.get("/app/outer/acme/api/v9/inner/items/7").status_code == 404
    assert client.get("/app/outer/acme/api/latest/inner/items/7").json() == "7 in 10"
    document = client.get("/openapi/2.json").json()
    assert "/app/outer/{tenant}/api/v2/inner/items" in document["paths"]


@pytest.mark.parametrize("root_path", ["", "/root"])
def test_versions_of_mounted_apps_and_behind_proxies_work(root_path: str) -> None:
    app = Vivace()
    app.mount("/mounted", make_app(ALL))
    client = TestClient(app, root_path=root_path)
    assert client.get(f"{root_path}/mounted/v2/items/7").json() == "7 in 2"
    assert client.get(f"{root_path}/mounted/items/7?version=2").json() == "7 in 2"
    assert client.get(f"{root_path}/mounted/v9/items").status_code == 404


def test_a_router_with_a_mount_and_a_route_of_starlette_has_versions_too() -> None:
    async def show(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"{request.scope['root_path']} {version_of(request)}")

    mixed = APIRouter()
    mixed.mount("/mount", PlainTextResponse("mounted"))
    mixed.routes.append(Route("/plain", show))
    versions = Versions("1", "2", by=[ByPath(), ByQuery()])
    versions.include_router(mixed)
    app = Vivace()
    versions.install(app)
    client = TestClient(app)
    assert client.get("/v1/mount/x").text == client.get("/mount/x?version=1").text == "mounted"
    assert client.get("/v2/plain").text == client.get("/plain?version=2").text == " 2"


def test_a_version_that_is_over_is_gone_where_it_says_so() -> None:
    past = date(2000, 1, 1)
    over = Deprecation(since=past, sunset=past, info="/info", policy="/policy", gone=True)
    versions = Versions(
        Version("1", over),
        Version("2", Deprecation(since=past, sunset=past)),
        "10",
        by=[ByPath(), ByHeader()],
    )
    versions.include_router(router)
    app = Vivace()
    versions.install(app)
    client = TestClient(app)
    response = client.get("/v1/items")
    assert response.status_code == 410
    assert response.json() == {"detail": "Version 1 is gone since 2000-01-01."}
    assert response.headers["sunset"] == "Sat, 01 Jan 2000 00:00:00 GMT"
    assert response.headers["deprecation"] == "@946684800"
    assert response.headers["link"] == '</info>; rel="deprecation", </policy>; rel="sunset"'
    assert response.headers["vary"] == "API-Version"
    assert client.get("/v2/items").json() == "items"


def test_a_name_leads_to_the_default_version_or_the_one_that_it_says() -> None:
    app = make_app(ALL)
    assert app.url_path_for("read_item", item=7) == "/v10/items/7"
    assert app.url_path_for("1:read_item", item=7) == "/v1/items/7"
    assert app.url_path_for("latest:read_item", item=7) == "/v10/items/7"
    by_header = make_app([ByHeader()], default="1")
    assert by_header.url_path_for("list_names") == "/items"
    assert by_header.url_path_for("2:list_items") == "/items"


def test_routes_are_listed_once_or_with_the_version_in_their_path() -> None:
    from vivace.cli.listing import list_routes

    def listed(app: Vivace) -> list[str]:
        return [row.path for row in list_routes(app.routes) if "items" in row.path]

    assert listed(make_app([ByPath()])).count("/v2/items") == 2
    assert listed(make_app([ByHeader()])).count("/items/{item}") == 1
