from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, computed_field

from vivace.mongo import BaseDocument, Document, Lookup, ObjectId
from vivace.mongo.schemas import (
    Access,
    create_schema,
    read_schema,
    replace_schema,
    resource_name,
)

ALL = Access()


class Reader(Document, collection="readers"):
    name: str


class Book(Document, collection="books"):
    """A book."""

    title: str = Field(min_length=1, alias="name")
    pages: int = 1
    keywords: list[str] = Field(default_factory=list)
    added_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    reader_id: ObjectId | None = None
    reader: Annotated[Reader | None, Lookup("reader_id")] = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def is_long(self) -> bool:
        return self.pages > 1000


def names(model: type[BaseModel]) -> list[str]:
    return [*model.model_fields]


def test_what_is_shown_is_the_document_itself_if_that_is_all() -> None:
    assert read_schema(Book, ALL) is Book
    shown = read_schema(Book, Access(hidden=frozenset({"pages"}), write_only=frozenset({"title"})))
    assert names(shown) == ["id", "keywords", "added_at", "reader_id", "reader"]
    assert shown.__name__ == "BookRead"


def test_what_is_sent_to_make_one_has_no_id_and_no_lookups() -> None:
    made = create_schema(Book, ALL)
    assert names(made) == ["title", "pages", "keywords", "added_at", "reader_id"]
    assert (made.__name__, made.__doc__) == ("BookCreate", "A book.")
    assert made.model_validate({"name": "x"}).model_fields_set == {"title"}
    for wrong in ({"name": ""}, {"name": "x", "id": str(ObjectId())}, {"name": "x", "nme": 1}):
        with pytest.raises(ValidationError):
            made.model_validate(wrong)


def test_an_id_without_a_default_is_sent() -> None:
    class Country(BaseDocument, collection="countries"):
        id: str
        name: str

    assert names(create_schema(Country, ALL)) == ["id", "name"]
    assert names(replace_schema(Country, ALL, Country)) == ["name"]


def test_what_is_replaced_twice_is_the_same_as_once() -> None:
    made = replace_schema(Book, ALL, Book)
    assert not made.model_fields["keywords"].is_required()
    assert not made.model_fields["pages"].is_required()
    assert made.model_fields["added_at"].is_required()
    # The document is as it was.
    assert not Book.model_fields["added_at"].is_required()


def test_what_is_shown_can_be_sent_back() -> None:
    made = replace_schema(Book, Access(read_only=frozenset({"added_at"})), Book)
    shown = Book.model_validate({"name": "x"}).model_dump(mode="json", by_alias=True)
    assert shown.keys() >= {"id", "is_long", "reader", "added_at"}
    assert made.model_validate(shown).model_dump() == {
        "title": "x",
        "pages": 1,
        "keywords": [],
        "reader_id": None,
    }
    with pytest.raises(ValidationError):
        made.model_validate({**shown, "colour": "blue"})


def test_who_may_see_and_set_a_field() -> None:
    access = Access(
        hidden=frozenset({"pages"}),
        read_only=frozenset({"added_at"}),
        write_only=frozenset({"keywords"}),
    )
    assert names(read_schema(Book, access)) == ["id", "title", "added_at", "reader_id", "reader"]
    assert names(create_schema(Book, access)) == ["title", "keywords", "reader_id"]
    assert names(replace_schema(Book, access, Book)) == ["title", "keywords", "reader_id"]


@pytest.mark.parametrize("option", ["hidden", "read_only", "write_only"])
def test_a_name_that_is_no_field_is_told_of(option: str) -> None:
    with pytest.raises(ValueError, match=r"Book has no field 'nme'\. There are: id, title, pages"):
        Access(**{option: frozenset({"nme"})}).check(Book)


def test_the_configuration_of_a_model_is_its_own() -> None:
    class Note(Document, collection="notes"):
        model_config = ConfigDict(frozen=True)
        text: str

    made = create_schema(Note, ALL)
    assert made.model_config["extra"] == "forbid"


class HTTPLogLine(BaseModel): ...


class PlaylistItem(BaseModel): ...


def test_a_name_is_made_of_words() -> None:
    assert resource_name(PlaylistItem) == "playlist_item"
    assert resource_name(HTTPLogLine) == "http_log_line"
