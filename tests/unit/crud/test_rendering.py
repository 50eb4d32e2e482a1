from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from pydantic import BaseModel

from vivace.crud.rendering import Renderer, location
from vivace.exceptions import ResponseValidationError


def test_a_location_has_nothing_in_it_that_means_something_else() -> None:
    assert location("/books/", (1,)) == "/books/1"
    assert location("/b/ü", ("a/b?c", UUID(int=0))) == (
        "/b/%C3%BC/a%2Fb%3Fc/00000000-0000-0000-0000-000000000000"
    )


class Person:
    name = "ada"
    born = date(1815, 12, 10)
    secret = "x"


class PersonRead(BaseModel):
    name: str
    born: date


def test_what_a_model_cannot_be_made_of_is_a_fault_of_the_program() -> None:
    class Place(BaseModel):
        street: str

    with pytest.raises(ResponseValidationError) as raised:
        Renderer(list[Place]).render([Person()])
    assert raised.value.errors()[0]["loc"] == ("response", 0, "street")


def test_an_item_is_rendered_by_its_attributes_and_no_more_than_the_model_has() -> None:
    assert Renderer(PersonRead).render(Person()) == b'{"name":"ada","born":"1815-12-10"}'
    assert Renderer(list[PersonRead]).render([Person()]).startswith(b'[{"name":"ada"')
