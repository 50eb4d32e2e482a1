from __future__ import annotations

import pytest
from pydantic import ValidationError

from vivace.describe.models import (
    Components,
    Encoding,
    MediaType,
    OpenAPI,
    Operation,
    Parameter,
    Schema,
    ServerVariable,
)


def test_numbers_are_kept_as_they_were_written() -> None:
    schema = Schema(minimum=1, maximum=2.5)
    assert schema.model_dump_json(exclude_none=True) == '{"maximum":2.5,"minimum":1}'


def test_extensions_are_kept_in_every_object() -> None:
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1", "x-logo": {"url": "logo.png"}},
        "paths": {"x-note": "n", "/": {"get": {"x-rate": 3, "responses": {"x-more": 1}}}},
        "tags": [{"name": "a", "x-order": 1}],
    }
    dumped = OpenAPI.model_validate(document).model_dump(by_alias=True, exclude_none=True)
    assert dumped == document


def test_keywords_of_json_schema_have_their_names_on_the_wire() -> None:
    keywords = {"$ref": "#/x", "not": {"type": "null"}, "if": True, "else": False, "$defs": {}}
    dumped = Schema.model_validate(keywords).model_dump(by_alias=True, exclude_none=True)
    assert dumped == keywords


def test_objects_that_contain_each_other_can_be_built() -> None:
    encoding = Encoding.model_validate({"headers": {"X": {"content": {"text/plain": {}}}}})
    media_type = MediaType(encoding={"part": encoding})
    dumped = media_type.model_dump(by_alias=True, exclude_none=True)
    assert dumped == {"encoding": {"part": {"headers": {"X": {"content": {"text/plain": {}}}}}}}


def test_references_stand_where_components_may() -> None:
    reference = {"$ref": "#/components/parameters/page"}
    operation = Operation.model_validate({"parameters": [reference]})
    assert operation.model_dump(by_alias=True, exclude_none=True) == {"parameters": [reference]}
    components = Components.model_validate({"schemas": {"A": {"$ref": "#/components/schemas/B"}}})
    assert components.model_dump(by_alias=True, exclude_none=True) == {
        "schemas": {"A": {"$ref": "#/components/schemas/B"}}
    }


@pytest.mark.parametrize(
    ("model", "content"),
    [
        (Parameter, {"name": "a", "in": "body"}),
        (Schema, {"type": "text"}),
        (Schema, {"minLength": -1}),
        (ServerVariable, {"default": "a", "enum": []}),
    ],
)
def test_what_the_specification_forbids_is_refused(
    model: type[Parameter | Schema | ServerVariable], content: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(content)
