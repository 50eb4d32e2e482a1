from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import BaseModel, ValidationError

from vivace.sql.crud.resource import ResourceOptions, derive

from .library import Account, Author, Book, Country, Line
from .test_columns import Thing


def schemas_of(model: Any, **options: Any) -> dict[str, type[BaseModel]]:
    made: ResourceOptions = options  # type: ignore[assignment]
    resource = derive(sa.inspect(model), made).resource
    assert resource.create is not None
    assert resource.replace is not None
    return {"read": resource.read, "create": resource.create, "replace": resource.replace}


def required(schema: type[BaseModel]) -> set[str]:
    return {name for name, field in schema.model_fields.items() if field.is_required()}


def test_everything_that_is_shown_is_there() -> None:
    read = schemas_of(Author)["read"]
    assert {*read.model_fields} == {"id", "name"} == required(read)
    # What is stored is shown, whatever it is.
    assert "minLength" not in read.model_json_schema()["properties"]["name"]


def test_to_make_an_item_what_has_no_default_is_required() -> None:
    create = schemas_of(Thing, hidden=["password"])["create"]
    assert required(create) == {"plain", "named", "touched_and_set"}
    assert {"made", "token", "status", "tags"} < {*create.model_fields}
    assert not {"id", "computed", "touched", "kind", "secret"} & {*create.model_fields}


def test_to_replace_an_item_so_is_what_only_the_database_has_a_default_for() -> None:
    replace = schemas_of(Thing)["replace"]
    assert required(replace) == {
        *("plain", "named", "password"),
        *("made", "token", "settings", "number", "touched_and_set"),
    }
    made = replace(
        **dict.fromkeys(("plain", "named", "password"), "x"),
        **dict.fromkeys(("made", "touched_and_set"), "2025-01-01T00:00:00"),
        token="12345678-1234-5678-1234-567812345678",
        settings={},
        number=1,
    )
    assert (made.status, made.tags) == ("new", [])  # type: ignore[attr-defined]


def test_keys_are_sent_once() -> None:
    assert {*schemas_of(Line)["create"].model_fields} == {"document", "number", "text"}
    assert {*schemas_of(Line)["replace"].model_fields} == {"text"}
    assert {*schemas_of(Country)["replace"].model_fields} == {"name"}


def test_what_may_be_null_may_be_left_out() -> None:
    replace = schemas_of(Book)["replace"]
    made: Any = replace(title="Emma")
    assert (made.price, made.published, made.pages, made.notes) == (None, None, 100, {})


def test_what_is_only_shown_may_be_sent_back() -> None:
    replace = schemas_of(Book)["replace"]
    assert replace.model_validate({"title": "x", "id": 3, "added_at": "whatever"})
    with pytest.raises(ValidationError, match="extra_forbidden"):
        replace.model_validate({"title": "x", "pags": 3})
    with pytest.raises(ValidationError, match="extra_forbidden"):
        schemas_of(Book)["create"].model_validate({"title": "x", "id": 3})


def test_schemas_are_documented() -> None:
    schemas = schemas_of(Book, relations={"author": "nested", "tags": "ids"})
    shown = schemas["read"].model_json_schema()
    assert shown["title"] == "Book"
    assert shown["properties"]["published"]["description"] == "When it was to be had first."
    assert {"BookAuthor", "Genre"} == {*shown["$defs"]}
    sent = schemas["create"].model_json_schema()["properties"]
    assert sent["pages"]["default"] == 100
    assert sent["title"]["maxLength"] == 40
    assert sent["tags"]["items"]["type"] == "integer"
    assert "default" not in sent["price"]


def test_schemas_are_told_from_others_by_their_module() -> None:
    assert schemas_of(Account)["read"].__module__ == Account.__module__
