from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import pytest
from pydantic import BaseModel, Field, model_validator

from vivace.crud.patching import Patching, partial_model
from vivace.exceptions import RequestValidationError

from .shelf import BOOKS, Shelf, serve


class Span(BaseModel):
    start: int
    end: int = Field(alias="until")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.start > self.end:
            raise ValueError("ends before it starts")
        return self


SPANS = replace(BOOKS, name="span", create=None, replace=Span)


def errors_of(patching: Patching, present: Any, patch: Any) -> list[tuple[Any, ...]]:
    with pytest.raises(RequestValidationError) as raised:
        patching.values(present, patch)
    return [error["loc"] for error in raised.value.errors()]


def test_only_what_is_sent_is_changed() -> None:
    assert Patching(SPANS).values({"start": 1, "end": 5}, {"until": 7}) == {"end": 7}


def test_what_comes_of_it_is_validated_as_a_whole() -> None:
    patching = Patching(SPANS)
    assert patching.values({"start": 1, "end": 5}, {"start": 8, "until": 9}) == {
        "start": 8,
        "end": 9,
    }
    assert errors_of(patching, {"start": 1, "end": 5}, {"start": 8}) == [("body",)]


def test_names_are_those_that_clients_use() -> None:
    patching = Patching(SPANS)
    assert errors_of(patching, {"start": 1, "end": 5}, {"end": 6}) == [("body", "end")]
    assert errors_of(patching, {"start": 1, "end": 5}, {"until": "x"}) == [("body", "until")]


def test_a_schema_of_the_app_s_own_is_taken_at_its_word() -> None:
    class Later(BaseModel):
        end: int | None = None

    patching = Patching(replace(SPANS, patch=Later))
    assert patching.values({"start": 1, "end": 5}, {"end": 0}) == {"end": 0}
    assert patching.values({"start": 1, "end": 5}, {"end": None}) == {"end": None}
    assert errors_of(patching, {"start": 1, "end": 5}, {"start": 1}) == [("body", "start")]
    assert patching.documented is Later


class Inner(BaseModel):
    text: str = Field(min_length=2, description="Words.")


class Outer(BaseModel):
    """Documented."""

    inner: Inner
    maybe: Inner | None = None
    number: int = 3


def test_for_documentation_everything_may_be_left_out() -> None:
    schema = partial_model(Outer, "OuterPatch").model_json_schema()
    assert schema["description"] == "Documented."
    assert "required" not in schema
    assert "default" not in schema["properties"]["number"]
    inner = schema["$defs"]["OuterPatchInner"]
    assert "required" not in inner
    assert inner["properties"]["text"]["minLength"] == 2
    assert inner["properties"]["text"]["description"] == "Words."


@pytest.fixture
def shelf() -> Shelf:
    made = Shelf()
    made.add("Emma")
    return made


def test_objects_are_merged_and_null_takes_away(shelf: Shelf) -> None:
    client = serve(shelf)
    client.patch("/books/1", json={"notes": {"a": {"b": 1, "c": 2}}, "published": "2025-01-01"})
    patch = {"notes": {"a": {"b": None}, "d": [1]}, "published": None, "price": None}
    assert client.patch("/books/1", json=patch).json() == {
        "id": 1,
        "title": "Emma",
        "price": "10",
        "published": None,
        "notes": {"a": {"c": 2}, "d": [1]},
    }


def test_what_has_to_be_there_cannot_be_taken_away(shelf: Shelf) -> None:
    refused = serve(shelf).patch("/books/1", json={"title": None})
    assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (422, ["body", "title"])


@pytest.mark.parametrize("body", ["[]", "null", "3", '"text"'])
def test_what_is_no_object_is_no_patch(shelf: Shelf, body: str) -> None:
    headers = {"Content-Type": "application/merge-patch+json"}
    refused = serve(shelf).patch("/books/1", content=body, headers=headers)
    assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (422, ["body"])


def test_other_kinds_of_patches_are_refused(shelf: Shelf) -> None:
    headers = {"Content-Type": "application/json-patch+json"}
    refused = serve(shelf).patch("/books/1", content="[]", headers=headers)
    assert refused.status_code == 415
    assert refused.headers["Accept-Patch"] == "application/merge-patch+json"


def test_without_what_can_be_changed_there_is_no_patch() -> None:
    with pytest.raises(ValueError, match="A book has no schema"):
        Patching(replace(BOOKS, replace=None))
