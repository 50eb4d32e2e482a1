"""Rows, read and written over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from vivace import HTTPException
from vivace.crud import Hooks, Limits, Values

from .library import Account, Author, Book, Country, Genre, Line, Tag, place, serve, statements


def test_a_row_is_made_read_changed_and_deleted(url: str) -> None:
    with serve(url, Book) as client:
        made = client.post("/books", json={"title": "Emma", "price": "9.5"})
        assert made.status_code == 201
        book = made.json()
        assert book == {
            "id": book["id"],
            "title": "Emma",
            "genre": "novel",
            "pages": 100,
            "price": "9.50",
            "published": None,
            "notes": {},
            "added_at": book["added_at"],
            "author_id": None,
        }
        path = made.headers["Location"]
        assert path == f"/books/{book['id']}"
        read = client.get(path)
        assert (read.json(), read.headers["ETag"]) == (book, made.headers["ETag"])
        patch = {"genre": "poem", "notes": {"a": {"b": 1}}}
        changed = client.patch(path, json=patch)
        assert changed.json() == {**book, **patch}
        changed = client.patch(path, json={"notes": {"a": {"b": None, "c": [1]}}, "price": None})
        assert changed.json()["notes"] == {"a": {"c": [1]}}
        assert changed.json()["price"] is None
        assert client.get(path).headers["ETag"] == changed.headers["ETag"]
        replaced = client.put(path, json={"title": "Persuasion"})
        assert replaced.json() == {**book, "title": "Persuasion", "price": None}
        assert client.delete(path).status_code == 204
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            assert client.request(method, path, json={"title": "x"}).status_code == 404


def test_what_was_read_can_be_sent_back(url: str) -> None:
    with serve(url, (Book, {"relations": {"author": "nested", "tags": "nested"}}), Tag) as client:
        tag = client.post("/tags", json={"name": "old"}).json()
        made = client.post("/books", json={"title": "Emma", "tags": [tag["id"]]})
        assert made.json()["tags"] == [tag]
        same = client.put(made.headers["Location"], json=made.json())
        assert (same.status_code, same.json()) == (200, made.json())
        assert same.headers["ETag"] == made.headers["ETag"]


def test_several_rows_are_made_in_order_and_read_again_at_once(url: str) -> None:
    titles = [f"Volume {number}" for number in range(20)]
    with serve(url, Book) as client, statements() as found:
        made = client.post("/books/bulk", json=[{"title": title} for title in titles])
        assert [book["title"] for book in made.json()] == titles
    # SQLAlchemy inserts them one by one on SQLite, and at once elsewhere.
    assert len([one for one in found if not one.startswith("INSERT")]) == 1


def test_of_several_rows_all_are_made_or_none(url: str) -> None:
    with serve(url, Author) as client:
        client.post("/authors", json={"name": "ada"})
        bulk = [{"name": "bob"}, {"name": "ada"}, {"name": "eve"}]
        assert place(client.post("/authors/bulk", json=bulk)) == (409, ["body", 1, "name"])
        bulk = [{"name": "bob"}, {"name": ""}]
        assert place(client.post("/authors/bulk", json=bulk)) == (422, ["body", 1, "name"])
        bulk = [{"name": "bob"}, {"name": "bob"}]
        assert place(client.post("/authors/bulk", json=bulk)) == (409, ["body", 1, "name"])
        assert [one["name"] for one in client.get("/authors").json()["items"]] == ["ada"]


def test_of_several_rows_with_relations_the_wrong_one_is_named(url: str) -> None:
    with serve(url, (Book, {"relations": {"tags": "ids"}}), Tag) as client:
        tag = client.post("/tags", json={"name": "old"}).json()["id"]
        right: dict[str, Any] = {"title": "a", "tags": [tag]}
        wrong: dict[str, Any] = {"title": "b", "tags": [tag, tag + 1]}
        refused = client.post("/books/bulk", json=[right, wrong])
        assert place(refused) == (409, ["body", 1, "tags", 1])
        assert client.get("/books").json()["items"] == []
        made = client.post("/books/bulk", json=[right, {**wrong, "tags": [tag]}])
        assert [book["tags"] for book in made.json()] == [[tag], [tag]]
        # One of them fails only when it is written, with the relations of all.
        wrong = {"title": "d", "tags": [tag], "author_id": 99}
        refused = client.post("/books/bulk", json=[{**right, "title": "c"}, wrong])
        assert place(refused) == (409, ["body", 1, "author_id"])
        assert len(client.get("/books").json()["items"]) == 2


def test_a_key_that_is_no_number(url: str) -> None:
    with serve(url, Country) as client:
        made = client.post("/countries", json={"code": "ch", "name": "Switzerland"})
        assert made.headers["Location"] == "/countries/ch"
        changed = client.put("/countries/ch", json={"code": "fr", "name": "Schweiz"})
        assert changed.json() == {"code": "ch", "name": "Schweiz"}
        assert place(client.patch("/countries/ch", json={"code": "fr"})) == (422, ["body", "code"])
        again = client.post("/countries", json={"code": "ch", "name": "x"})
        assert place(again) == (409, ["body", "code"])
        assert place(client.get("/countries/c%00")) == (422, ["path", "code"])


def test_a_key_of_several_parts(url: str) -> None:
    with serve(url, Line) as client:
        made = client.post("/lines", json={"document": 3, "number": 7, "text": "a"})
        assert made.headers["Location"] == "/lines/3/7"
        assert client.patch("/lines/3/7", json={"text": "b"}).json()["text"] == "b"
        bulk = [{"document": 3, "number": number, "text": "x"} for number in (8, 9)]
        assert [one["number"] for one in client.post("/lines/bulk", json=bulk).json()] == [8, 9]
        assert client.get("/lines/3/9").json()["text"] == "x"
        page = client.get("/lines?limit=2").json()
        rest = client.get(f"/lines?limit=2&cursor={page['next_cursor']}").json()
        assert [one["number"] for one in page["items"] + rest["items"]] == [7, 8, 9]
        assert place(client.post("/lines", json=made.json())) == (409, ["body", "document"])


def test_a_version_is_in_the_etag(url: str) -> None:
    with serve(url, (Account, {"hidden": ["version"]})) as client:
        made = client.post("/accounts", json={"code": "a"})
        path = made.headers["Location"]
        changed = client.patch(path, json={"code": "b"})
        # What is only written is not seen.
        assert made.content == changed.content
        assert made.headers["ETag"] != changed.headers["ETag"]
        stale = client.patch(path, json={"code": "c"}, headers={"If-Match": made.headers["ETag"]})
        assert stale.status_code == 412


def test_what_is_only_written_is_not_shown(url: str) -> None:
    with serve(url, Author, (Account, {})) as client:
        made = client.post("/authors", json={"name": "ada", "phone": "123"})
        assert {*made.json()} == {"id", "name"}
        assert place(client.get("/authors?phone=123")) == (422, ["query", "phone"])
        assert place(client.get("/authors?sort=phone")) == (422, ["query", "sort"])


def test_nothing_is_kept_of_a_request_that_fails(url: str) -> None:
    class Failing(Hooks):
        async def before_update(self, item: Any, values: Values) -> Values:
            item.title = "changed"
            raise HTTPException(403)

    with serve(url, (Book, {"hooks": Failing})) as client:
        path = client.post("/books", json={"title": "Emma"}).headers["Location"]
        assert client.patch(path, json={"pages": 3}).status_code == 403
        assert client.get(path).json()["title"] == "Emma"


def test_reading_takes_one_statement(url: str) -> None:
    with serve(url, Book) as client:
        path = client.post("/books", json={"title": "Emma"}).headers["Location"]
        for request, count in [(path, 1), ("/books", 1), ("/books?total=true", 2)]:
            with statements() as found:
                assert client.get(request).status_code == 200
            assert len(found) == count, found


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_more_is_only_read_to_know_whether_there_is_more(url: str, limit: int) -> None:
    with serve(url, (Book, {"limits": Limits(max_page=50)})) as client:
        client.post("/books/bulk", json=[{"title": str(number)} for number in range(3)])
        page = client.get(f"/books?limit={limit}&total=true").json()
        assert len(page["items"]) == min(limit, 3)
        assert (page["next_cursor"] is None) == (limit > 2)
        assert page["total"] == 3


def test_enums_are_sent_by_value(url: str) -> None:
    with serve(url, Book) as client:
        made = client.post("/books", json={"title": "x", "genre": "poem"})
        assert made.json()["genre"] == Genre.POEM.value
        assert place(client.post("/books", json={"title": "x", "genre": "POEM"}))[0] == 422
        assert len(client.get("/books?genre=poem").json()["items"]) == 1
        assert len(client.get("/books?genre=novel").json()["items"]) == 0
