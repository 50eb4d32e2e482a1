from __future__ import annotations

from typing import Any

import pytest

from vivace.versioning import ByAccept, ByConsumer, ByHeader, ByPath, ByQuery, Version
from vivace.versioning.catalog import Catalog

CONSUMER = ByConsumer(lambda connection: None, vary="Authorization")


def catalog(*ways: Any, default: str | None = None) -> Catalog:
    return Catalog([Version("1"), Version("2")], ways, default=default, aliases={})


@pytest.mark.parametrize(
    ("ways", "message"),
    [
        ([], "has to be a way"),
        ([ByPath(), ByPath("/{version}")], "one ByPath, and there are 2"),
        ([ByAccept(), ByAccept("v")], "one ByAccept"),
        ([CONSUMER, CONSUMER, ByQuery()], "one ByConsumer"),
        ([CONSUMER], "give a default"),
    ],
)
def test_ways_that_exclude_each_other_are_refused(ways: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        catalog(*ways)


def test_paths_without_a_version_have_one_where_it_can_come_from_elsewhere() -> None:
    assert not catalog(ByPath()).has_plain_paths
    assert catalog(ByPath(), default="1").has_plain_paths
    assert catalog(ByPath(), ByQuery()).has_plain_paths
    assert catalog(ByPath(), CONSUMER).has_plain_paths


def test_responses_have_the_headers_by_which_versions_are_told() -> None:
    found = catalog(ByQuery(), ByHeader("X-Version"), ByAccept())
    assert found.fields_of(found.history.versions[1]) == [
        (b"x-version", b"2"),
        (b"vary", b"X-Version, Accept"),
    ]
    assert found.query == "version"
    assert catalog(ByPath()).fields_of(Version("1")) == []
    assert catalog(ByPath()).query is None


def test_clients_are_told_where_they_can_name_a_version() -> None:
    assert catalog(ByQuery(), ByHeader(), CONSUMER).places == (
        "A version can be named by the query parameter version or the header API-Version."
    )
