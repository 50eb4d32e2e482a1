from __future__ import annotations

from typing import Any

import pytest

from vivace.crud import Limits

from .shelf import Shelf, serve


@pytest.fixture
def shelf() -> Shelf:
    made = Shelf()
    made.add("Emma", "Persuasion")
    return made


BOOK = {"id": 3, "title": "Sanditon", "price": "10", "published": None, "notes": {}}


def test_an_item_is_made_and_then_where_it_says(shelf: Shelf) -> None:
    client = serve(shelf)
    made = client.post("/books", json={"title": "Sanditon"})
    assert (made.status_code, made.json()) == (201, BOOK)
    assert made.headers["Location"] == "/books/3"
    read = client.get("/books/3")
    assert (read.json(), read.headers["ETag"]) == (BOOK, made.headers["ETag"])


def test_the_location_has_what_is_before_the_router(shelf: Shelf) -> None:
    client = serve(shelf, prefix="/v1/all books")
    made = client.post("/v1/all books", json={"title": "Sanditon"})
    assert made.headers["Location"] == "/v1/all%20books/3"
    assert client.get(made.headers["Location"]).json() == BOOK


def test_an_item_is_replaced_as_a_whole(shelf: Shelf) -> None:
    client = serve(shelf)
    client.patch("/books/1", json={"price": 3, "notes": {"a": 1}})
    replaced = client.put("/books/1", json={"title": "Emma!"})
    assert replaced.json() == {**BOOK, "id": 1, "title": "Emma!"}
    assert client.get("/books/1").headers["ETag"] == replaced.headers["ETag"]


def test_an_item_is_deleted(shelf: Shelf) -> None:
    client = serve(shelf)
    deleted = client.delete("/books/1")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert client.delete("/books/1").status_code == 404


def test_what_is_not_there_is_404(shelf: Shelf) -> None:
    client = serve(shelf)
    for method, body in [("GET", None), ("PUT", {"title": "x"}), ("PATCH", {}), ("DELETE", None)]:
        missing = client.request(method, "/books/9", json=body)
        assert missing.status_code == 404
        assert missing.json() == {"detail": "There is no such book."}


def test_what_is_no_key_is_an_error_with_its_place(shelf: Shelf) -> None:
    client = serve(shelf)
    for method, body in [("GET", None), ("PUT", {"title": "x"}), ("PATCH", {}), ("DELETE", None)]:
        for key in ("x", "0", "9" * 40):
            refused = client.request(method, f"/books/{key}", json=body)
            assert refused.status_code == 422
            assert refused.json()["detail"][0]["loc"] == ["path", "id"]


def test_a_conflict_names_the_field(shelf: Shelf) -> None:
    client = serve(shelf)
    conflict = {
        "detail": [
            {
                "type": "already_exists",
                "loc": ["body", "title"],
                "msg": "There is one with this value already.",
            }
        ]
    }
    for method, path in [("POST", "/books"), ("PUT", "/books/2"), ("PATCH", "/books/2")]:
        refused = client.request(method, path, json={"title": "Emma"})
        assert (refused.status_code, refused.json()) == (409, conflict)


def test_several_items_are_made_at_once(shelf: Shelf) -> None:
    made = serve(shelf).post("/books/bulk", json=[{"title": "Sanditon"}, {"title": "x"}])
    assert made.status_code == 201
    assert made.json() == [BOOK, {**BOOK, "id": 4, "title": "x"}]


@pytest.mark.parametrize(
    ("body", "status", "place"),
    [
        ([{"title": "x"}, {"title": "Emma"}], 409, ["body", 1, "title"]),
        ([{"title": "x"}, {"title": ""}], 422, ["body", 1, "title"]),
        ([{"title": "x"}, {"titel": "y"}], 422, ["body", 1, "title"]),
        ([{"title": "x"}, 3], 422, ["body", 1]),
        ([], 422, ["body"]),
        ([{"title": str(number)} for number in range(4)], 422, ["body"]),
        ({"title": "x"}, 422, ["body"]),
    ],
)
def test_of_several_all_are_made_or_none(
    shelf: Shelf, body: Any, status: int, place: list[Any]
) -> None:
    client = serve(shelf, limits=Limits(max_bulk=3))
    refused = client.post("/books/bulk", json=body)
    assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (status, place)
    assert len(shelf.books) == 2


def test_only_what_was_sent_reaches_the_collection(shelf: Shelf) -> None:
    seen: list[Any] = []
    create = shelf.create

    async def spy(values: Any) -> Any:
        seen.append(values)
        return await create(values)

    shelf.create = spy  # type: ignore[method-assign]
    serve(shelf).post("/books", json={"title": "x"})
    assert seen == [{"title": "x"}]
