from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from vivace.versioning import ByAccept, ByConsumer, ByHeader, ByQuery, Version, VersionError
from vivace.versioning.history import History
from vivace.versioning.selection import Named, Selection, check_one_version

HISTORY = History([Version("1"), Version("2"), Version("10")], {"stable": "2"}, None)
WAYS = [ByQuery(), ByQuery("api-version"), ByHeader("API-Version"), ByAccept()]


def named(query: bytes = b"", *headers: tuple[bytes, bytes]) -> list[str]:
    scope: dict[str, Any] = {"query_string": query, "headers": list(headers)}
    return [each.version.name for each in Selection(HISTORY, WAYS).named(scope)]


def test_versions_are_found_wherever_they_are_named() -> None:
    assert named() == []
    assert named(b"version=1&limit=2") == ["1"]
    assert named(b"api-version=2&version=10") == ["2", "10"]
    assert named(b"conversion=7&ver%73ion=1") == ["1"]
    assert named(b"", (b"api-version", b" 10 "), (b"host", b"2")) == ["10"]
    assert named(b"", (b"accept", b"application/json; version=2")) == ["2"]
    assert named(b"version=stable", (b"api-version", b"latest")) == ["2", "10"]


@pytest.mark.parametrize(
    ("query", "headers", "status", "detail"),
    [
        (b"version=3", [], 400, "no version '3', which the query parameter version asks for"),
        (b"version=", [], 400, "no version ''"),
        (b"version=" + b"1" * 90, [], 400, f"no version '{'1' * 40}...'"),
        (b"", [(b"api-version", b"1, 2")], 400, "no version '1, 2', which the header API-Version"),
        (b"", [(b"api-version", b"\xff")], 400, "no version"),
        (b"", [(b"accept", b"a/b;version=3")], 406, "no version '3', which the header Accept"),
    ],
)
def test_an_unknown_version_is_refused_with_the_known_ones(
    query: bytes, headers: list[tuple[bytes, bytes]], status: int, detail: str
) -> None:
    with pytest.raises(VersionError) as caught:
        named(query, *headers)
    assert caught.value.status_code == status
    assert detail in caught.value.detail
    assert "There are: 1, 2, 10." in caught.value.detail


def test_of_the_media_types_one_has_to_be_known_or_open() -> None:
    assert named(b"", (b"accept", b"a/b;version=3, a/b;version=1;q=0.5")) == ["1"]
    assert named(b"", (b"accept", b"a/b;version=3, */*;q=0.1")) == []
    assert named(b"", (b"accept", b"")) == []


def test_media_types_may_be_in_several_fields() -> None:
    preferred, other = (b"accept", b"a/b;version=1"), (b"accept", b"a/b;version=2;q=0.5")
    assert named(b"", preferred, other) == named(b"", other, preferred) == ["1"]
    assert named(b"", (b"accept", b"a/b;version=3"), other) == ["2"]


def test_caches_have_to_know_the_headers() -> None:
    consumer = ByConsumer(lambda connection: None, vary="Authorization")
    assert Selection(HISTORY, [*WAYS, consumer]).vary == "API-Version, Accept, Authorization"
    assert Selection(HISTORY, [ByQuery()]).vary == ""


def test_a_version_can_be_named_twice_and_two_cannot() -> None:
    first, second = Named(HISTORY.versions[0], "the path"), Named(HISTORY.versions[1], "the query")
    check_one_version([first, first])
    with pytest.raises(VersionError, match="asked for by the path, and version 2 by the query"):
        check_one_version([first, second])


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60))
def test_no_request_is_more_than_refused(query: bytes, header: bytes, accept: bytes) -> None:
    try:
        found = named(query, (b"api-version", header), (b"accept", accept))
    except VersionError as error:
        assert error.status_code in (400, 406)
    else:
        assert set(found) <= {"1", "2", "10"}
