"""What responses say of their version."""

from __future__ import annotations

from datetime import date
from typing import Any

from vivace import APIRouter, HTTPException, Request, Response, Vivace, WebSocket
from vivace.routing import APIRoute
from vivace.testclient import TestClient
from vivace.versioning import (
    ByAccept,
    ByHeader,
    ByPath,
    ByQuery,
    Deprecation,
    Version,
    Versions,
    deprecated,
    since,
    until,
)
from vivace.versioning.editions import with_unique_ids
from vivace.versioning.group import VersionedRoutes

OLD = Deprecation(since=date(2025, 1, 1), sunset=date(2999, 1, 1), info="https://shop.example/old")
router = APIRouter()


@router.get("/items/{item}")
async def read_item(item: str) -> str:
    return item


@router.get("/names")
@until("2")
async def list_names() -> str:
    return "names"


@router.get("/orders")
@since("2")
@deprecated(since=date(2026, 1, 1), info="/orders-go", successor="/sales")
async def list_orders() -> str:
    return "orders"


@router.get("/parcels")
@deprecated(since=date(2000, 1, 1), sunset=date(2000, 1, 1), gone=True)
async def list_parcels() -> str:
    return "parcels"


@router.get("/forbidden")
async def forbid() -> None:
    raise HTTPException(403, headers={"Link": "</help>; rel=help", "Vary": "Cookie"})


@router.get("/raw")
async def answer() -> Response:
    return Response("raw", media_type="text/plain")


@router.websocket("/socket")
async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


def client_of(*by: Any) -> TestClient:
    versions = Versions(Version("1", OLD), "2", "3", by=by, default="latest")
    versions.include_router(router)
    app = Vivace()
    versions.install(app)
    return TestClient(app)


def links(response: Any) -> list[str]:
    found: list[str] = response.headers.get_list("link")
    return found


def test_responses_of_a_deprecated_version_say_so() -> None:
    response = client_of(ByPath()).get("/v1/items/7")
    assert response.headers["deprecation"] == "@1735689600"
    assert response.headers["sunset"] == "Tue, 01 Jan 2999 00:00:00 GMT"
    assert links(response) == [
        '<https://shop.example/old>; rel="deprecation"',
        '</v2/items/7>; rel="successor-version"',
    ]


def test_those_of_others_do_not() -> None:
    response = client_of(ByPath()).get("/v2/items/7")
    assert response.json() == "7"
    assert not {"deprecation", "sunset", "link", "vary"} & {*response.headers}


def test_errors_say_so_too_and_keep_what_they_have() -> None:
    client = client_of(ByPath(), ByHeader())
    response = client.get("/v1/forbidden")
    assert (response.status_code, response.headers["deprecation"]) == (403, "@1735689600")
    assert "</help>; rel=help" in links(response)
    assert response.headers.get_list("vary") == ["Cookie, API-Version"]
    assert client.get("/v1/items").headers.get("deprecation") is None


def test_a_successor_is_linked_where_there_is_one_and_urls_tell_them_apart() -> None:
    names = client_of(ByPath()).get("/v1/names")
    assert names.json() == "names"
    assert links(names) == ['<https://shop.example/old>; rel="deprecation"']
    by_query = client_of(ByQuery()).get("/items/7?a=%C3%A9&version=1&b=")
    assert links(by_query)[1] == '</items/7?a=%C3%A9&b=&version=2>; rel="successor-version"'
    by_header = client_of(ByHeader()).get("/items/7", headers={"API-Version": "1"})
    assert by_header.headers["deprecation"] == "@1735689600"
    assert len(links(by_header)) == 1


def test_no_path_breaks_out_of_a_link() -> None:
    client = client_of(ByPath(), ByQuery())
    for path in ("/v1/items/a%3E%22%0D%0Ab", "/items/a%3E%22%0D%0Ab?version=1&%0A%3E=%22"):
        (link,) = [link for link in links(client.get(path)) if "successor" in link]
        assert link.startswith("</") and link.count(">") == 1 and link.count('"') == 2
        assert "%3E%22%0D%0A" in link


