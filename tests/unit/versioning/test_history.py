from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, strategies as st

from vivace.versioning import Version
from vivace.versioning.history import History, looks_like_version


def history(*names: str, default: str | None = None, **aliases: str) -> History:
    return History([Version(name) for name in names], aliases, default)


def test_numbers_are_in_numerical_order() -> None:
    names = ["0.9", "1", "1.2", "1.10", "2", "9", "10", "10.1", "100"]
    shuffled = random.Random(1).sample(names, len(names))
    assert [version.name for version in history(*shuffled).versions] == names


def test_dates_are_in_order_too() -> None:
    assert [v.name for v in history("2026-02-01", "2025-12-31").versions] == [
        "2025-12-31",
        "2026-02-01",
    ]


@given(st.lists(st.lists(st.integers(0, 20), min_size=1, max_size=3), min_size=2, max_size=2))
def test_versions_are_ordered_as_their_numbers_are(numbers: list[list[int]]) -> None:
    first, second = (Version(".".join(map(str, each))) for each in numbers)
    padded = [[*each, *[0] * (3 - len(each))] for each in numbers]
    assert (first.key < second.key) == (padded[0] < padded[1])
    assert (first.key == second.key) == (padded[0] == padded[1])


@pytest.mark.parametrize(
    "name",
    [
        *("", "v1", "1.", ".1", "1..2", "1-2", "-1", "1 ", "beta"),
        *("2026-13-01", "2026-1-1", "\u0661", "1" * 10),
    ],
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"neither numbers|month must be"):
        Version(name)


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        ([], {}, "There has to be a version"),
        (["1", "1.0"], {}, "'1' and '1.0' are one version"),
        (["1", "2026-01-01"], {}, "all numbers or all dates"),
        (["1"], {"default": "2"}, "default='2' is no version. There are: 1."),
        (["1"], {"stable": "2"}, "The alias 'stable' stands for '2'. There are: 1."),
        (["1"], {"2": "1"}, "has to be a word"),
    ],
)
def test_what_makes_no_sense_is_refused(
    names: list[str], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        history(*names, **options)


def test_versions_go_by_their_names_and_aliases() -> None:
    found = history("1", "2", "10", stable="2", default="stable")
    assert found.named["stable"] is found.named["2"] is found.default
    assert found.named["latest"].name == "10"
    assert found.newest.name == "10"
    assert [*found.aliases] == ["latest", "stable"]
    assert history("1", "2", latest="1").named["latest"].name == "1"


def test_a_range_has_its_first_version_and_not_the_one_at_its_end() -> None:
    found = history("1", "2", "9", "10")

    def names(since: str | None, until: str | None) -> list[str]:
        return [version.name for version in found.between(since, until)]

    assert names(None, None) == ["1", "2", "9", "10"]
    assert names("9", None) == ["9", "10"]
    assert names(None, "9") == ["1", "2"]
    assert names("2", "10") == ["2", "9"]
    for since, until, message in [
        ("3", None, "since '3' is no version. There are: 1, 2, 9, 10."),
        (None, "latest", "until 'latest' is no version"),
        ("2", "2", "No version is from 2 on and before 2"),
        (None, "1", "No version is from 1 on and before 1"),
    ]:
        with pytest.raises(ValueError, match=message):
            found.between(since, until)


def test_each_version_but_the_newest_has_a_next() -> None:
    found = history("1", "2", "10")
    following = [found.next_of(version) for version in found.versions]
    assert [str(each) for each in following] == ["2", "10", "None"]


def test_names_that_could_be_versions_are_told_from_others() -> None:
    assert all(looks_like_version(text) for text in ("1", "1.10", "2026-01-31", "9999-99-99"))
    assert not any(looks_like_version(text) for text in ("", "ehicles", "1a", "1.", "2026-1-1"))
