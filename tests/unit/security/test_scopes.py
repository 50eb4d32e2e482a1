from __future__ import annotations

from typing import Annotated, Any

import pytest

from vivace import Depends, Security, Vivace
from vivace.security.scopes import SecurityScopes
from vivace.testclient import TestClient


@pytest.mark.parametrize(
    ("scopes", "text"), [(["a", "b"], "a b"), (["a"], "a"), ([], ""), (None, "")]
)
def test_scopes_are_also_one_string(scopes: list[str] | None, text: str) -> None:
    asked = SecurityScopes(scopes)
    assert asked.scopes == (scopes or [])
    assert asked.scope_str == text


def test_no_two_have_the_same_empty_list() -> None:
    first, second = SecurityScopes(), SecurityScopes()
    first.scopes.append("a")
    assert second.scopes == []


def asked_for(scopes: SecurityScopes) -> list[str]:
    return scopes.scopes


def inner(asked: Annotated[list[str], Security(asked_for, scopes=["inner"])]) -> list[str]:
    return asked


def test_a_dependency_gets_the_scopes_above_it_outermost_first() -> None:
    app = Vivace()

    @app.get("/")
    def read(asked: Annotated[list[str], Security(inner, scopes=["outer"])]) -> Any:
        return asked

    assert TestClient(app).get("/").json() == ["outer", "inner"]


def test_a_dependency_below_no_scopes_gets_none() -> None:
    app = Vivace()

    @app.get("/")
    def read(asked: Annotated[list[str], Depends(asked_for)]) -> Any:
        return asked

    assert TestClient(app).get("/").json() == []


def test_one_dependency_is_asked_anew_for_other_scopes() -> None:
    app = Vivace()

    @app.get("/")
    def read(
        first: Annotated[list[str], Security(asked_for, scopes=["a"])],
        second: Annotated[list[str], Security(asked_for, scopes=["b"])],
    ) -> Any:
        return [first, second]

    assert TestClient(app).get("/").json() == [["a"], ["b"]]
