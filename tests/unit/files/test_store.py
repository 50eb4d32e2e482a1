from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from vivace.files import DiskStore
from vivace.files.s3 import S3Store
from vivace.files.store import SigningStore, check_name

from .samples import fuzz


@pytest.mark.parametrize(
    "name",
    [
        *("", "abc", "..", "../abcd", "ab/cd", "ab\\cd", "abcd/..", ".abcd", "abcd."),
        *("abcd\0", "abcd.json\n", "a" * 200),
    ],
)
def test_a_name_that_could_lead_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name for a store"):
        check_name(name)


@fuzz
@given(st.text(min_size=4, max_size=30))
def test_a_name_that_is_taken_is_one_part_of_a_path(name: str) -> None:
    try:
        check_name(name)
    except ValueError:
        return
    assert name.isascii() and name.isprintable()
    assert not set(name) & set("/\\: %?#") and ".." not in name


def test_clients_can_fetch_from_some_stores() -> None:
    assert isinstance(S3Store("bucket", region="us-east-1"), SigningStore)
    assert not isinstance(DiskStore("folder"), SigningStore)
