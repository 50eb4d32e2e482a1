"""Functions of a connection, as dependencies."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Annotated

import pytest

from vivace import Depends, Header, Vivace
from vivace.connection_functions import as_dependency, by_user
from vivace.requests import HTTPConnection
from vivace.testclient import TestClient


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(TypeError, match="'ada' cannot be called"):
        as_dependency("ada")


def test_functions_of_the_connection_and_other_dependencies_will_do() -> None:
    app = Vivace()

    def bare(connection) -> str:  # type: ignore[no-untyped-def]  # as users may write it
        assert isinstance(connection, HTTPConnection)
        return connection.headers["x-a"]

    async def declared(x_b: Annotated[str, Header()]) -> str:
        return x_b

    async def read(one: str = as_dependency(bare), two: str = as_dependency(declared)) -> str:
        return one + two

    app.get("/")(read)
    got = TestClient(app).get("/", headers={"X-A": "a", "X-B": "b"})
    assert got.json() == "ab"


def test_a_declaration_is_taken_as_it_is() -> None:
    declaration = Depends(len)
    assert as_dependency(declaration) is declaration


def test_the_user_is_known_of_who_is_signed_in() -> None:
    app = Vivace()
    principal = SimpleNamespace(user=SimpleNamespace(id=7))
    auth = SimpleNamespace(principal=Depends(lambda: principal))

    @app.get("/")
    async def read(user: str = as_dependency(by_user(auth))) -> str:
        return user

    assert TestClient(app).get("/").json() == "7"
