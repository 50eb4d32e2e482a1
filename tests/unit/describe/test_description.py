from __future__ import annotations

from typing import Any

import pytest

from vivace import APIRouter, Vivace
from vivace.describe.description import Description, Remembered, describe_routes


def read() -> None: ...


def test_an_app_has_one_description() -> None:
    app = Vivace()
    assert Description.of(app) is Description.of(app)
    assert Description.of(Vivace()) is not Description.of(app)


def test_a_document_is_made_once_while_routes_stay() -> None:
    app = Vivace()
    app.get("/a")(read)
    document = Description.of(app).document()
    assert Description.of(app).document() is document
    assert app.openapi_schema is document
    assert app.openapi() is document


def test_a_document_is_made_anew_when_routes_have_changed() -> None:
    app = Vivace()
    app.get("/a")(read)
    first = Description.of(app).document()
    app.get("/b")(read)
    assert list(Description.of(app).document()["paths"]) == ["/a", "/b"]
    assert list(first["paths"]) == ["/a"]


@pytest.mark.parametrize("of_webhooks", [False, True])
def test_routes_that_an_included_router_gets_later_are_noticed(of_webhooks: bool) -> None:
    app, router = Vivace(), APIRouter()
    (app.webhooks if of_webhooks else app).include_router(router)
    assert Description.of(app).document()["paths"] == {}
    router.get("/late")(read)
    document = Description.of(app).document()
    assert list(document["webhooks" if of_webhooks else "paths"]) == ["/late"]


def test_a_document_that_is_taken_away_is_made_anew() -> None:
    app = Vivace()
    Description.of(app).document()
    app.title = "Renamed"
    assert Description.of(app).document()["info"]["title"] != "Renamed"
    app.openapi_schema = None
    assert Description.of(app).document()["info"]["title"] == "Renamed"


def test_a_document_of_ones_own_is_kept() -> None:
    app = Vivace()
    app.openapi_schema = {"openapi": "3.1.0", "x-own": True}
    app.get("/a")(read)
    assert Description.of(app).document() == {"openapi": "3.1.0", "x-own": True}


def test_what_is_remembered_is_made_when_first_asked_for_and_when_routes_have_changed() -> None:
    made: list[dict[str, Any]] = []

    def make() -> dict[str, Any]:
        made.append({"number": len(made)})
        return made[-1]

    remembered = Remembered(make)
    assert made == []
    assert remembered.document() is remembered.document()
    assert made == [{"number": 0}]
    Vivace().get("/")(read)
    assert remembered.document() == {"number": 1}


def test_what_cannot_be_made_is_tried_again() -> None:
    failures = [ValueError("no document")]

    def make() -> dict[str, Any]:
        if failures:
            raise failures.pop()
        return {"made": True}

    remembered = Remembered(make)
    with pytest.raises(ValueError, match="no document"):
        remembered.document()
    assert remembered.document() == {"made": True}


def test_a_document_says_of_the_app_what_it_is_not_told_otherwise() -> None:
    app = Vivace(title="Shop", version="2", summary="s", description="All of it.")
    own = describe_routes(app, [])["info"]
    assert own == {"title": "Shop", "version": "2", "summary": "s", "description": "All of it."}
    other = describe_routes(app, [], version="3", description="A part.")["info"]
    assert other == {**own, "version": "3", "description": "A part."}


def test_only_the_given_routes_are_described() -> None:
    app = Vivace()
    app.get("/a")(read)
    router = APIRouter()
    router.get("/b")(read)
    document = describe_routes(app, router.routes, webhooks=app.routes)
    assert list(document["paths"]) == ["/b"]
    assert list(document["webhooks"]) == ["/a"]


@pytest.mark.parametrize("problem_details", [False, True])
def test_errors_are_described_as_the_app_answers_them(problem_details: bool) -> None:
    app = Vivace(problem_details=problem_details)

    @app.get("/{number}")
    def numbered(number: int) -> None: ...

    response = describe_routes(app, app.routes)["paths"]["/{number}"]["get"]["responses"]["422"]
    media_type = "application/problem+json" if problem_details else "application/json"
    assert list(response["content"]) == [media_type]