def test_below_a_proxy_links_are_those_of_the_outside() -> None:
    client = TestClient(client_of(ByPath()).app, root_path="/api")
    assert '</api/v2/items/7>; rel="successor-version"' in links(client.get("/api/v1/items/7"))


def test_a_deprecated_endpoint_says_so_in_each_of_its_versions() -> None:
    client = client_of(ByPath())
    response = client.get("/v3/orders")
    assert response.headers["deprecation"] == "@1767225600"
    assert links(response) == [
        '</orders-go>; rel="deprecation"',
        '</sales>; rel="successor-version"',
    ]


def test_an_endpoint_that_is_over_is_gone_and_documented_as_deprecated() -> None:
    client = client_of(ByPath())
    response = client.get("/v3/parcels")
    assert response.status_code == 410
    assert response.json() == {"detail": "This is gone since 2000-01-01."}
    assert response.headers["sunset"] == "Sat, 01 Jan 2000 00:00:00 GMT"
    # Of the dates of endpoint and version, the earlier ones hold.
    assert client.get("/v1/parcels").headers["deprecation"] == "@946684800"


def test_responses_name_the_version_where_a_header_does_and_what_they_vary_by() -> None:
    client = client_of(ByPath(), ByHeader("X-Version"), ByAccept())
    for response in (client.get("/items/7"), client.get("/raw"), client.get("/v3/items/7")):
        assert response.headers["x-version"] == "3"
        assert response.headers["vary"] == "X-Version, Accept"
    refused = client.get("/items/7", headers={"X-Version": "9"})
    assert refused.headers["vary"] == "X-Version, Accept"
    assert "vary" not in client_of(ByPath(), ByQuery()).get("/items/7").headers


def test_json_is_sent_as_the_type_that_was_asked_for() -> None:
    client = client_of(ByAccept(media_type="application/vnd.shop.v{version}+json"))

    def kind(path: str, accept: str) -> Any:
        return client.get(path, headers={"Accept": accept}).headers["content-type"]

    vendor = "application/vnd.shop.v2+json"
    assert kind("/items/7", vendor) == vendor
    assert kind("/items/7", "application/vnd.shop.vlatest+json") == "application/vnd.shop.v3+json"
    assert kind("/items/7", "*/*") == "application/json"
    assert kind("/raw", vendor) == "text/plain; charset=utf-8"
    assert kind("/items/7", f"{vendor};q=0.5, */*") == "application/json"
    by_parameter = client_of(ByAccept())
    response = by_parameter.get("/items/7", headers={"Accept": "application/json;version=2"})
    assert response.headers["content-type"] == "application/json; version=2"


def test_sockets_say_so_when_they_are_accepted() -> None:
    with client_of(ByPath()).websocket_connect("/v1/socket") as socket:
        assert (b"deprecation", b"@1735689600") in (socket.extra_headers or [])


def test_ids_of_operations_differ_in_the_document_of_all_versions() -> None:
    def by_name(route: APIRoute) -> str:
        return route.name

    named = APIRouter(generate_unique_id_function=by_name)

    @named.post("/things")
    async def make_thing(request: Request, name: str) -> str:
        return name

    versions = Versions("1", "2")
    versions.include_router(named)
    (group,) = versions.router().routes
    assert isinstance(group, VersionedRoutes)
    routes = with_unique_ids(group.in_path[segment] for segment in ("v1", "v2"))
    ids = [route.unique_id for route in routes if isinstance(route, APIRoute)]
    assert ids == ["make_thing", "make_thing_v2"]
    app = Vivace()
    versions.install(app)
    client = TestClient(app)
    paths = client.get("/openapi.json").json()["paths"]
    assert paths["/v1/things"]["post"]["operationId"] == "make_thing"
    assert paths["/v2/things"]["post"]["operationId"] == "make_thing_v2"
    # Clients that are generated from the document of one version know nothing of others.
    alone = client.get("/openapi/2.json").json()["paths"]
    assert alone["/v2/things"]["post"]["operationId"] == "make_thing"
