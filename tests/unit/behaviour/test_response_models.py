"""What an endpoint returns is validated once, where it is made; and filtered where it has to be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Self

import pytest
from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from vivace import Response, Vivace
from vivace.exceptions import ResponseValidationError
from vivace.responses import EventSourceResponse, JSONResponse
from vivace.testclient import TestClient

validated: list[str] = []


class Item(BaseModel):
    name: str

    @field_validator("name")
    @classmethod
    def count(cls, name: str) -> str:
        validated.append(name)
        return name


class Own(JSONResponse):
    pass


class Secret(Item):
    password: str = "hidden"


class Whole(Item):
    """With validators of the model, not only of its fields."""

    kids: list[Whole] = []

    @model_validator(mode="before")
    @classmethod
    def look(cls, data: Any) -> Any:
        validated.append("before")
        return data

    @model_validator(mode="after")
    def check(self) -> Self:
        validated.append("after")
        return self


class Strict(Item):
    model_config = ConfigDict(revalidate_instances="always")


def ask(app: Vivace, path: str = "/") -> Any:
    response = TestClient(app).get(path)
    assert response.status_code == 200
    return response.json()


def test_an_instance_of_the_declared_model_is_not_validated_again() -> None:
    app = Vivace()
    item = Item(name="made")

    @app.get("/async")
    async def in_place() -> Item:
        return item

    @app.get("/sync")
    def in_thread() -> Item:
        return item

    @app.get("/declared", response_model=Item)
    async def declared() -> Any:
        return item

    @app.get("/headers")
    async def with_headers(response: Response) -> Item:
        response.status_code = 200
        return item

    @app.get("/class", response_class=Own)
    async def with_class() -> Item:
        return item

    for path in ("/async", "/sync", "/declared", "/headers", "/class"):
        validated.clear()
        assert ask(app, path) == {"name": "made"}
        assert validated == []


def test_validators_of_the_model_are_not_called_again_either() -> None:
    app = Vivace()

    def make() -> Whole:
        return Whole(name="made", kids=[Whole(name="kid")])

    @app.get("/async")
    async def in_place() -> Whole:
        return make()

    @app.get("/sync")
    def in_thread() -> Whole:
        return make()

    validated.clear()
    make()
    expected = list(validated)
    for path in ("/async", "/sync"):
        validated.clear()
        assert ask(app, path)["kids"] == [{"name": "kid", "kids": []}]
        assert validated == expected


def test_what_is_no_instance_is_validated_once() -> None:
    app = Vivace()

    @app.get("/")
    async def read() -> Item:
        return {"name": "dict"}  # type: ignore[return-value]

    validated.clear()
    assert ask(app) == {"name": "dict"}
    assert validated == ["dict"]


def test_an_instance_made_in_the_endpoint_is_validated_once() -> None:
    app = Vivace()

    @app.get("/")
    async def read() -> Item:
        return Item(name="new")

    validated.clear()
    ask(app)
    assert validated == ["new"]


def test_a_subclass_does_not_leak_what_the_declared_model_lacks() -> None:
    app = Vivace()

    @app.get("/one")
    async def read() -> Item:
        return Secret(name="user")

    @app.get("/list")
    async def read_all() -> list[Item]:
        return [Secret(name="user"), Item(name="other")]

    @app.get("/stream")
    async def stream() -> AsyncIterator[Item]:
        yield Secret(name="user")

    assert ask(app, "/one") == {"name": "user"}
    assert ask(app, "/list") == [{"name": "user"}, {"name": "other"}]
    assert ask(app, "/stream") == {"name": "user"}


def test_a_model_that_asks_for_it_is_validated_again() -> None:
    app = Vivace()
    item = Strict(name="made")

    @app.get("/")
    async def read() -> Strict:
        return item

    validated.clear()
    assert ask(app) == {"name": "made"}
    assert validated == ["made"]


def test_a_dataclass_and_a_plain_object_fit_by_their_attributes() -> None:
    app = Vivace()

    @dataclass
    class Row:
        name: str
        password: str

    @app.get("/")
    async def read() -> Item:
        return Row("row", "hidden")  # type: ignore[return-value]

    assert ask(app) == {"name": "row"}


def test_what_does_not_fit_is_a_fault_that_says_where() -> None:
    app = Vivace()

    @app.get("/items/{id}")
    async def read_item(id: int) -> Item:
        return {"title": "x"}  # type: ignore[return-value]

    with pytest.raises(ResponseValidationError) as caught:
        ask(app, "/items/1")
    assert [error["loc"] for error in caught.value.errors()] == [("response", "name")]
    assert "in read_item" in str(caught.value)
    assert "GET /items/{id}" in str(caught.value)
    reply = TestClient(app, raise_server_exceptions=False).get("/items/1")
    assert (reply.status_code, reply.text) == (500, "Internal Server Error")


def test_a_stream_without_a_response_model_is_sent_as_it_is_yielded() -> None:
    app = Vivace()

    def count() -> Iterator[Item]:
        yield Item(name="a")
        yield {"number": 1}  # type: ignore[misc]

    app.get("/lines", response_model=None)(count)
    app.get("/events", response_model=None, response_class=EventSourceResponse)(count)
    client = TestClient(app)
    assert client.get("/lines").text == '{"name":"a"}\n{"number": 1}\n'
    assert client.get("/events").text == 'data: {"name":"a"}\n\ndata: {"number": 1}\n\n'
    assert "Item" not in app.openapi().get("components", {}).get("schemas", {})
