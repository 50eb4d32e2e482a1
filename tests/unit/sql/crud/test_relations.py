"""Relations: shown nested or as keys, written through keys, loaded by one statement each."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    attribute_keyed_dict,
    mapped_column,
    relationship,
)

from vivace.sql import Database, Relation, crud_router
from vivace.testclient import TestClient

from ..databases import plain_engine
from .library import Author, Book, Profile, Tag, place, serve, statements

NESTED = (Book, {"relations": {"author": "nested", "tags": Relation(relations={"books": "ids"})}})


def make(client: TestClient, path: str, **values: Any) -> int:
    made = client.post(path, json=values)
    assert made.status_code == 201, made.text
    number: int = made.json()["id"]
    return number


def test_many_to_one_is_shown_nested_and_written_by_its_column(url: str) -> None:
    with serve(url, (Book, {"relations": {"author": "nested"}}), Author) as client:
        ada = make(client, "/authors", name="ada", phone="1")
        made = client.post("/books", json={"title": "Emma", "author_id": ada})
        assert made.json()["author"] == {"id": ada, "name": "ada"}
        assert made.json()["author_id"] == ada
        path = made.headers["Location"]
        assert client.patch(path, json={"author_id": None}).json()["author"] is None
        assert place(client.patch(path, json={"author": ada})) == (422, ["body", "author"])
        refused = client.patch(path, json={"author_id": ada + 1})
        assert place(refused) == (409, ["body", "author_id"])


def test_many_to_one_is_shown_and_written_as_a_key(url: str) -> None:
    with serve(url, (Book, {"relations": {"author": "ids"}}), Author) as client:
        ada = make(client, "/authors", name="ada")
        made = client.post("/books", json={"title": "Emma", "author": ada})
        assert made.json()["author"] == ada
        assert "author_id" not in made.json()
        path = made.headers["Location"]
        assert client.patch(path, json={"pages": 3}).json()["author"] == ada
        assert place(client.patch(path, json={"author": ada + 1})) == (409, ["body", "author"])
        assert client.put(path, json={"title": "Emma"}).json()["author"] is None
        # An object with the key will do, as it may be shown elsewhere.
        assert client.patch(path, json={"author": {"id": ada}}).json()["author"] == ada


def test_one_to_many_is_in_the_order_of_the_relation(url: str) -> None:
    with serve(url, (Author, {"relations": {"books": "ids"}}), Book) as client:
        third, first, second = (make(client, "/books", title=title) for title in "cab")
        made = client.post("/authors", json={"name": "ada", "books": [third, first, second]})
        assert made.json()["books"] == [first, second, third]
        path = made.headers["Location"]
        assert client.patch(path, json={"books": [second]}).json()["books"] == [second]
        assert client.get(f"/books/{first}").json()["author_id"] is None
        assert client.patch(path, json={"name": "eve"}).json()["books"] == [second]
        assert client.put(path, json={"name": "eve"}).json()["books"] == []


def test_one_to_one_is_shown_nested_and_written_by_its_key(url: str) -> None:
    with serve(url, (Author, {"relations": {"profile": "nested"}}), Profile) as client:
        profile = make(client, "/profiles", text="Hm")
        made = client.post("/authors", json={"name": "ada", "profile": profile})
        ada = made.json()
        assert ada["profile"] == {"id": profile, "text": "Hm", "author_id": ada["id"]}
        # It goes over to another.
        eve = client.post("/authors", json={"name": "eve", "profile": profile})
        assert eve.json()["profile"]["author_id"] == eve.json()["id"]
        assert client.get(made.headers["Location"]).json()["profile"] is None
        other = make(client, "/profiles", text="Ah")
        changed = client.patch(eve.headers["Location"], json={"profile": other})
        assert changed.json()["profile"]["text"] == "Ah"
        refused = client.patch(eve.headers["Location"], json={"profile": other + 1})
        assert place(refused) == (409, ["body", "profile"])


def test_many_to_many_is_shown_and_written_as_keys(url: str) -> None:
    with serve(url, (Book, {"relations": {"tags": "ids"}}), Tag) as client:
        old, new, odd = (make(client, "/tags", name=name) for name in ("old", "new", "odd"))
        made = client.post("/books", json={"title": "Emma", "tags": [odd, old, odd]})
        assert made.json()["tags"] == [old, odd]
        path = made.headers["Location"]
        assert client.patch(path, json={"tags": [new, old]}).json()["tags"] == [old, new]
        refused = client.patch(path, json={"tags": [old, odd + 1]})
        assert place(refused) == (409, ["body", "tags", 1])
        assert client.get(path).json()["tags"] == [old, new]
        assert client.patch(path, json={"tags": None}).json()["tags"] == []


def test_relations_of_relations_are_shown_within(url: str) -> None:
    with serve(url, NESTED, Author, Tag) as client:
        old = make(client, "/tags", name="old")
        first = make(client, "/books", title="a", tags=[old])
        second = client.post("/books", json={"title": "b", "tags": [old]}).json()
        assert second["tags"] == [{"id": old, "name": "old", "books": [first, second["id"]]}]


@pytest.mark.parametrize("count", [1, 7])
def test_each_relation_takes_one_statement_however_many_rows_there_are(
    url: str, count: int
) -> None:
    with serve(url, NESTED, Author, Tag) as client:
        tags = [make(client, "/tags", name=str(number)) for number in range(count)]
        for number in range(count):
            ada = make(client, "/authors", name=f"ada {number}")
            make(client, "/books", title=str(number), author_id=ada, tags=tags)
        with statements() as found:
            items = client.get("/books").json()["items"]
        assert [len(item["tags"]) for item in items] == [count] * count
        # Books, authors, tags, and the books of tags.
        assert len(found) == 4
        with statements() as found:
            client.get(f"/books/{items[0]['id']}")
        assert len(found) == 4


def test_several_rows_with_relations_take_one_statement_for_each_relation(url: str) -> None:
    with serve(url, (Book, {"relations": {"author": "ids", "tags": "ids"}}), Author, Tag) as client:
        ada = make(client, "/authors", name="ada")
        tags = [make(client, "/tags", name=str(number)) for number in range(3)]
        bulk = [{"title": str(one), "author": ada, "tags": tags} for one in range(5)]
        with statements() as found:
            assert client.post("/books/bulk", json=bulk).status_code == 201
        # What is referred to, and what is shown: for the author, it is in the row.
        assert len([one for one in found if one.startswith("SELECT")]) in (4, 5)


class Base(DeclarativeBase):
    pass


class Part(Base):
    __tablename__ = "parts"

    name: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    machine_id: Mapped[int] = mapped_column(sa.ForeignKey("machines.id"))


class Wheel(Base):
    """With a key of two parts."""

    __tablename__ = "wheels"

    side: Mapped[str] = mapped_column(sa.String(5), primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    machine_id: Mapped[int | None] = mapped_column(sa.ForeignKey("machines.id"))


class Machine(Base):
    __tablename__ = "machines"

    id: Mapped[int] = mapped_column(primary_key=True)
    parts: Mapped[list[Part]] = relationship()
    wheels: Mapped[set[Wheel]] = relationship()
    by_name: Mapped[dict[str, Part]] = relationship(
        collection_class=attribute_keyed_dict("name"), viewonly=True
    )
    streamed: Mapped[list[Part]] = relationship(lazy="dynamic", viewonly=True)
    writable_by_name: Mapped[dict[str, Part]] = relationship(
        collection_class=attribute_keyed_dict("name"), overlaps="parts"
    )


@pytest.fixture
def workshop(url: str) -> str:
    engine = plain_engine(url)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    return url


def test_a_set_of_things_with_keys_of_several_parts(workshop: str) -> None:
    with serve(workshop, (Machine, {"relations": {"wheels": "ids"}}), Wheel) as client:
        for row in (2, 1):
            client.post("/wheels", json={"side": "left", "row": row})
        keys = [{"side": "left", "row": row} for row in (1, 2)]
        made = client.post("/machines", json={"wheels": [*reversed(keys)]})
        assert made.json()["wheels"] == keys
        path = made.headers["Location"]
        assert client.patch(path, json={"wheels": keys[:1]}).json()["wheels"] == keys[:1]
        wrong = [*keys, {"side": "right", "row": 1}]
        assert place(client.patch(path, json={"wheels": wrong})) == (409, ["body", "wheels", 2])
        wrong = [{"side": "right"}]
        assert place(client.patch(path, json={"wheels": wrong}))[1] == ["body", "wheels", 0, "row"]


def test_what_cannot_be_without_the_item_is_not_taken_from_it(workshop: str) -> None:
    with serve(workshop, (Machine, {"relations": {"parts": "ids"}}), Part) as client:
        path = client.post("/machines", json={}).headers["Location"]
        number = int(path.rpartition("/")[2])
        client.post("/parts", json={"name": "bolt", "machine_id": number})
        assert client.get(path).json()["parts"] == ["bolt"]
        assert place(client.patch(path, json={"parts": []})) == (409, ["body"])
        refused = client.delete(path)
        assert place(refused) == (409, ["path"])
        assert refused.json()["detail"][0]["type"] == "still_referenced"
        assert client.get(path).json()["parts"] == ["bolt"]


def test_a_dictionary_of_things_is_shown_as_a_list(workshop: str) -> None:
    options = {"relations": {"by_name": Relation(hidden=["machine_id"])}}
    with serve(workshop, (Machine, options), Part) as client:
        path = client.post("/machines", json={}).headers["Location"]
        number = int(path.rpartition("/")[2])
        for name in ("nut", "bolt"):
            client.post("/parts", json={"name": name, "machine_id": number})
        assert client.get(path).json()["by_name"] == [{"name": "bolt"}, {"name": "nut"}]


@pytest.mark.parametrize(
    ("name", "setting", "message"),
    [
        ("wheel", "ids", "no relation Machine.wheel. There are: parts, wheels"),
        ("parts", "all", "Machine.parts is to be shown as 'all': say 'nested' or 'ids'"),
        ("streamed", "ids", "Machine.streamed is loaded as 'dynamic'"),
        ("writable_by_name", "ids", "Show it with Relation\\(writable=False\\)"),
        ("parts", Relation(hidden=["size"]), "Part has no column 'size'. It has: name, machine_id"),
    ],
)
def test_a_relation_that_cannot_be_shown_is_an_error_at_once(
    name: str, setting: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        crud_router(Machine, Database("sqlite://"), relations={name: setting})


def test_a_relation_may_be_for_reading_only(url: str) -> None:
    options = {"relations": {"tags": Relation("ids", writable=False)}}
    with serve(url, (Book, options)) as client:
        path = client.post("/books", json={"title": "x"}).headers["Location"]
        assert client.get(path).json()["tags"] == []
        assert place(client.patch(path, json={"tags": []})) == (422, ["body", "tags"])


def test_so_many_keys_are_taken_and_no_more(url: str) -> None:
    with serve(url, (Book, {"relations": {"tags": Relation("ids", max_ids=2)}})) as client:
        refused = client.post("/books", json={"title": "x", "tags": [1, 2, 3]})
        assert place(refused) == (422, ["body", "tags"])
