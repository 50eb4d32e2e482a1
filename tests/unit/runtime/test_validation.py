from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from vivace.runtime.validation import ABSENT, add_errors, add_found, add_missing, as_object


class Item(BaseModel):
    name: str
    sizes: list[int]


def error_of(payload: dict[str, Any]) -> ValidationError:
    with pytest.raises(ValidationError) as raised:
        Item.model_validate(payload)
    return raised.value


def test_errors_are_placed_below_their_location() -> None:
    errors = add_errors(None, error_of({"name": 1, "sizes": [1, "b"]}), ("body", "item"))
    assert [error["loc"] for error in errors] == [
        ("body", "item", "name"),
        ("body", "item", "sizes", 1),
    ]
    assert [error["input"] for error in errors] == [1, "b"]


def test_errors_name_no_address_of_pydantics_documentation() -> None:
    (error,) = add_errors(None, error_of({"name": "a"}), ("body",))
    assert error == {
        "type": "missing",
        "loc": ("body", "sizes"),
        "msg": "Field required",
        "input": {"name": "a"},
    }


def test_a_missing_value_has_no_input() -> None:
    assert add_missing(None, ("query", "q")) == [
        {"type": "missing", "loc": ("query", "q"), "msg": "Field required", "input": None}
    ]


def test_errors_are_kept_in_the_order_in_which_they_are_found() -> None:
    errors = add_missing(None, ("path", "a"))
    errors = add_errors(errors, error_of({"name": "a"}), ("query",))
    errors = add_missing(errors, ("header", "c"))
    assert [error["loc"] for error in errors] == [
        ("path", "a"),
        ("query", "sizes"),
        ("header", "c"),
    ]


def test_a_list_of_errors_is_not_changed_by_those_that_follow() -> None:
    first = add_missing(None, ("query", "a"))
    before = list(first)
    add_missing(first, ("query", "b"))
    add_errors(first, error_of({"name": "a"}), ("query",))
    add_found(first, add_missing(None, ("query", "c")))
    assert first == before


def test_what_is_found_elsewhere_is_added() -> None:
    first, found = add_missing(None, ("query", "a")), add_missing(None, ("query", "b"))
    assert add_found(None, found) == found
    assert add_found(first, found) == first + found


def test_nothing_found_changes_nothing() -> None:
    errors = add_missing(None, ("query", "a"))
    assert add_found(errors, []) is errors
    assert add_found(None, []) is None


def test_an_object_has_its_members() -> None:
    payload = {"a": 1}
    assert as_object(payload) is payload


@pytest.mark.parametrize("payload", [None, [], [1], "text", 1, True, b"{}", ABSENT])
def test_what_is_no_object_has_no_members(payload: Any) -> None:
    assert as_object(payload) == {}


@pytest.mark.parametrize("value", [None, False, 0, "", [], {}])
def test_no_value_is_mistaken_for_an_absent_one(value: Any) -> None:
    assert value is not ABSENT
    assert value != ABSENT
