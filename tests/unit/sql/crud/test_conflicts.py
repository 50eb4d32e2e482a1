"""What a client is told when the database refuses."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from vivace.crud import Hooks, Values

from ..databases import plain_engine
from .library import Author, Book, Profile, Tag, place, serve


def told(response: Any) -> tuple[int, list[Any]]:
    """The status of a refusal, and each type and place."""
    errors = response.json()["detail"]
    return response.status_code, [(one["type"], *one["loc"]) for one in errors]


def test_a_unique_value_is_named(url: str) -> None:
    with serve(url, Author) as client:
        client.post("/authors", json={"name": "ada"})
        taken = (409, [("already_exists", "body", "name")])
        assert told(client.post("/authors", json={"name": "ada"})) == taken
        path = client.post("/authors", json={"name": "bob"}).headers["Location"]
        assert told(client.put(path, json={"name": "ada"})) == taken
        assert told(client.patch(path, json={"name": "ada"})) == taken
        assert client.patch(path, json={"name": "bob"}).status_code == 200


def test_values_that_are_unique_together_are_named_together(url: str) -> None:
    with serve(url, Author, (Book, {"relations": {"author": "ids"}})) as client:
        ada = client.post("/authors", json={"name": "ada"}).json()["id"]
        book = {"title": "Emma", "author": ada}
        assert client.post("/books", json=book).status_code == 201
        status, places = told(client.post("/books", json=book))
        assert status == 409
        # The column of the foreign key is shown as the relation.
        assert set(places) == {
            ("already_exists", "body", "title"),
            ("already_exists", "body", "author"),
        }


def test_a_reference_to_nothing_is_named(url: str) -> None:
    with serve(url, Profile, Author) as client:
        refused = client.post("/profiles", json={"text": "x", "author_id": 77})
        assert told(refused) == (409, [("unknown_reference", "body", "author_id")])


def test_what_something_refers_to_is_not_deleted(url: str) -> None:
    with serve(url, Owner, Pet) as client:
        _make_tables(url)
        path = client.post("/owners", json={"name": "ada"}).headers["Location"]
        number = int(path.rpartition("/")[2])
        client.post("/pets", json={"owner_id": number})
        assert told(client.delete(path)) == (409, [("still_referenced", "path")])
        assert client.get(path).status_code == 200


def test_a_rule_of_the_database_is_an_error_of_the_body(url: str) -> None:
    with serve(url, Book) as client:
        refused = client.post("/books", json={"title": "x", "pages": 0})
        assert told(refused) == (422, [("forbidden", "body")])


def test_nothing_of_the_database_s_words_is_passed_on(url: str) -> None:
    with serve(url, Author, Book) as client:
        client.post("/authors", json={"name": "ada"})
        texts = [
            client.post("/authors", json={"name": "ada"}).text,
            client.post("/books", json={"title": "x", "pages": 0}).text,
            client.post("/books", json={"title": "x", "author_id": 77}).text,
        ]
        for text in texts:
            for word in ("authors", "constraint", "UNIQUE", "has_pages", "77", "ada", "SQL"):
                assert word not in text


def test_only_fields_are_named_that_the_client_has_sent(url: str) -> None:
    class Named(Hooks):
        async def before_create(self, values: Values) -> Values:
            return {**values, "phone": "x", "name": "ada"}

    options = {"hooks": Named, "hidden": ["name"]}
    with serve(url, (Author, options)) as client:
        client.post("/authors", json={})
        assert told(client.post("/authors", json={})) == (409, [("already_exists", "body")])


class Base(DeclarativeBase):
    pass


class Owner(Base):
    __tablename__ = "owners"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(20))


class Pet(Base):
    __tablename__ = "pets"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("owners.id"))
    # Quoted, so that it can be a word of SQL's.
    order: Mapped[str | None] = mapped_column(sa.String(20), unique=True)


def _make_tables(url: str) -> None:
    engine = plain_engine(url)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)


def test_a_column_with_a_name_that_is_quoted(url: str) -> None:
    _make_tables(url)
    with serve(url, Owner, Pet) as client:
        owner = client.post("/owners", json={"name": "ada"}).json()["id"]
        client.post("/pets", json={"owner_id": owner, "order": "x'y"})
        refused = client.post("/pets", json={"owner_id": owner, "order": "x'y"})
        assert told(refused) == (409, [("already_exists", "body", "order")])
        assert place(client.post("/pets", json={"owner_id": owner + 1})) == (
            409,
            ["body", "owner_id"],
        )


@pytest.mark.parametrize("missing", [{"name": None}, {}])
def test_what_a_hook_takes_away_is_missing(url: str, missing: dict[str, Any]) -> None:
    class Nameless(Hooks):
        async def before_create(self, values: Values) -> Values:
            return missing

    with serve(url, (Tag, {"hooks": Nameless})) as client:
        status, places = told(client.post("/tags", json={"name": "x"}))
        assert (status, places[0][:2]) in [
            (422, ("missing", "body")),
            (409, ("still_needed", "body")),
        ]
