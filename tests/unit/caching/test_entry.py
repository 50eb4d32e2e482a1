"""For how long an answer may be given."""

from __future__ import annotations

import pytest

from vivace.answers import Answer
from vivace.caching.entry import Entry

ENTRY = Entry(Answer(200, ((b"etag", b'"1"'),), b"x\ny"), 1000.0, 60, stale_for=10, error_for=30)


def test_it_is_fresh_then_stale_then_for_errors_only_then_of_no_use() -> None:
    asked = [
        (ENTRY.is_fresh(now), ENTRY.may_be_stale(now), ENTRY.may_replace_error(now))
        for now in (1000, 1059, 1060, 1069, 1070, 1089, 1090)
    ]
    fresh, stale, for_errors = (True,) * 3, (False, True, True), (False, False, True)
    assert asked == [fresh, fresh, stale, stale, for_errors, for_errors, (False,) * 3]
    assert ENTRY.kept_for == 90


def test_a_clock_that_goes_back_makes_nothing_younger_than_new() -> None:
    assert ENTRY.age(900) == 0


def test_an_entry_comes_back_from_bytes() -> None:
    assert Entry.from_bytes(ENTRY.to_bytes()) == ENTRY


@pytest.mark.parametrize("times", [b"", b"1", b"[1]", b"[1, 2, 3, 4, 5]", b"[[], 1, 1, 1]", b"{}"])
def test_what_another_version_of_the_program_has_kept_is_none(times: bytes) -> None:
    with pytest.raises(ValueError):
        Entry.from_bytes(times + b"\n" + ENTRY.answer.to_bytes())
