from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from vivace.tasks.options import Backoff, TaskOptions, check_name


@given(st.integers(1, 5000), st.floats(0, 1))
def test_a_wait_is_never_longer_than_the_longest(attempt: int, jitter: float) -> None:
    backoff = Backoff(first=0.5, factor=3, longest=60, jitter=jitter)
    assert 60 * (1 - jitter) * 0 <= backoff.delay(attempt) <= 60


def test_waits_get_longer_by_the_factor() -> None:
    backoff = Backoff(first=2, factor=3, longest=50, jitter=0)
    assert [backoff.delay(attempt) for attempt in (1, 2, 3, 4)] == [2, 6, 18, 50]


@pytest.mark.parametrize(
    "wrong", [{"first": -1}, {"factor": 0.5}, {"longest": -1}, {"jitter": 1.1}]
)
def test_a_back_off_that_makes_no_sense_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="makes no sense"):
        Backoff(**wrong)


@pytest.mark.parametrize("wrong", [{"queue": "a b"}, {"retries": -1}, {"timeout": 0}])
def test_options_that_make_no_sense_are_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        TaskOptions(**wrong)


def test_what_is_no_class_of_exceptions_is_refused() -> None:
    with pytest.raises(TypeError, match="no class of exceptions"):
        TaskOptions(retry_on=("ValueError",))  # type: ignore[arg-type]  # as it says


def test_exceptions_are_sorted_by_their_classes() -> None:
    options = TaskOptions(retry_on=(LookupError,), no_retry=(KeyError,))
    assert options.retries_after(IndexError())
    assert not options.retries_after(KeyError())
    assert not options.retries_after(ValueError())


@pytest.mark.parametrize("name", ["", "a.b", "a*", "ä", "a" * 65])
def test_names_are_of_what_every_engine_takes(name: str) -> None:
    with pytest.raises(ValueError, match="is no name"):
        check_name("queue", name)
