from __future__ import annotations

from dataclasses import replace

from .shelf import BOOKS, Book


def test_the_key_of_an_item_has_its_parts_in_order() -> None:
    assert BOOKS.key_of(Book(3, "x")) == (3,)
    assert replace(BOOKS, key={"title": str, "id": int}).key_of(Book(3, "x")) == ("x", 3)


def test_the_names_of_schemas_are_those_of_classes() -> None:
    assert replace(BOOKS, name="order_line").title == "OrderLine"


def test_in_a_sentence_the_name_is_a_noun() -> None:
    line = replace(BOOKS, name="order_line")
    assert (line.noun, line.one, BOOKS.one) == ("order line", "an order line", "a book")
