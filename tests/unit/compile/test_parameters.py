from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any

import pytest
from pydantic import AliasChoices, BaseModel

from vivace import Vivace
from vivace.declare.functions import Cookie, Header, Query
from vivace.routing import APIRoute

ALIAS = "'); raise SystemExit #\n"


class Item(BaseModel):
    name: str


class Color(Enum):
    RED = "red"


def text_of(endpoint: Callable[..., Any], path: str = "/") -> str:
    app = Vivace()
    app.post(path)(endpoint)
    (route,) = (route for route in app.routes if isinstance(route, APIRoute))
    return route.source()


def test_plain_text_is_taken_without_a_validator() -> None:
    async def endpoint(
        q: str,
        r: str | None = None,
        x_token: Annotated[str | None, Header()] = None,
        session: Annotated[str, Cookie()] = "none",
    ) -> None: ...

    text = text_of(endpoint, "/")
    assert "validate" not in text
    assert "ValidationError as" not in text


@pytest.mark.parametrize(
    "annotation",
    [int, Annotated[str, Query(min_length=1)], Color, bytes, str | int],
)
def test_anything_else_is_validated_once(annotation: Any) -> None:
    async def endpoint(value: Any) -> None: ...

    endpoint.__annotations__["value"] = annotation
    assert text_of(endpoint).count("_v_validate_value(") == 1


def test_a_query_string_is_taken_apart_once_and_no_more_than_is_needed() -> None:
    async def single(a: int, b: str) -> None: ...

    async def both(a: int, b: Annotated[list[int], Query()]) -> None: ...

    async def every(a: Annotated[Item, Query()]) -> None: ...

    async def nothing() -> None: ...

    assert text_of(single).count("query_string") == 1
    assert "query_lists" not in text_of(single)
    assert text_of(both).count("query_string") == 1
    assert "query = " not in text_of(every)
    assert "query" not in text_of(nothing)


def test_of_the_headers_only_what_is_asked_for_is_decoded() -> None:
    async def endpoint(x_token: Annotated[str, Header()]) -> None: ...

    text = text_of(endpoint)
    assert "headers.get(b'x-token')" in text
    assert "all_headers" not in text


def test_the_name_is_noted_only_where_there_are_several() -> None:
    async def one(a: Annotated[int, Query(alias="b")]) -> None: ...

    async def two(a: Annotated[int, Query(validation_alias=AliasChoices("b", "c"))]) -> None: ...

    assert "name = " not in text_of(one)
    assert "name = 'b'" in text_of(two)
    assert "('query', name)" in text_of(two)
    assert "_v_add_missing(errors, ('query', 'b'))" in text_of(two)


@pytest.mark.parametrize("default", [None, 3, "it's", True, 2.5, b"x"])
def test_plain_defaults_stand_in_the_text(default: Any) -> None:
    async def endpoint(value: Any = None) -> None: ...

    endpoint.__defaults__ = (default,)
    assert f"value_0 = {default!r}\n" in text_of(endpoint)


@pytest.mark.parametrize("default", [Color.RED, float("inf"), float("nan")])
def test_other_constants_are_bound(default: Any) -> None:
    async def endpoint(value: Any = None) -> None: ...

    endpoint.__defaults__ = (default,)
    assert "value_0 = _v_default_value\n" in text_of(endpoint)


def test_a_mutable_default_is_made_anew() -> None:
    async def endpoint(value: Annotated[list[int], Query()] = []) -> None: ...  # noqa: B006

    assert "value_0 = _v_default_value()" in text_of(endpoint)


def test_no_parameters_need_no_check() -> None:
    async def endpoint() -> None: ...

    assert "errors" not in text_of(endpoint)


def test_equal_signatures_give_equal_text() -> None:
    def make() -> Callable[..., Any]:
        async def endpoint(
            q: int, item: Item, tags: Annotated[list[str], Query()], x: Annotated[str, Header()]
        ) -> None: ...

        return endpoint

    assert text_of(make()) == text_of(make())


def test_names_from_outside_go_in_as_literals() -> None:
    async def endpoint(q: Annotated[str, Query(alias=ALIAS)]) -> None: ...

    assert f"query.get({ALIAS!r})" in text_of(endpoint)
