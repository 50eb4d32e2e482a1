"""Rows that are made and changed."""

from __future__ import annotations

from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from vivace.sql.crud.rows import assign

from ..databases import plain_engine
from .library import Tag, serve


class Base(MappedAsDataclass, DeclarativeBase):
    pass


class Thing(Base):
    """A dataclass, which asks for more than the database does."""

    __tablename__ = "dataclass_things"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    name: Mapped[str] = mapped_column(sa.String(20))
    price: Mapped[int | None]
    made: Mapped[datetime] = mapped_column(server_default=sa.func.now(), init=False)
    status: Mapped[str] = mapped_column(sa.String(20), default="new", kw_only=True)


class Initialised(DeclarativeBase):
    pass


class Loud(Initialised):
    __tablename__ = "loud"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(20))

    def __init__(self, name: str) -> None:
        self.name = name.upper()


class Animal(Initialised):
    __tablename__ = "animals"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(20))
    kind: Mapped[str] = mapped_column(sa.String(20))

    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}


class Cat(Animal):
    __tablename__ = "cats"

    id: Mapped[int] = mapped_column(sa.ForeignKey("animals.id"), primary_key=True)
    lives: Mapped[int] = mapped_column(default=9)

    __mapper_args__ = {"polymorphic_identity": "cat"}


@pytest.fixture
def things(url: str) -> str:
    engine = plain_engine(url)
    for base in (Base, Initialised):
        base.metadata.drop_all(engine)
        base.metadata.create_all(engine)
    return url


def test_a_dataclass_takes_its_defaults_from_the_database(things: str) -> None:
    with serve(things, Thing) as client:
        made = client.post("/things", json={"name": "a"}).json()
        assert (made["name"], made["price"], made["status"]) == ("a", None, "new")
        assert made["made"] is not None


def test_a_model_is_made_by_its_own_init(things: str) -> None:
    with serve(things, Loud) as client:
        assert client.post("/louds", json={"name": "a"}).json()["name"] == "A"


def test_a_model_that_is_in_two_tables(things: str) -> None:
    with serve(things, Cat, Animal) as client:
        made = client.post("/cats", json={"name": "Tom"})
        assert made.json() == {"id": made.json()["id"], "name": "Tom", "kind": "cat", "lives": 9}
        path = made.headers["Location"]
        headers = {"If-Match": made.headers["ETag"]}
        changed = client.patch(path, json={"name": "Kit", "lives": 8}, headers=headers)
        assert (changed.json()["name"], changed.json()["lives"]) == ("Kit", 8)
        assert client.patch(path, json={"lives": 7}, headers=headers).status_code == 412
        assert client.get("/animals").json()["items"][0]["kind"] == "cat"
        assert client.delete(path).status_code == 204
        assert client.get("/animals").json()["items"] == []


def test_an_attribute_that_is_not_there_is_not_set() -> None:
    with pytest.raises(TypeError, match=r"Tag has no attribute 'color'.*`before_update`"):
        assign(Tag(), {"color": "red"})
