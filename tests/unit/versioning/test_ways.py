from __future__ import annotations

from collections.abc import Callable

import pytest

from vivace.versioning import ByAccept, ByConsumer, ByHeader, ByPath, ByQuery, MemoryConsumers


@pytest.mark.parametrize(
    "make",
    [
        lambda: ByPath("v{version}"),
        lambda: ByPath("/v"),
        lambda: ByPath("/{version}/api"),
        lambda: ByPath("/{version}{version}"),
        lambda: ByPath("/{tenant}/v{version}"),
        lambda: ByHeader("API Version"),
        lambda: ByHeader(""),
        lambda: ByHeader("accept"),
        lambda: ByAccept("q"),
        lambda: ByAccept("a b"),
        lambda: ByAccept(media_type="application/json"),
        lambda: ByAccept(media_type="{version}"),
        lambda: ByAccept(media_type="application/a b{version}"),
        lambda: ByAccept(media_type="application/{version}+{version}"),
    ],
)
def test_what_cannot_name_a_version_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"By|media type"):
        make()


def test_errors_call_them_by_what_clients_know() -> None:
    ways = [ByPath(), ByQuery("v"), ByHeader("X-Version"), ByAccept()]
    assert [str(way) for way in ways] == [
        "the path",
        "the query parameter v",
        "the header X-Version",
        "the header Accept",
    ]


def test_json_has_the_type_in_which_it_is_asked_for() -> None:
    assert ByAccept().of("2") == "application/json; version=2"
    vendor = ByAccept(media_type="application/vnd.shop.v{version}+json")
    assert vendor.of("1.2") == "application/vnd.shop.v1.2+json"


def test_each_way_by_consumer_has_a_store_of_its_own() -> None:
    first, second = (ByConsumer(lambda connection: None, vary="Authorization") for _ in range(2))
    assert isinstance(first.store, MemoryConsumers)
    assert first.store is not second.store
