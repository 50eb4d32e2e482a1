from __future__ import annotations

from typing import Any

import pytest

from vivace import APIRouter, Vivace
from vivace.testclient import TestClient

PAGES = ["/docs", "/redoc", "/scalar"]

internal = APIRouter()


@internal.get("/internal")
async def read_internal() -> int:
    return 1


def make_app(**options: Any) -> Vivace:
    app = Vivace(title="Shop", scalar_url="/scalar", **options)
    app.add_openapi("Inside & out", "/inside.json", lambda: app.describe(internal.routes))
    return app


def test_a_further_document_is_served() -> None:
    document = TestClient(make_app()).get("/inside.json").json()
    assert document["info"]["title"] == "Shop"
    assert [*document["paths"]] == ["/internal"]


def test_it_has_the_prefix_of_a_proxy_whichever_document_is_asked_for_first() -> None:
    client = TestClient(make_app(), root_path="/api")
    assert client.get("/inside.json").json()["servers"] == [{"url": "/api"}]
    assert "'/api/inside.json'" in client.get("/docs?document=Inside+%26+out").text


@pytest.mark.parametrize("page", PAGES)
def test_pages_let_people_choose(page: str) -> None:
    client = TestClient(make_app())
    first = client.get(page).text
    assert "/openapi.json" in first
    assert "<option selected>Shop</option><option>Inside &amp; out</option>" in first
    chosen = client.get(page, params={"document": "Inside & out"}).text
    assert "/inside.json" in chosen
    assert "/openapi.json" not in chosen
    assert "<option selected>Inside &amp; out</option>" in chosen
    assert client.get(page, params={"document": "<script>"}).text == first


@pytest.mark.parametrize("page", PAGES)
def test_there_is_nothing_to_choose_from_one(page: str) -> None:
    client = TestClient(Vivace(scalar_url="/scalar"))
    assert "<select" not in client.get(page).text
    assert client.get(page, params={"document": "x"}).text == client.get(page).text


def test_a_document_is_made_when_it_is_asked_for_and_when_routes_change() -> None:
    app = Vivace()
    made: list[int] = []

    def make() -> dict[str, Any]:
        made.append(1)
        return app.describe(app.routes, version="7", description="All.")

    app.add_openapi("all", "/all.json", make)
    client = TestClient(app)
    assert made == []
    client.get("/all.json")
    assert client.get("/all.json").json()["info"]["version"] == "7"
    assert len(made) == 1
    app.get("/later")(read_internal)
    assert [*client.get("/all.json").json()["paths"]] == ["/later"]
    assert len(made) == 2


def test_two_documents_of_one_name_are_refused() -> None:
    app = make_app()
    for name in ("Shop", "Inside & out"):
        with pytest.raises(ValueError, match="There is a document"):
            app.add_openapi(name, "/other.json", dict)


def test_without_a_document_of_its_own_an_app_has_no_further_ones() -> None:
    app = Vivace(openapi_url=None)
    app.add_openapi("more", "/more.json", dict)
    assert TestClient(app).get("/more.json").status_code == 404


def test_an_app_changes_all_documents_at_once() -> None:
    class Branded(Vivace):
        def describe(self, *arguments: Any, **options: Any) -> dict[str, Any]:
            return {**super().describe(*arguments, **options), "x-brand": "acme"}

    app = Branded()
    app.add_openapi("inside", "/inside.json", lambda: app.describe(internal.routes))
    client = TestClient(app)
    assert client.get("/openapi.json").json()["x-brand"] == "acme"
    assert client.get("/inside.json").json()["x-brand"] == "acme"


def test_documents_of_problem_details_say_so() -> None:
    app = Vivace(problem_details=True)

    @app.get("/number")
    async def read_number(number: int) -> int:
        return number

    document = app.describe(app.routes)
    refusal = document["paths"]["/number"]["get"]["responses"]["422"]
    assert [*refusal["content"]] == ["application/problem+json"]
