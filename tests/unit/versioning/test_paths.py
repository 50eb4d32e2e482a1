from __future__ import annotations

import pytest

from vivace.versioning.paths import PathTable, path_in_app

VALUES = {"v1": 1, "v2": 2, "latest": 2}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/v1", 1),
        ("/v1/", 1),
        ("/v2/items/v1", 2),
        ("/latest/items", 2),
        ("/v3/items", "3"),
        ("/v3", "3"),
        ("/v1.5/items", "1.5"),
        ("/v/items", None),
        ("/vehicles", None),
        ("/v1x", None),
        ("/items/v1", None),
        ("/", None),
        ("", None),
        ("//v1", None),
    ],
)
def test_the_first_segment_is_looked_up(path: str, found: int | str | None) -> None:
    assert PathTable("/v{version}", VALUES).find(path) == found


def test_it_may_stand_behind_others() -> None:
    table = PathTable("/shop/api/v{version}", VALUES)
    assert table.find("/shop/api/v2/items") == 2
    assert table.find("/shop/v2/items") is None
    assert table.find("/shop/api") is None
    assert table.replace("/shop/api/v1/items/v1", "v2") == "/shop/api/v2/items/v1"


def test_also_where_those_are_parameters() -> None:
    table = PathTable("/{tenant}/{number:int}/v{version}", VALUES)
    assert table.find("/acme/7/v2/items") == 2
    assert table.find("/acme/7/v3") == "3"
    assert table.find("/acme/seven/v2") is None
    assert table.replace("/acme/7/v1/x", "v2") == "/acme/7/v2/x"


def test_a_version_may_be_all_of_its_segment() -> None:
    table = PathTable("/{version}", {"2026-01-31": 1})
    assert table.find("/2026-01-31/items") == 1
    assert table.find("/2026-02-01/items") == "2026-02-01"
    assert table.find("/items") is None


def test_paths_are_those_within_the_app() -> None:
    assert path_in_app({"path": "/api/v1", "root_path": "/api"}) == "/v1"
    assert path_in_app({"path": "/apis/v1", "root_path": "/api"}) == "/apis/v1"
    assert path_in_app({"path": "/v1", "root_path": "/api"}) == "/v1"
    assert path_in_app({"path": "/v1"}) == "/v1"
