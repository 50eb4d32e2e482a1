from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import bson
import pytest
from hypothesis import given, settings, strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from vivace import Query, Vivace
from vivace.mongo import ObjectId
from vivace.testclient import TestClient

ID = "65f1a2b3c4d5e6f708192a3b"


class Shelf(BaseModel):
    id: ObjectId
    books: list[ObjectId] = []
    copies: dict[ObjectId, int] = {}
    owner: ObjectId | None = None


@pytest.fixture
def client() -> TestClient:
    app = Vivace()

    @app.get("/books/{id}")
    async def read(
        id: ObjectId, also: Annotated[Sequence[ObjectId], Query()] = ()
    ) -> list[ObjectId]:
        return [id, *also]

    @app.post("/shelves")
    async def create(shelf: Shelf) -> Shelf:
        return shelf

    return TestClient(app)


def test_it_is_a_string_in_paths_and_queries(client: TestClient) -> None:
    assert client.get(f"/books/{ID}?also={ID[::-1]}").json() == [ID, ID[::-1]]


def test_it_is_a_string_in_bodies_also_as_a_key(client: TestClient) -> None:
    shelf = {"id": ID, "books": [ID], "copies": {ID: 3}, "owner": None}
    assert client.post("/shelves", json=shelf).json() == shelf


@pytest.mark.parametrize(
    "wrong", ["65f1", ID.upper(), f"{ID}0", f"{ID}%0A", "z" * 24, "\u0661" * 24]
)
def test_a_bad_id_in_the_path_is_refused_with_its_place(client: TestClient, wrong: str) -> None:
    response = client.get(f"/books/{wrong}?also={wrong}")
    assert response.status_code == 422
    places = [error["loc"] for error in response.json()["detail"]]
    assert places == [["path", "id"], ["query", "also", 0]]


def test_a_bad_id_in_a_body_is_refused_with_its_place(client: TestClient) -> None:
    body = {"id": 1, "books": [ID, "x"], "copies": {"x": 1}, "owner": ""}
    response = client.post("/shelves", json=body)
    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["detail"]] == [
        ["body", "id"],
        ["body", "books", 1],
        ["body", "copies", "x", "[key]"],
        ["body", "owner"],
    ]


def test_the_document_says_what_it_looks_like(client: TestClient) -> None:
    described = {"type": "string", "pattern": "^[0-9a-f]{24}$", "examples": [ID]}
    document = client.get("/openapi.json").json()
    [parameter, *_] = document["paths"]["/books/{id}"]["get"]["parameters"]
    assert parameter["schema"] == {**described, "title": "Id"}
    # One schema, for what comes in and what goes out.
    assert document["components"]["schemas"]["Shelf"]["properties"]["books"]["items"] == described


def test_it_is_what_pymongo_uses() -> None:
    made = ObjectId()
    assert isinstance(made, bson.ObjectId)
    assert made == bson.ObjectId(str(made))
    assert bson.decode(bson.encode({"_id": made})) == {"_id": made}


def test_pymongo_s_own_is_taken_too() -> None:
    read = bson.ObjectId()
    shelf = Shelf(id=read, copies={read: 1})
    assert type(shelf.id) is ObjectId
    assert shelf.id == read
    assert shelf.model_dump()["copies"] == {read: 1}


def test_it_needs_no_conversion_in_strict_mode() -> None:
    adapter = TypeAdapter(ObjectId)
    assert adapter.validate_json(f'"{ID}"', strict=True) == ObjectId(ID)
    assert adapter.dump_json(ObjectId(ID)) == f'"{ID}"'.encode()


@settings(deadline=None)
@given(st.binary(min_size=12, max_size=12))
def test_any_id_comes_back_from_its_text(data: bytes) -> None:
    made = ObjectId(data)
    assert TypeAdapter(ObjectId).validate_python(str(made)) == made


@settings(deadline=None)
@given(st.one_of(st.text(), st.binary(), st.integers(), st.none(), st.lists(st.integers())))
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(ObjectId).validate_python(value)
