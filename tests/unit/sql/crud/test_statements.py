from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from vivace.crud import Filter, Order, Selection
from vivace.sql.crud.statements import condition, listed

from .library import Account, Book

ATTRIBUTES: dict[str, Any] = {
    name: getattr(Book, name)
    for name in sa.inspect(Book).column_attrs.keys()  # noqa: SIM118
}
ID = Order("id")


def text_of(selection: Selection) -> str:
    made = listed(sa.select(Book.id), ATTRIBUTES, selection)
    compiled = made.compile(compile_kwargs={"literal_binds": True})
    return " ".join(str(compiled).split()).replace("books.", "")


def test_one_row_more_is_read_than_is_wanted() -> None:
    assert text_of(Selection((), (ID,), 20)).endswith("ORDER BY id ASC LIMIT 21")
    assert text_of(Selection((), (ID,), 20, offset=40)).endswith("LIMIT 21 OFFSET 40")


def test_what_comes_after_a_position_is_found_without_an_offset() -> None:
    order = (Order("pages", descending=True), Order("id", descending=True))
    found = text_of(Selection((), order, 1, position=(100, 7)))
    assert "WHERE pages <= 100 AND (pages < 100 OR pages = 100 AND id < 7)" in found
    assert found.endswith("ORDER BY pages DESC, id DESC LIMIT 2")
    assert "OFFSET" not in found


def test_backward_everything_is_the_other_way_round() -> None:
    found = text_of(Selection((), (Order("pages"), ID), 1, position=(100, 7), backward=True))
    assert "pages <= 100 AND (pages < 100 OR pages = 100 AND id < 7)" in found
    assert "ORDER BY pages DESC, id DESC" in found


def test_null_comes_last_wherever_the_database_would_have_it() -> None:
    order = (Order("price"), ID)
    found = text_of(Selection((), order, 1, position=(3, 7)))
    assert "WHERE price > 3 OR price IS NULL OR price = 3 AND id > 7" in found
    assert "ORDER BY price IS NULL ASC, price ASC, id ASC" in found
    found = text_of(Selection((), order, 1, position=(None, 7)))
    assert "WHERE price IS NULL AND id > 7" in found
    order = (Order("price", descending=True), Order("id", descending=True))
    found = text_of(Selection((), order, 1, position=(None, 7)))
    assert "WHERE price IS NOT NULL OR price IS NULL AND id < 7" in found


def test_where_null_is_last_by_itself_an_index_will_do() -> None:
    selection = Selection((), (Order("price", descending=True), ID), 1)
    found = str(listed(sa.select(Book.id), ATTRIBUTES, selection, null_is_last=True))
    assert "ORDER BY books.price DESC, books.id ASC" in found


def test_a_single_field_needs_no_alternatives() -> None:
    assert "WHERE id >= 7 AND id > 7 ORDER" in text_of(Selection((), (ID,), 1, position=(7,)))


def test_numbers_of_single_precision_are_compared_as_such() -> None:
    table = sa.table("t", sa.column("x", sa.Float))
    found = condition({"x": table.c.x}, Filter("x", "eq", 0.1))  # type: ignore[dict-item]
    assert str(found) == "t.x = CAST(:param_1 AS FLOAT)"


def test_texts_are_searched_for_as_they_are() -> None:
    found = condition({"code": Account.code}, Filter("code", "icontains", "50%"))
    assert "50/%" in str(found.compile(compile_kwargs={"literal_binds": True}))
