from __future__ import annotations

from typing import Annotated, Any

import pytest
from hypothesis import given, settings, strategies as st
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from vivace.crud.merge_patch import PatchOf, merge_patch

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)

#: RFC 7396, appendix A.
EXAMPLES: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "patch", "result"), EXAMPLES)
def test_the_examples_of_the_rfc_come_out(target: Any, patch: Any, result: Any) -> None:
    assert merge_patch(target, patch) == result


@settings(max_examples=50)
@given(JSON, JSON)
def test_a_patch_made_twice_does_what_it_does_once(target: Any, patch: Any) -> None:
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


@settings(max_examples=50)
@given(JSON, JSON)
def test_neither_argument_is_changed(target: Any, patch: Any) -> None:
    before = repr((target, patch))
    merge_patch(target, patch)
    assert repr((target, patch)) == before


OBJECT = st.dictionaries(st.sampled_from("abc"), JSON)


@settings(max_examples=50)
@given(OBJECT, OBJECT)
def test_of_an_object_what_is_not_named_stays(target: Any, patch: Any) -> None:
    merged = merge_patch(target, patch)
    for name in target.keys() - patch.keys():
        assert merged[name] == target[name]
    for name in patch:
        assert (name in merged) == (patch[name] is not None)


class Place(BaseModel):
    street: str
    door: str | None


class Person(BaseModel):
    name: str
    nickname: Annotated[str | None, Field(max_length=3)]
    age: int = 20
    place: Place | None = None
    city: str = Field(default="", alias="town")


def test_null_is_the_value_of_a_field_that_may_be_null() -> None:
    person = {"name": "ada", "nickname": "a", "age": 30}
    patch = {"nickname": None, "age": None, "name": None}
    assert merge_patch(person, patch, Person) == {"nickname": None}


def test_null_is_the_value_of_such_a_field_in_a_model_within() -> None:
    person = {"place": {"street": "x", "door": "1"}}
    patch = {"place": {"door": None, "street": None}}
    assert merge_patch(person, patch, Person) == {"place": {"door": None}}


def test_a_model_within_is_merged_with_as_the_document_that_it_is() -> None:
    person = {"place": Place(street="x", door="1")}
    assert merge_patch(person, {"place": {"door": "2"}}, Person) == {
        "place": {"street": "x", "door": "2"}
    }


def test_aliases_are_the_names_of_fields() -> None:
    assert merge_patch({"town": "x"}, {"town": None}, Person) == {}


def test_a_documented_patch_is_any_object_and_nothing_else() -> None:
    body: TypeAdapter[Any] = TypeAdapter(Annotated[dict[str, Any], PatchOf(Person)])
    assert body.validate_python({"name": 3}) == {"name": 3}
    with pytest.raises(ValidationError, match="dict_type"):
        body.validate_python([])
    assert body.json_schema()["title"] == "Person"
