from __future__ import annotations

from dataclasses import fields
from typing import Any

from hypothesis import given, strategies as st

from vivace import Depends
from vivace.declare.defaults import Default
from vivace.responses import HTMLResponse, JSONResponse, PlainTextResponse
from vivace.serve.settings import Settings


def provide() -> int:
    return 1


def other() -> int:
    return 2


settings = st.builds(
    Settings,
    prefix=st.sampled_from(["", "/a", "/b"]),
    tags=st.lists(st.sampled_from("xyz"), max_size=2).map(tuple),
    dependencies=st.lists(st.sampled_from([Depends(provide), Depends(other)]), max_size=2).map(
        tuple
    ),
    responses=st.dictionaries(
        st.sampled_from([404, "default"]), st.sampled_from([{"a": 1}, {"a": 2}]), max_size=2
    ),
    deprecated=st.sampled_from([None, True, False]),
    include_in_schema=st.booleans(),
    response_class=st.sampled_from([Default(JSONResponse), HTMLResponse, PlainTextResponse]),
    strict_content_type=st.sampled_from([Default(True), True, False]),
    max_body_size=st.sampled_from([None, 1, 2]),
    form_limits=st.sampled_from([{}, {"max_files": 1}, {"max_files": 2, "max_fields": 3}]),
)


def values(it: Settings) -> dict[str, Any]:
    found = {field.name: getattr(it, field.name) for field in fields(it)}
    # `None` and `False` both say that it is not.
    found["deprecated"] = bool(found["deprecated"])
    return {name: getattr(value, "value", value) for name, value in found.items()}


@given(settings, settings, settings)
def test_three_combine_alike_from_inside_and_from_outside(
    outer: Settings, middle: Settings, inner: Settings
) -> None:
    from_inside = outer.around(middle.around(inner))
    from_outside = outer.around(middle).around(inner)
    assert values(from_inside) == values(from_outside)


@given(settings)
def test_nothing_around_changes_nothing(inner: Settings) -> None:
    assert values(Settings().around(inner)) == values(inner)


def test_lists_are_joined_the_outer_first() -> None:
    outer = Settings(prefix="/a", tags=("x",), dependencies=(Depends(provide),))
    inner = Settings(prefix="/b", tags=("y",), dependencies=(Depends(other),))
    combined = outer.around(inner)
    assert combined.prefix == "/a/b"
    assert combined.tags == ("x", "y")
    assert combined.dependencies == (Depends(provide), Depends(other))


def test_the_inner_value_wins_where_it_says_anything() -> None:
    outer = Settings(
        response_class=HTMLResponse, responses={404: {"a": 1}, 405: {"a": 1}}, max_body_size=5
    )
    combined = outer.around(Settings(responses={404: {"a": 2}}))
    assert combined.response_class is HTMLResponse
    assert combined.responses == {404: {"a": 2}, 405: {"a": 1}}
    assert combined.max_body_size == 5
    assert outer.around(Settings(response_class=PlainTextResponse, max_body_size=9)) is not outer
    combined = outer.around(Settings(response_class=PlainTextResponse, max_body_size=9))
    assert combined.response_class is PlainTextResponse
    assert combined.max_body_size == 9


def test_a_part_of_what_is_hidden_or_deprecated_is_so_too() -> None:
    assert not Settings(include_in_schema=False).around(Settings()).include_in_schema
    assert not Settings().around(Settings(include_in_schema=False)).include_in_schema
    assert Settings(deprecated=True).around(Settings()).deprecated
    assert Settings(deprecated=True).around(Settings(deprecated=False)).deprecated
