from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import pytest

from vivace import APIRouter, Header, Vivace
from vivace.exceptions import VivaceError
from vivace.testclient import TestClient
from vivace.versioning import (
    ByAccept,
    ByConsumer,
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

router = APIRouter()


@router.get("/items")
@until("2")
async def list_names() -> list[str]:
    return []


@router.get("/items")
@since("2")
async def list_items() -> list[dict[str, str]]:
    return []


@router.delete("/items/{item}")
@deprecated(since=date(2026, 1, 1))
async def delete_item(item: int, api_version: Annotated[str, Header()] = "") -> None: ...


def make_app(*by: Any, default: str | None = None, **options: Any) -> Vivace:
    old = Deprecation(since=date(2025, 1, 1), sunset=date(2027, 1, 1))
    versions = Versions(Version("1", old), "2", "10", by=by, default=default)
    versions.include_router(router)
    app = Vivace(title="Shop", description="All of it.")
    app.get("/health")(health)
    versions.install(app, **options)
    return app


async def health() -> int:
    return 1


def document(app: Vivace, version: str, **options: Any) -> Any:
    return TestClient(app, **options).get(f"/openapi/{version}.json").json()


def operations(found: Any) -> set[str]:
    return {
        f"{method} {path}{' deprecated' * operation.get('deprecated', False)}"
        for path, item in found["paths"].items()
        for method, operation in item.items()
    }


def test_each_version_has_a_document_with_what_is_in_it() -> None:
    app = make_app(ByPath())
    assert operations(document(app, "2")) == {
        "get /v2/items",
        "delete /v2/items/{item} deprecated",
    }
    first = document(app, "1")
    assert operations(first) == {
        "get /v1/items deprecated",
        "delete /v1/items/{item} deprecated",
    }
    assert first["info"] == {
        "title": "Shop",
        "version": "1",
        "description": "All of it.\n\nDeprecated since 2025-01-01, and to end from 2027-01-01 on.",
    }
    assert document(app, "10")["info"]["description"] == "All of it."
    assert first["paths"]["/v1/items"]["get"]["operationId"] == "list_names_items_get"
    second = document(app, "2")["paths"]["/v2/items"]["get"]
    tenth = document(app, "10")["paths"]["/v10/items"]["get"]
    assert second["operationId"] == tenth["operationId"] == "list_items_items_get"


def test_that_of_the_app_has_all_versions_where_paths_tell_them_apart() -> None:
    found = operations(make_app(ByPath()).openapi())
    assert {"get /health", "get /v1/items deprecated", "get /v2/items", "get /v10/items"} <= found
    assert not any("latest" in operation for operation in found)


def test_else_it_has_the_default_version() -> None:
    assert operations(make_app(ByHeader(), default="1").openapi()) == {
        "get /health",
        "get /items deprecated",
        "delete /items/{item} deprecated",
    }
    assert operations(make_app(ByHeader()).openapi()) == {"get /health"}


@pytest.mark.parametrize(
    ("way", "place", "name"),
    [
        (ByHeader(), "header", "API-Version"),
        (ByQuery("v"), "query", "v"),
    ],
)
def test_it_says_how_to_ask_for_the_version(way: Any, place: str, name: str) -> None:
    expected = {
        "name": name,
        "in": place,
        "required": True,
        "description": "The version of the API.",
        "schema": {"type": "string", "enum": ["2"], "default": "2"},
    }
    consumer = ByConsumer(lambda connection: None, vary="Cookie")
    app = make_app(consumer, way, ByAccept(), default="10")
    paths = document(app, "2")["paths"]
    assert paths["/items"]["get"]["parameters"] == [expected]
    # The endpoint has a header of this name too.
    parameters = paths["/items/{item}"]["delete"]["parameters"]
    named = [(each["in"], each["name"].lower()) for each in parameters]
    assert len(set(named)) == len(named)
    assert expected in parameters
    tenth = document(app, "10")["paths"]["/items"]["get"]
    assert tenth["parameters"][0]["required"] is False


def test_or_which_media_type_to_accept() -> None:
    by_type = make_app(ByAccept(media_type="application/vnd.shop.v{version}+json"))
    responses = document(by_type, "2")["paths"]["/items/{item}"]["delete"]["responses"]
    assert [*responses["422"]["content"]] == ["application/vnd.shop.v2+json"]
    responses = document(make_app(ByAccept()), "2")["paths"]["/items"]["get"]["responses"]
    assert [*responses["200"]["content"]] == ["application/json; version=2"]


def test_who_is_known_by_who_they_are_says_nothing() -> None:
    app = make_app(ByConsumer(lambda connection: None, vary="Cookie"), default="10")
    assert "parameters" not in document(app, "2")["paths"]["/items"]["get"]


def test_the_pages_let_people_choose_the_newest_first() -> None:
    page = TestClient(make_app(ByPath())).get("/docs").text
    names = ["Shop", "Version 10", "Version 2", "Version 1 (deprecated)"]
    places = [page.index(f">{name}</option>") for name in names]
    assert places == sorted(places)
    shown = TestClient(make_app(ByPath())).get("/docs?document=Version+2").text
    assert "url: '/openapi/2.json'" in shown


def test_documents_and_pages_work_behind_a_proxy_whichever_comes_first() -> None:
    app = make_app(ByPath())
    found = document(app, "2", root_path="/api")
    assert found["servers"] == [{"url": "/api"}]
    assert [*found["paths"]] == ["/v2/items", "/v2/items/{item}"]
    page = TestClient(app, root_path="/api").get("/docs?document=Version+2").text
    assert "url: '/api/openapi/2.json'" in page
    outer = Vivace()
    outer.mount("/mounted", make_app(ByPath()))
    mounted = TestClient(outer).get("/mounted/openapi/2.json").json()
    assert mounted["servers"] == [{"url": "/mounted"}]


def test_several_apis_in_an_app_have_documents_of_their_own() -> None:
    app = make_app(ByPath(), prefix="/shop", title="Shop API")
    other = Versions("1", "2", "3")
    other.include_router(router)
    other.install(app, prefix="/depot", title="Depot API")
    client = TestClient(app)
    for place in ("/shop", "/depot"):
        paths = client.get(f"{place}/openapi/2.json").json()["paths"]
        assert [*paths] == [f"{place}/v2/items", f"{place}/v2/items/{{item}}"]
    page = client.get("/docs").text
    assert "<option>Shop API 2</option>" in page
    assert "<option>Depot API 2</option>" in page


def test_an_app_without_document_has_none_of_versions() -> None:
    app = Vivace(openapi_url=None)
    versions = Versions("1", "2")
    versions.include_router(router)
    versions.install(app)
    assert TestClient(app).get("/openapi/2.json").status_code == 404
    assert TestClient(app).get("/v2/items").status_code == 200


def test_versions_that_are_kept_out_of_the_document_have_none() -> None:
    app = Vivace()
    versions = Versions("1", "2")
    versions.include_router(router)
    versions.install(app, include_in_schema=False)
    client = TestClient(app)
    assert client.get("/openapi/2.json").status_code == 404
    assert client.get("/openapi.json").json()["paths"] == {}
    assert "<select" not in client.get("/docs").text


def test_they_are_where_the_document_of_the_app_is() -> None:
    app = Vivace(openapi_url="/schema")
    versions = Versions("1", "2")
    versions.include_router(router)
    versions.install(app)
    assert TestClient(app).get("/schema/2.json").json()["info"]["version"] == "2"


def test_an_app_changes_those_of_versions_with_its_own() -> None:
    class Branded(Vivace):
        def describe(self, *arguments: Any, **options: Any) -> dict[str, Any]:
            return {**super().describe(*arguments, **options), "x-brand": "acme"}

    app = Branded()
    versions = Versions("1", "2")
    versions.include_router(router)
    versions.install(app)
    assert document(app, "2")["x-brand"] == "acme"


def test_versions_that_are_not_in_the_app_have_no_documents_there() -> None:
    with pytest.raises(VivaceError, match="include their router in it"):
        Versions("1").add_documents(Vivace())
