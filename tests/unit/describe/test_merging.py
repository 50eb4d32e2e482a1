from __future__ import annotations

import copy
from typing import Any

import pytest

from vivace.describe.merging import copied, merge


@pytest.mark.parametrize(
    ("target", "extra", "merged"),
    [
        pytest.param({}, {"a": 1}, {"a": 1}, id="a new key"),
        pytest.param({"a": 1}, {}, {"a": 1}, id="nothing"),
        pytest.param({"a": 1}, {"a": 2}, {"a": 2}, id="a scalar is replaced"),
        pytest.param({"a": 1}, {"a": None}, {"a": None}, id="None is a value"),
        pytest.param({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}, id="by key"),
        pytest.param(
            {"a": {"b": {"c": 1, "d": 1}}},
            {"a": {"b": {"c": 2}}},
            {"a": {"b": {"c": 2, "d": 1}}},
            id="all the way down",
        ),
        pytest.param({"a": [1]}, {"a": [1, 2]}, {"a": [1, 1, 2]}, id="lists end to end"),
        pytest.param({"a": [1]}, {"a": []}, {"a": [1]}, id="an empty list"),
        pytest.param({"a": [1]}, {"a": {"b": 1}}, {"a": {"b": 1}}, id="a dictionary for a list"),
        pytest.param({"a": {"b": 1}}, {"a": [1]}, {"a": [1]}, id="a list for a dictionary"),
        pytest.param({"a": {"b": 1}}, {"a": "b"}, {"a": "b"}, id="a scalar for a dictionary"),
        pytest.param({200: "a"}, {"200": "b"}, {200: "a", "200": "b"}, id="keys of other types"),
    ],
)
def test_dictionaries_are_merged_by_key_and_lists_end_to_end(
    target: dict[Any, Any], extra: dict[Any, Any], merged: dict[Any, Any]
) -> None:
    before = copy.deepcopy(extra)
    merge(target, extra)
    assert target == merged
    assert extra == before


def test_new_keys_come_after_those_that_were_there() -> None:
    target = {"b": 1, "a": 1}
    merge(target, {"0": 1, "a": 2})
    assert list(target) == ["b", "a", "0"]


def test_what_is_merged_twice_is_not_changed_by_the_second_time() -> None:
    extra: dict[str, Any] = {"a": {"b": [1]}, "c": [{"d": 1}]}
    target: dict[str, Any] = {}
    merge(target, extra)
    merge(target, {"a": {"b": [2], "e": 1}, "c": [2]})
    assert target == {"a": {"b": [1, 2], "e": 1}, "c": [{"d": 1}, 2]}
    assert extra == {"a": {"b": [1]}, "c": [{"d": 1}]}


def test_a_list_that_goes_on_is_a_new_one() -> None:
    tags = ["shared"]
    target = {"tags": tags}
    merge(target, {"tags": ["more"]})
    assert target["tags"] == ["shared", "more"]
    assert tags == ["shared"]


@pytest.mark.parametrize("value", [{"a": [{"b": {}}]}, [[1], {"a": 1}], {}, []])
def test_a_copy_shares_no_dictionary_or_list(value: Any) -> None:
    def containers(item: Any) -> list[int]:
        inner = list(item.values()) if isinstance(item, dict) else item
        if not isinstance(inner, list):
            return []
        return [id(item), *(found for each in inner for found in containers(each))]

    made = copied(value)
    assert made == value
    assert not set(containers(made)) & set(containers(value))


@pytest.mark.parametrize("value", [1, "text", None, (1, [2])])
def test_anything_else_is_not_copied(value: Any) -> None:
    assert copied(value) is value
