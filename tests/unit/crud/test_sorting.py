from __future__ import annotations

import pytest
from pydantic_core import PydanticCustomError

from vivace.crud import Order
from vivace.crud.sorting import Sorting

from .shelf import BOOKS

SORTING = Sorting(BOOKS)


def test_a_hyphen_is_for_descending() -> None:
    assert SORTING.parse("-price,title") == (Order("price", descending=True), Order("title"))


def test_the_key_is_at_the_end_in_the_direction_of_what_is_before() -> None:
    assert SORTING.complete([]) == (Order("id"),)
    by_price = Order("price", descending=True)
    assert SORTING.complete([by_price]) == (by_price, Order("id", descending=True))
    assert SORTING.complete([Order("id"), by_price]) == (Order("id"), by_price)


@pytest.mark.parametrize("text", ["", ",", "notes", "title,", "title,title", "title,-title", "-"])
def test_what_is_no_order_is_refused(text: str) -> None:
    with pytest.raises(PydanticCustomError):
        SORTING.parse(text)


def test_an_order_of_the_router_that_is_none_says_so() -> None:
    with pytest.raises(ValueError, match=r"cannot be sorted by 'notes': .* id, title, price"):
        Sorting(BOOKS, "notes")
