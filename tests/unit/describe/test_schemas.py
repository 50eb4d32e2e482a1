from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, computed_field
from pydantic.fields import FieldInfo

from vivace.analyse.fields import Field, Mode
from vivace.declare.params import Query
from vivace.describe.schemas import Schemas


class Encoded(BaseModel):
    model_config = ConfigDict(val_json_bytes="base64", ser_json_bytes="base64")
    content: bytes


class Plain(BaseModel):
    content: bytes


class Square(BaseModel):
    side: int

    @computed_field  # type: ignore[prop-decorator]
    @property
    def area(self) -> int:
        return self.side**2


class Default(BaseModel):
    side: int = 1


def field(annotation: Any, mode: Mode = "validation", name: str = "some_value") -> Field:
    return Field(name, FieldInfo(annotation=annotation), mode=mode)


def test_types_with_a_name_are_references_and_others_have_a_title() -> None:
    named, listed = field(Plain), field(list[Plain])
    schemas = Schemas([named, listed])
    reference = {"$ref": "#/components/schemas/Plain"}
    assert schemas.of(named) == reference
    assert schemas.of(listed) == {"type": "array", "items": reference, "title": "Some Value"}
    assert schemas.of(listed, name="other_name")["title"] == "Other Name"


def test_a_declared_title_comes_before_any_name() -> None:
    titled = Field("q", Query(annotation=int, title="Number of items"))
    assert Schemas([titled]).of(titled, name="x")["title"] == "Number of items"


def test_what_is_done_to_one_schema_does_not_show_in_the_next() -> None:
    some = field(int)
    schemas = Schemas([some])
    schemas.of(some)["title"] = "Changed"
    assert schemas.of(some)["title"] == "Some Value"


def test_one_field_may_be_given_often() -> None:
    some = field(Plain)
    assert list(Schemas([some, some]).definitions) == ["Plain"]


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_bytes_say_whether_they_are_encoded(mode: Mode) -> None:
    definitions = Schemas([field(Plain, mode), field(Encoded, mode)]).definitions
    binary = {"type": "string", "contentMediaType": "application/octet-stream", "title": "Content"}
    assert definitions["Plain"]["properties"]["content"] == binary
    encoded = {**binary, "contentEncoding": "base64"}
    assert definitions["Encoded"]["properties"]["content"] == encoded


def test_input_and_output_have_two_definitions_where_they_differ() -> None:
    fields = [field(Default), field(Default, "serialization")]
    assert list(Schemas(fields).definitions) == ["Default"]
    fields = [field(Square), field(Square, "serialization")]
    assert sorted(Schemas(fields).definitions) == ["Square-Input", "Square-Output"]


def test_an_output_that_shares_its_input_s_definition_keeps_computed_fields() -> None:
    outputs = [field(dict[str, list[Square | None]], "serialization")]
    schemas = Schemas(outputs, separate_input_and_output=False)
    assert "area" in schemas.definitions["Square"]["properties"]


def test_classes_of_one_name_have_definitions_of_their_own() -> None:
    def make(annotation: type) -> type[BaseModel]:
        class Same(BaseModel):
            value: annotation  # type: ignore[valid-type]

        return Same

    first, second = field(make(int)), field(make(str))
    schemas = Schemas([first, second])
    assert schemas.of(first) != schemas.of(second)
    kinds = [schemas.definition(schemas.of(f)) for f in (first, second)]
    assert [kind and kind["properties"]["value"]["type"] for kind in kinds] == ["integer", "string"]


def test_only_references_have_definitions() -> None:
    some = field(int)
    schemas = Schemas([some])
    assert schemas.definition(schemas.of(some)) is None


def test_descriptions_end_at_a_form_feed() -> None:
    class Documented(BaseModel):
        """For clients.\fFor colleagues."""

    schemas = Schemas([field(Documented)])
    assert schemas.definitions["Documented"]["description"] == "For clients."
