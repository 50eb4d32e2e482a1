from __future__ import annotations

import functools
from datetime import date
from typing import Any, assert_type

import pytest

from vivace.exceptions import VivaceError
from vivace.versioning import Deprecation, deprecated, since, until
from vivace.versioning.marks import NO_MARKS, Marks, describe, marks_of

DAY = date(2026, 1, 1)


@since("2")
@until("3")
@deprecated(since=DAY, info="/info")
async def marked(number: int) -> str:
    return str(number)


def test_marks_are_read_from_the_function() -> None:
    assert marks_of(marked) == Marks("2", "3", Deprecation(since=DAY, info="/info"))
    assert marks_of(describe) is NO_MARKS
    assert marks_of(None) is NO_MARKS


def test_what_wraps_a_function_has_its_marks() -> None:
    @functools.wraps(marked)
    async def wrapper(*args: Any) -> str:
        return await marked(*args)

    assert marks_of(wrapper) == marks_of(marked)


def test_methods_have_the_marks_of_their_functions() -> None:
    class Reader:
        @since("4")
        def read(self) -> int:
            return 1

    assert marks_of(Reader().read).since == "4"


def test_the_same_mark_twice_is_a_mistake() -> None:
    with pytest.raises(VivaceError, match=r"test_marks\.marked is marked with `since` twice"):
        since("4")(marked)


def test_what_cannot_be_marked_is_named() -> None:
    with pytest.raises(VivaceError, match="cannot be marked"):
        since("1")("text".upper)


@pytest.mark.anyio
async def test_decorators_leave_types_as_they_are() -> None:
    assert assert_type(await marked(1), str) == "1"
    await marked("1")  # type: ignore[arg-type]  # as it says
