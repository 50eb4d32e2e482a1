from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from vivace.files.errors import NoSuchFile
from vivace.files.records import check_key, make_key, now, record_name
from vivace.files.store import check_name

from .samples import fuzz


def test_keys_are_names_that_stores_take() -> None:
    key = make_key()
    assert check_key(key) == key
    assert check_name(key) == key
    assert check_name(record_name(key)) == f"{key}.json"
    assert make_key() != key


@pytest.mark.parametrize(
    "key", ["", "a" * 31, "a" * 33, "A" * 32, "a" * 32 + "\n", "../" + "a" * 29, "\u0661" * 32]
)
def test_what_is_no_key_is_no_file(key: str) -> None:
    with pytest.raises(NoSuchFile):
        check_key(key)


@fuzz
@given(st.text(max_size=60))
def test_no_other_text_is_a_key(text: str) -> None:
    with pytest.raises(NoSuchFile):
        check_key(f"{text}.")


def test_times_are_those_of_http() -> None:
    assert now().microsecond == 0
    assert now().tzinfo is not None
