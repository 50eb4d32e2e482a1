from __future__ import annotations

from typing import Any

import pytest

from vivace import Depends, Vivace
from vivace.crud import Field, Filter, Limits, Resource, make_router
from vivace.crud.filtering import filter_parameters
from vivace.crud.resource import EQUALITY
from vivace.testclient import TestClient

from .shelf import BOOKS, BookRead, Shelf, serve


@pytest.fixture
def shelf() -> Shelf:
    made = Shelf()
    made.add("Emma", "Persuasion", "Sanditon")
    return made


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("title=Emma", ["Emma"]),
        ("title__ne=Emma", ["Persuasion", "Sanditon"]),
        ("title__in=Emma&title__in=Sanditon", ["Emma", "Sanditon"]),
        ("title__icontains=S", ["Persuasion", "Sanditon"]),
        ("title__istartswith=s", ["Sanditon"]),
        ("id__gt=1&id__lt=3", ["Persuasion"]),
        ("id__gte=2", ["Persuasion", "Sanditon"]),
        ("id__lte=1", ["Emma"]),
        ("published__is_null=true", ["Emma", "Persuasion", "Sanditon"]),
        ("published__is_null=false", []),
        ("title=Emma&id=2", []),
    ],
)
def test_a_list_has_the_items_of_which_all_filters_are_true(
    shelf: Shelf, query: str, titles: list[str]
) -> None:
    page = serve(shelf).get(f"/books?{query}").json()
    assert [item["title"] for item in page["items"]] == titles


def test_values_reach_the_collection_as_what_they_are(shelf: Shelf) -> None:
    serve(shelf).get("/books?id__in=1&id__in=2&title=7")
    assert shelf.selections[0].filters == (
        Filter("id", "in", [1, 2]),
        Filter("title", "eq", "7"),
    )


def test_a_filter_takes_so_many_values_and_no_more(shelf: Shelf) -> None:
    client = serve(shelf, limits=Limits(max_in=2))
    assert client.get("/books?id__in=1&id__in=2").status_code == 200
    refused = client.get("/books?id__in=1&id__in=2&id__in=3")
    assert refused.json()["detail"][0]["loc"] == ["query", "id__in"]


def test_each_wrong_value_of_several_is_named(shelf: Shelf) -> None:
    refused = serve(shelf).get("/books?id__in=1&id__in=x")
    assert refused.json()["detail"][0]["loc"] == ["query", "id__in", 1]


def test_a_field_may_have_the_name_of_another_parameter() -> None:
    fields = (Field("limit", int, EQUALITY), Field("copy", str, EQUALITY))
    resource = Resource("x", "xs", {"id": int}, BookRead, fields=fields)
    taken = frozenset({"limit"})
    named = {one.name for one in filter_parameters(resource, max_in=5, taken=taken)}
    assert named == {"limit__eq", "limit__ne", "limit__in", "copy", "copy__ne", "copy__in"}
    app = Vivace()
    app.include_router(make_router(resource, Depends(Shelf), operations=["list"]))
    document: Any = TestClient(app).get("/openapi.json").json()
    parameters = [one["name"] for one in document["paths"]["/xs"]["get"]["parameters"]]
    assert parameters.count("limit") == 1
    assert named < {*parameters}


def test_what_is_asked_of_a_field_is_for_the_resource_to_say(shelf: Shelf) -> None:
    assert all(field.name != "notes" for field in BOOKS.fields)
    refused = serve(shelf).get("/books?notes=x&title__gt=a")
    assert [error["loc"][1] for error in refused.json()["detail"]] == ["notes", "title__gt"]
