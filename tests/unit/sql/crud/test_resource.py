from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from vivace.sql.crud.resource import derive, plural_of, snake_case

from .library import Author, Book, Line


@pytest.mark.parametrize(
    ("name", "snake"),
    [("Book", "book"), ("OrderLine", "order_line"), ("HTTPServer", "http_server"), ("A1b", "a1b")],
)
def test_names_of_classes_become_those_of_functions(name: str, snake: str) -> None:
    assert snake_case(name) == snake


@pytest.mark.parametrize(
    ("name", "plural"),
    [
        ("book", "books"),
        ("country", "countries"),
        ("day", "days"),
        ("box", "boxes"),
        ("bus", "buses"),
        ("order_line", "order_lines"),
    ],
)
def test_words_have_their_regular_plural(name: str, plural: str) -> None:
    assert plural_of(name) == plural


def fields_of(model: Any, **options: Any) -> Any:
    found = derive(sa.inspect(model), options).resource.fields  # type: ignore[arg-type]
    return {field.name: field for field in found}


def test_lists_go_by_what_is_shown() -> None:
    fields = fields_of(Author)
    assert {*fields} == {"id", "name"}
    assert fields_of(Author, hidden=["name"]).keys() == {"id"}


def test_what_can_be_asked_depends_on_the_type() -> None:
    fields = fields_of(Book)
    assert {"gt", "in"} < fields["pages"].operators
    assert "icontains" in fields["title"].operators
    assert "gt" not in fields["genre"].operators
    assert not fields["notes"].operators
    assert "is_null" in fields["price"].operators
    assert "is_null" not in fields["pages"].operators
    assert not fields["genre"].sortable
    assert not fields["notes"].sortable


def test_a_router_can_have_lists_go_by_less() -> None:
    fields = fields_of(Book, filters=["title"], sortable=["pages"])
    assert [name for name, field in fields.items() if field.operators] == ["title"]
    assert [name for name, field in fields.items() if field.sortable] == ["pages"]


def test_what_is_shown_as_a_relation_is_no_column() -> None:
    assert "author_id" not in fields_of(Book, relations={"author": "ids"})
    assert "author_id" in fields_of(Book, relations={"author": "nested"})


def test_the_key_has_types_that_a_path_can_hold() -> None:
    assert [*derive(sa.inspect(Line), {}).resource.key] == ["document", "number"]
