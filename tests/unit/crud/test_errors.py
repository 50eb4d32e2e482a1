from __future__ import annotations

from vivace.crud import Conflict, already_exists, still_referenced, unknown_reference


def places(conflict: Conflict) -> list[list[str | int]]:
    return [error["loc"] for error in conflict.detail]


def test_each_field_has_an_error() -> None:
    assert places(already_exists("name", "shelf_id")) == [["body", "name"], ["body", "shelf_id"]]


def test_without_a_field_the_place_is_the_body() -> None:
    assert places(already_exists()) == [["body"]]
    assert places(still_referenced()) == [["path"]]


def test_a_place_may_be_within_a_field() -> None:
    assert places(unknown_reference(("tags", 2))) == [["body", "tags", 2]]


def test_of_one_of_several_items_it_has_the_index() -> None:
    one = unknown_reference("author_id")
    of_third = one.of_item(2)
    assert isinstance(of_third, Conflict)
    assert (of_third.status_code, of_third.type) == (409, "unknown_reference")
    assert places(of_third) == [["body", 2, "author_id"]]
    assert places(one) == [["body", "author_id"]]
