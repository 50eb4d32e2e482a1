from __future__ import annotations

import pytest

from vivace.declare.form_limits import FormLimits, check_form_limits, merge_form_limits


def test_limits_are_copied() -> None:
    limits: FormLimits = {"max_files": 0, "max_fields": 1, "max_part_size": 2}
    checked = check_form_limits(limits)
    limits["max_fields"] = 9
    assert checked == {"max_files": 0, "max_fields": 1, "max_part_size": 2}


def test_none_stands_for_no_limits() -> None:
    assert check_form_limits(None) == {}


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ([], "form_limits"),
        ({"max_parts": 1}, "max_parts"),
        ({"max_files": -1}, "max_files"),
        ({"max_fields": False}, "max_fields"),
        ({"max_fields": None}, "max_fields"),
        ({"max_part_size": 1.5}, "max_part_size"),
        ({"max_part_size": "1"}, "max_part_size"),
    ],
)
def test_what_is_no_limit_is_named(limits: object, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        check_form_limits(limits)


def test_each_key_takes_its_innermost_value() -> None:
    outer: FormLimits = {"max_files": 1, "max_fields": 2}
    inner: FormLimits = {"max_fields": 0, "max_part_size": 3}
    assert merge_form_limits(outer, inner) == {"max_files": 1, "max_fields": 0, "max_part_size": 3}
    assert outer == {"max_files": 1, "max_fields": 2}
