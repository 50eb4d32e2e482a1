"""What is loaded for a schema."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from ..databases import plain_engine
from .library import Author, Book, serve, statements


class Base(DeclarativeBase):
    pass


class Shape(Base):
    __tablename__ = "shapes"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(20))
    drawing: Mapped[str | None] = mapped_column(sa.String(99), deferred=True)
    secret: Mapped[str | None] = mapped_column(sa.String(99), info={"crud": "hidden"})
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("shapes.id"))
    parts: Mapped[list[Shape]] = relationship()


@pytest.fixture
def shapes(url: str) -> str:
    engine = plain_engine(url)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    return url


def test_only_what_is_shown_is_loaded(shapes: str) -> None:
    with serve(shapes, (Shape, {"hidden": ["drawing"]})) as client:
        path = client.post("/shapes", json={"name": "a"}).headers["Location"]
        for request in (path, "/shapes"):
            with statements() as found:
                assert client.get(request).status_code == 200
            assert "name" in found[0]
            assert "drawing" not in found[0]
            assert "secret" not in found[0]


def test_what_is_loaded_later_elsewhere_is_loaded_if_it_is_shown(shapes: str) -> None:
    with serve(shapes, Shape) as client:
        made = client.post("/shapes", json={"name": "a", "drawing": "x"})
        path = made.headers["Location"]
        assert client.get(path).json()["drawing"] == "x"
        assert client.patch(path, json={"name": "b"}).json()["drawing"] == "x"
        headers = {"If-Match": client.get(path).headers["ETag"]}
        assert client.delete(path, headers=headers).status_code == 204


class Part(BaseModel):
    name: str


class WithParts(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    name: str
    parts: list[Part]


def test_a_schema_of_the_app_s_own_says_which_relations_are_loaded(shapes: str) -> None:
    with serve(shapes, (Shape, {"read": WithParts})) as client:
        numbers = []
        for _ in range(3):
            location = client.post("/shapes", json={"name": "a"}).headers["Location"]
            numbers.append(int(location.rpartition("/")[2]))
        for number in numbers:
            client.post("/shapes", json={"name": "part", "parent_id": number})
        with statements() as found:
            items: Any = client.get("/shapes").json()["items"]
        assert items[0] == {"name": "a", "parts": [{"name": "part"}]}
        assert len(found) == 2


def test_a_relation_that_is_written_and_not_shown_is_loaded_to_be_changed(url: str) -> None:
    class Named(BaseModel):
        name: str

    options = {"relations": {"books": "ids"}, "read": Named}
    with serve(url, (Author, options), Book) as client:
        books = [client.post("/books", json={"title": title}).json()["id"] for title in "ab"]
        made = client.post("/authors", json={"name": "ada", "books": books})
        path = made.headers["Location"]
        assert client.patch(path, json={"books": books[:1]}).json() == {"name": "ada"}
        assert client.get(f"/books/{books[1]}").json()["author_id"] is None
        assert client.get(f"/books/{books[0]}").json()["author_id"] is not None
