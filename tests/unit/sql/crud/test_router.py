"""What a router is made of, and what it refuses to be made of."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import BaseModel, Field
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column

from vivace import Vivace
from vivace.crud import Hooks, Values
from vivace.sql import Database, SyncDatabase, crud_router
from vivace.testclient import TestClient

from ..databases import plain_engine
from .library import Author, Book, Country, place, serve

DB = Database("sqlite://")


def document(*arguments: Any, **options: Any) -> Any:
    app = Vivace()
    app.include_router(crud_router(*arguments, **options))
    return TestClient(app).get("/openapi.json").json()


def test_names_come_from_the_model() -> None:
    shown = document(Country, DB)
    assert {*shown["paths"]} == {"/countries", "/countries/bulk", "/countries/{code}"}
    assert {"Country", "CountryCreate", "CountryReplace", "CountryPatch", "CountryPage"} <= {
        *shown["components"]["schemas"]
    }
    assert shown["paths"]["/countries"]["post"]["operationId"] == "create_country"


def test_names_can_be_given() -> None:
    shown = document(Country, DB, name="land", plural="lands", prefix="/v1/lands", tags=["x"])
    assert {*shown["paths"]} == {"/v1/lands", "/v1/lands/bulk", "/v1/lands/{code}"}
    operation = shown["paths"]["/v1/lands"]["get"]
    assert (operation["operationId"], operation["tags"]) == ("list_lands", ["x"])
    assert "LandCreate" in shown["components"]["schemas"]


class AuthorIn(BaseModel):
    name: str = Field(alias="fullName", max_length=10)


class AuthorOut(BaseModel):
    id: int
    label: str = Field(alias="name", serialization_alias="label")


def test_schemas_can_be_given(url: str) -> None:
    options = {"read": AuthorOut, "create": AuthorIn, "replace": AuthorIn}
    with serve(url, (Author, options)) as client:
        made = client.post("/authors", json={"fullName": "ada"})
        assert made.json() == {"id": made.json()["id"], "label": "ada"}
        path = made.headers["Location"]
        assert client.patch(path, json={"fullName": "eve"}).json()["label"] == "eve"
        assert place(client.patch(path, json={"fullName": "e" * 11})) == (422, ["body", "fullName"])
        assert place(client.post("/authors", json={"fullName": "eve"})) == (
            409,
            ["body", "fullName"],
        )
        assert [one["label"] for one in client.get("/authors?sort=name").json()["items"]] == ["eve"]


class Registration(BaseModel):
    name: str
    password: str


class Rename(BaseModel):
    name: str | None = None


class Hashing(Hooks):
    async def before_create(self, values: Values) -> Values:
        password = values.pop("password")
        return {**values, "phone": f"hash of {password}"}


def test_a_hook_makes_of_a_field_what_the_model_has(url: str) -> None:
    options = {
        "create": Registration,
        "patch": Rename,
        "hooks": Hashing,
        "operations": ["create", "patch", "read"],
    }
    with serve(url, (Author, options)) as client:
        made = client.post("/authors", json={"name": "ada", "password": "x"})
        assert made.status_code == 201
        assert client.patch(made.headers["Location"], json={"name": "eve"}).json()["name"] == "eve"


def test_a_field_that_no_hook_replaces_is_an_error_that_says_so(url: str) -> None:
    message = "'password' is an invalid keyword argument for Author"
    with (
        serve(url, (Author, {"create": Registration, "hooks": Hooks})) as client,
        pytest.raises(TypeError, match=message),
    ):
        client.post("/authors", json={"name": "ada", "password": "x"})


class Unreadable(BaseModel):
    surname: str


class Base(DeclarativeBase):
    pass


class Strict(Base):
    __tablename__ = "strict"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(sa.String(20), info={"crud": "hidden"})


class Odd(Base):
    __tablename__ = "odd"

    id: Mapped[int] = mapped_column(primary_key=True)
    anything: Mapped[Any] = mapped_column(sa.PickleType)


class Binary(Base):
    __tablename__ = "binary"

    id: Mapped[bytes] = mapped_column(sa.LargeBinary(16), primary_key=True)


class Misspelt(Base):
    __tablename__ = "misspelt"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(20), info={"crud": "readonly"})


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (Author, {"hidden": ["age"]}, "Author has no column 'age'. It has: id, name, phone"),
        (Author, {"filters": ["phone"]}, "Author.phone is none of .* `filters`: id, name"),
        (Author, {"sortable": ["age"]}, "Author.age is none of .* `sortable`: id, name"),
        (Author, {"create": Registration}, "`create` of Author has a field 'password'"),
        (Author, {"replace": Registration}, "`replace` of Author has a field 'password'"),
        (Author, {"patch": Registration}, "`patch` of Author has a field 'password'"),
        (Author, {"read": Unreadable}, "`read` of Author has a field 'surname'"),
        (Author, {"relations": {"book": "ids"}}, "There is no relation Author.book"),
        (Strict, {}, "Strict.owner could never be set"),
        (Odd, {}, "What Odd.anything holds is not known .*PickleType.*Mapped\\[str\\]"),
        (Binary, {}, "Binary.id is part of the primary key, and of a type"),
        (Misspelt, {}, "Misspelt.name has 'readonly' for 'crud' .* read-write, read-only"),
        (BaseModel, {}, "is no class that SQLAlchemy maps"),
        (Author.__table__, {}, "is no class that SQLAlchemy maps"),
    ],
)
def test_what_cannot_work_is_an_error_at_once(model: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        crud_router(model, DB, **options)


def test_an_option_that_there_is_not_is_an_error_at_once() -> None:
    with pytest.raises(TypeError, match=r"no option 'relation' .* Did you mean 'relations'\?"):
        crud_router(Book, DB, relation={})  # type: ignore[call-arg]


def test_a_synchronous_database_is_refused() -> None:
    with pytest.raises(ValueError, match=r"takes a `vivace.sql.Database`, and got SyncDatabase"):
        crud_router(Author, SyncDatabase("sqlite://"))  # type: ignore[arg-type]


def test_what_only_hooks_or_a_scope_set_is_for_them_to_set() -> None:
    crud_router(Strict, DB, hooks=Hooks)
    crud_router(Strict, DB, operations=["list", "read", "delete"])


class Drawn(DeclarativeBase):
    pass


class Rectangle(Drawn):
    __tablename__ = "rectangles"

    id: Mapped[int] = mapped_column(primary_key=True)
    width: Mapped[int]
    height: Mapped[int]
    secret: Mapped[str | None] = mapped_column(sa.String(20), deferred=True)
    area: Mapped[int] = column_property(sa.literal_column("width * height", sa.Integer))

    @property
    def label(self) -> str:
        return f"{self.width} x {self.height}"


class RectangleOut(BaseModel):
    label: str
    area: int


@pytest.fixture
def rectangles(url: str) -> str:
    engine = plain_engine(url)
    Drawn.metadata.drop_all(engine)
    Drawn.metadata.create_all(engine)
    return url


def test_what_is_computed_is_shown_and_not_set(rectangles: str) -> None:
    with serve(rectangles, Rectangle) as client:
        made = client.post("/rectangles", json={"width": 2, "height": 3, "secret": "x"})
        assert (made.json()["area"], made.json()["secret"]) == (6, "x")
        path = made.headers["Location"]
        assert client.patch(path, json={"width": 4}).json()["area"] == 12
        assert place(client.patch(path, json={"area": 1})) == (422, ["body", "area"])
        client.post("/rectangles", json={"width": 1, "height": 1})
        found = client.get("/rectangles?area__gt=5&sort=-area").json()["items"]
        assert [one["area"] for one in found] == [12]


def test_properties_can_be_shown(rectangles: str) -> None:
    with serve(rectangles, (Rectangle, {"read": RectangleOut})) as client:
        made = client.post("/rectangles", json={"width": 2, "height": 3})
        assert made.json() == {"label": "2 x 3", "area": 6}
        assert client.get("/rectangles").json()["items"] == [made.json()]
        changed = client.patch(made.headers["Location"], json={"height": 4})
        assert changed.json()["label"] == "2 x 4"
        # What is not shown cannot be asked for either.
        assert place(client.get("/rectangles?width=2")) == (422, ["query", "width"])


def test_copies_are_read_where_that_is_wanted(url: str) -> None:
    with serve(url, (Book, {"read_from_replicas": True})) as client:
        made = client.post("/books", json={"title": "Emma"})
        assert client.get(made.headers["Location"]).json() == made.json()
        assert client.get("/books").json()["items"] == [made.json()]
