from __future__ import annotations

from typing import Annotated, Any

from vivace import Header, HTTPException
from vivace.crud import Hooks, Values

from .shelf import Book, Shelf, serve


class Rules(Hooks):
    """Titles are in capitals, books of others are not changed, and the first one stays."""

    def __init__(self, user: Annotated[str, Header()] = "nobody") -> None:
        self.user = user

    async def before_create(self, values: Values) -> Values:
        return {**values, "title": values["title"].upper(), "shelf": self.user}

    async def before_update(self, item: Book, values: Values) -> Values:
        if item.shelf != self.user:
            raise HTTPException(403, "This is not yours.")
        return {**values, "notes": {"was": item.title}}

    async def before_delete(self, item: Book) -> None:
        if item.id == 1:
            raise HTTPException(409, "This one stays.")


def served() -> tuple[Shelf, Any]:
    shelf = Shelf()
    return shelf, serve(shelf, hooks=Rules)


def test_hooks_change_what_is_written() -> None:
    shelf, client = served()
    ada = {"User": "ada"}
    assert client.post("/books", json={"title": "a"}, headers=ada).json()["title"] == "A"
    bulk = client.post("/books/bulk", json=[{"title": "b"}, {"title": "c"}], headers=ada)
    assert [one["title"] for one in bulk.json()] == ["B", "C"]
    assert {book.shelf for book in shelf.books.values()} == {"ada"}
    changed = client.patch("/books/2", json={"title": "x"}, headers=ada)
    assert changed.json()["notes"] == {"was": "B"}


def test_hooks_refuse_what_is_written() -> None:
    shelf, client = served()
    client.post("/books/bulk", json=[{"title": "a"}, {"title": "b"}], headers={"User": "ada"})
    for method in ("PUT", "PATCH"):
        refused = client.request(method, "/books/1", json={"title": "x"}, headers={"User": "bob"})
        assert (refused.status_code, shelf.books[1,].title) == (403, "A")
    assert client.delete("/books/1").status_code == 409
    assert client.delete("/books/2").status_code == 204


def test_a_condition_is_looked_at_before_hooks_are_called() -> None:
    _, client = served()
    client.post("/books", json={"title": "a"}, headers={"User": "ada"})
    refused = client.put("/books/1", json={"title": "x"}, headers={"If-Match": '"x"'})
    assert refused.status_code == 412
