from __future__ import annotations

from typing import Any, cast

from vivace.declare.defaults import Default, DefaultPlaceholder, value_or_default


def test_a_placeholder_is_as_true_as_its_value() -> None:
    assert Default("a")
    assert not Default("")


def test_placeholders_of_equal_values_are_equal() -> None:
    assert Default([1]) == Default([1])
    assert Default(1) != Default(2)
    assert Default(1) != 1
    assert cast(DefaultPlaceholder, Default("a")).value == "a"


def test_the_first_choice_wins_and_none_is_a_choice() -> None:
    assert value_or_default(Default(1), None, 2) is None
    assert value_or_default(0, Default(1), 2) == 0


def test_the_first_placeholder_stands_where_nothing_was_chosen() -> None:
    first: Any = Default(1)
    assert value_or_default(first, Default(2)) is first
