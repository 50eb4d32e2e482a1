"""Routers of which each request sees a part."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    mapped_column,
    relationship,
    with_loader_criteria,
)

from vivace import Depends, Header, HTTPException
from vivace.sql.crud.scope import make_scope
from vivace.testclient import TestClient

from ..databases import plain_engine
from .library import place, serve


class Base(DeclarativeBase):
    pass


class Owned:
    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(sa.String(20), info={"crud": "read-only"})


note_labels = sa.Table(
    "note_labels",
    Base.metadata,
    sa.Column("note_id", sa.ForeignKey("notes.id"), primary_key=True),
    sa.Column("label_id", sa.ForeignKey("labels.id"), primary_key=True),
)


class Label(Owned, Base):
    __tablename__ = "labels"

    name: Mapped[str] = mapped_column(sa.String(20))


class Note(Owned, Base):
    __tablename__ = "notes"

    text: Mapped[str] = mapped_column(sa.String(20))
    labels: Mapped[list[Label]] = relationship(secondary=note_labels)


async def user(name: Annotated[str, Header()] = "") -> str:
    if not name:
        raise HTTPException(401)
    return name


User = Annotated[str, Depends(user)]


async def own_values(user: User) -> Any:
    return {"owner": user}


async def own_rows(user: User) -> Any:
    return [
        {"owner": user},
        with_loader_criteria(Owned, lambda cls: cls.owner == user, include_aliases=True),
    ]


ADA, BOB = {"Name": "ada"}, {"Name": "bob"}
NESTED = {"relations": {"labels": "nested"}}


@pytest.fixture
def notes(url: str) -> str:
    engine = plain_engine(url)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    return url


def make(client: TestClient, path: str, headers: dict[str, str], **values: Any) -> Any:
    made = client.post(path, json=values, headers=headers)
    assert made.status_code == 201, made.text
    return made.json()


def test_everybody_sees_their_own(notes: str) -> None:
    with serve(notes, (Note, {"scope": Depends(own_values)})) as client:
        note = make(client, "/notes", ADA, text="a")
        assert note["owner"] == "ada"
        make(client, "/notes", BOB, text="b")
        page = client.get("/notes?total=true", headers=ADA).json()
        assert ([one["text"] for one in page["items"]], page["total"]) == (["a"], 1)
        path = f"/notes/{note['id']}"
        assert client.get(path, headers=ADA).status_code == 200
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            refused = client.request(method, path, json={"text": "x"}, headers=BOB)
            assert refused.status_code == 404
        assert client.get(path, headers=ADA).json()["text"] == "a"
        assert client.get(path).status_code == 401


def test_several_rows_are_made_within_the_scope(notes: str) -> None:
    with serve(notes, (Note, {"scope": Depends(own_values)})) as client:
        made = client.post("/notes/bulk", json=[{"text": "a"}, {"text": "b"}], headers=ADA)
        assert [one["owner"] for one in made.json()] == ["ada", "ada"]


def test_a_row_is_not_written_out_of_the_scope(notes: str) -> None:
    async def short(user: User) -> Any:
        return (sa.func.length(Note.text) < 5, {"owner": user})

    with serve(notes, (Note, {"scope": Depends(short)})) as client:
        refused = client.post("/notes", json={"text": "longer"}, headers=ADA)
        assert refused.status_code == 403
        note = make(client, "/notes", ADA, text="a")
        path = f"/notes/{note['id']}"
        assert client.patch(path, json={"text": "longer"}, headers=ADA).status_code == 403
        assert client.get("/notes", headers=ADA).json()["items"] == [note]


def test_criteria_count_for_relations_too(notes: str) -> None:
    scope = Depends(own_rows)
    with serve(notes, (Note, {"scope": scope, **NESTED}), (Label, {"scope": scope})) as client:
        mine = make(client, "/labels", ADA, name="mine")
        theirs = make(client, "/labels", BOB, name="theirs")
        refused = client.post("/notes", json={"text": "a", "labels": [theirs["id"]]}, headers=ADA)
        assert place(refused) == (409, ["body", "labels", 0])
        note = make(client, "/notes", ADA, text="a", labels=[mine["id"]])
        assert note["labels"] == [mine]
        with plain_engine(notes).begin() as connection:
            connection.execute(
                note_labels.insert(), {"note_id": note["id"], "label_id": theirs["id"]}
            )
        assert client.get(f"/notes/{note['id']}", headers=ADA).json() == note


@pytest.mark.parametrize("given", [None, "owner", [None], 3])
def test_what_is_no_scope_lets_nobody_see_anything(given: Any) -> None:
    with pytest.raises(TypeError, match=r"The scope of Note is .*Give the values"):
        make_scope(Note, given)
