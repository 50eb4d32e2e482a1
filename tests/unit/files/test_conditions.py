from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from vivace import Request
from vivace.files import FileError, StoredFile
from vivace.files.conditions import MOST_RANGES, Range, is_unchanged, wanted_ranges

from .samples import fuzz

STORED = StoredFile(
    key="0" * 32,
    name="a.txt",
    size=1000,
    content_type="text/plain",
    sha256="ab" * 32,
    created_at=datetime(2026, 5, 17, 12, 30, 15, tzinfo=UTC),
)
TAG = f'"{STORED.sha256}"'
THEN = "Sun, 17 May 2026 12:30:15 GMT"
BEFORE = "Sun, 17 May 2026 12:30:14 GMT"
AFTER = "Sun, 17 May 2026 12:30:16 GMT"


def asking(method: str = "GET", **headers: str) -> Request:
    raw = [
        (name.replace("_", "-").encode(), value.encode("latin-1", "replace"))
        for name, value in headers.items()
    ]
    return Request({"type": "http", "method": method, "path": "/", "headers": raw})


@pytest.mark.parametrize(
    ("headers", "unchanged"),
    [
        ({}, False),
        ({"if_none_match": TAG}, True),
        ({"if_none_match": f"W/{TAG}"}, True),
        ({"if_none_match": f'"other", {TAG}'}, True),
        ({"if_none_match": "*"}, True),
        ({"if_none_match": '"other"'}, False),
        ({"if_modified_since": THEN}, True),
        ({"if_modified_since": AFTER}, True),
        ({"if_modified_since": BEFORE}, False),
        ({"if_modified_since": "yesterday"}, False),
        # The date does not count where there is a tag.
        ({"if_none_match": '"other"', "if_modified_since": AFTER}, False),
    ],
)
def test_a_client_that_has_the_file_is_not_sent_it(
    headers: dict[str, str], unchanged: bool
) -> None:
    assert is_unchanged(asking(**headers), STORED) is unchanged


@pytest.mark.parametrize(
    ("headers", "holds"),
    [
        ({"if_match": TAG}, True),
        ({"if_match": "*"}, True),
        ({"if_match": f'"other", {TAG}'}, True),
        ({"if_match": '"other"'}, False),
        # The comparison is a strong one (RFC 9110, section 13.1.1).
        ({"if_match": f"W/{TAG}"}, False),
        ({"if_unmodified_since": THEN}, True),
        ({"if_unmodified_since": BEFORE}, False),
        ({"if_unmodified_since": "yesterday"}, True),
        ({"if_match": TAG, "if_unmodified_since": BEFORE}, True),
    ],
)
def test_a_condition_that_does_not_hold_is_an_error(headers: dict[str, str], holds: bool) -> None:
    if holds:
        assert not is_unchanged(asking(**headers), STORED)
        return
    with pytest.raises(FileError) as refused:
        is_unchanged(asking(**headers), STORED)
    assert refused.value.status_code == 412
    assert refused.value.detail[0]["loc"] == ["header", next(iter(headers)).replace("_", "-")]


@pytest.mark.parametrize(
    ("field", "ranges"),
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=0-499", [(0, 500)]),
        ("bytes=500-", [(500, 1000)]),
        ("bytes=-500", [(500, 1000)]),
        ("bytes=-5000", [(0, 1000)]),
        ("bytes=999-5000", [(999, 1000)]),
        ("BYTES=0-0", [(0, 1)]),
        ("bytes=0-0,-1", [(0, 1), (999, 1000)]),
        ("bytes=0-1, 10-11,20-20", [(0, 2), (10, 12), (20, 21)]),
        ("bytes=0-1,5000-5001", [(0, 2)]),
        # Those that touch are one.
        ("bytes=0-9,10-19", [(0, 20)]),
        ("bytes=900-949,-100", [(900, 1000)]),
        # What may be passed over (RFC 9110, section 14.2).
        ("bytes=0-5,3-8", []),
        ("bytes=5-1", []),
        ("bytes=", []),
        ("bytes", []),
        ("bytes=a-b", []),
        ("bytes=\u0665-", []),
        ("bytes=+1-2", []),
        ("lines=0-1", []),
        ("", []),
    ],
)
def test_ranges_are_found(field: str, ranges: list[tuple[int, int]]) -> None:
    found = wanted_ranges(asking(range=field), STORED)
    assert found == [Range(*one) for one in ranges]


@pytest.mark.parametrize(
    "field", ["bytes=1000-", "bytes=5000-5001,6000-", "bytes=9" + "9" * 100 + "-"]
)
def test_ranges_behind_the_end_are_an_error(field: str) -> None:
    with pytest.raises(FileError) as refused:
        wanted_ranges(asking(range=field), STORED)
    assert refused.value.status_code == 416
    assert refused.value.headers == {"Content-Range": "bytes */1000"}


def test_very_many_ranges_are_passed_over() -> None:
    fields = [f"{start}-{start}" for start in range(0, 4 * MOST_RANGES, 2)]
    most = "bytes=" + ",".join(fields[:MOST_RANGES])
    assert len(wanted_ranges(asking(range=most), STORED)) == MOST_RANGES
    more = "bytes=" + ",".join(fields[: MOST_RANGES + 1])
    assert wanted_ranges(asking(range=more), STORED) == []


@pytest.mark.parametrize("field", ["bytes=0-", "bytes=-1", "bytes=0-0"])
def test_an_empty_file_has_no_ranges(field: str) -> None:
    empty = STORED.model_copy(update={"size": 0})
    with pytest.raises(FileError) as refused:
        wanted_ranges(asking(range=field), empty)
    assert refused.value.headers == {"Content-Range": "bytes */0"}


def test_only_get_has_ranges() -> None:
    assert wanted_ranges(asking("HEAD", range="bytes=0-0"), STORED) == []


@pytest.mark.parametrize(
    ("condition", "same"),
    [
        (TAG, True),
        (THEN, True),
        ('"other"', False),
        (f"W/{TAG}", False),
        (BEFORE, False),
        (AFTER, False),
        ("", False),
        ("yesterday", False),
    ],
)
def test_ranges_are_of_the_file_that_the_client_knows(condition: str, same: bool) -> None:
    found = wanted_ranges(asking(range="bytes=0-0", if_range=condition), STORED)
    assert found == ([Range(0, 1)] if same else [])


RANGES = st.lists(
    st.sampled_from(["bytes", "=", "-", ",", " ", "0", "5", "999", "1000", "99999999999999999999"])
    | st.text(max_size=3),
    max_size=14,
).map("".join)


@fuzz
@given(RANGES | RANGES.map("bytes={}".format), st.integers(0, 1000))
def test_any_range_is_found_passed_over_or_refused(field: str, size: int) -> None:
    stored = STORED.model_copy(update={"size": size})
    try:
        found = wanted_ranges(asking(range=field), stored)
    except FileError as refused:
        assert refused.status_code == 416
        return
    end = -1
    for start, stop in found:
        assert end < start < stop <= size
        end = stop


@fuzz
@given(
    st.dictionaries(
        st.sampled_from(
            ["if_match", "if_none_match", "if_modified_since", "if_unmodified_since", "if_range"]
        ),
        st.text(max_size=30) | st.sampled_from([TAG, f"W/{TAG}", THEN, '"', "W/", "*"]),
    )
)
def test_any_condition_holds_or_does_not(headers: dict[str, str]) -> None:
    request = asking(range="bytes=0-0", **headers)
    try:
        is_unchanged(request, STORED)
        wanted_ranges(request, STORED)
    except FileError as refused:
        assert refused.status_code == 412
