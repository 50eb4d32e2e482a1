from __future__ import annotations

import warnings

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from vivace.crud.schemas import Sent, make_schema


class Book(Sent):
    """A book as clients send it."""

    shown_only = frozenset({"id"})

    title: str


def test_what_is_only_shown_may_be_sent_back_and_counts_for_nothing() -> None:
    assert Book.model_validate({"title": "Emma", "id": 7}).model_dump() == {"title": "Emma"}


def test_what_is_sent_stays_as_it_was() -> None:
    given = {"title": "Emma", "id": 7}
    Book.model_validate(given)
    assert given == {"title": "Emma", "id": 7}


@pytest.mark.parametrize("given", [{"title": "Emma", "pages": 1}, {"id": 7}, ["title"], None])
def test_nothing_else_is_let_through(given: object) -> None:
    with pytest.raises(ValidationError):
        Book.model_validate(given)


def test_a_schema_may_have_fields_that_are_called_as_methods_of_pydantic_s() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = make_schema("Page", {"copy": (str, ...), "json": (int, 0)})
    assert made.model_validate({"copy": "x"}).model_dump() == {"copy": "x", "json": 0}


def test_a_schema_has_the_base_the_module_and_the_words_that_are_given() -> None:
    made = make_schema("Novel", {"pages": (int, 1)}, base=Book, module="library", doc="A long one.")
    assert issubclass(made, Book)
    assert (made.__module__, made.__doc__) == ("library", "A long one.")
    assert make_schema("Novel", {}, base=Book).__doc__ is None


def test_a_schema_behaves_as_its_configuration_says() -> None:
    made: type[BaseModel] = make_schema(
        "Strict", {"title": (str, "")}, config=ConfigDict(extra="forbid")
    )
    with pytest.raises(ValidationError):
        made.model_validate({"pages": 1})
