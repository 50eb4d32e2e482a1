"""Whose a request is."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from vivace import Header, Vivace
from vivace.answers.functions import as_dependency, checked_owner, digest
from vivace.requests import HTTPConnection
from vivace.testclient import TestClient

parts = st.lists(st.text(max_size=5), max_size=4)


@given(parts, parts)
def test_digests_differ_where_the_parts_do(one: list[str], other: list[str]) -> None:
    assert (digest(*one) == digest(*other)) == (one == other)


def test_a_digest_takes_text_that_utf8_does_not_have() -> None:
    assert digest("\ud800") != digest("?")


def test_who_asks_is_told_apart_by_kind_and_value() -> None:
    uuid = UUID(int=7)
    owners = [checked_owner(one, len) for one in (7, "7", uuid, str(uuid))]
    assert len(set(owners)) == 4
    assert checked_owner(None, len) is None


@pytest.mark.parametrize("owner", [True, 1.5, b"ada", object()])
def test_what_identifies_nobody_is_an_error(owner: object) -> None:
    with pytest.raises(TypeError, match="neither str, int nor UUID"):
        checked_owner(owner, len)


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(TypeError, match="by='ada' cannot be called"):
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
