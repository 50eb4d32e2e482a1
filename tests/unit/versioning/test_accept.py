from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from vivace.versioning import ByAccept
from vivace.versioning.accept import LONGEST_REMEMBERED, accept_reader

by_parameter = accept_reader(ByAccept())
by_type = accept_reader(ByAccept(media_type="application/vnd.shop.v{version}+json"))


@pytest.mark.parametrize(
    ("accept", "versions"),
    [
        ("application/json; version=2", ("2",)),
        ("application/json;VERSION=2", ("2",)),
        ('application/json; version="2"', ("2",)),
        ('application/json; note="a, b; version=9"; version=2', ("2",)),
        ("application/json;version=1;q=0.5, application/json;version=2", ("2", "1")),
        ("text/html, application/json;version=2;q=0.9", (None, "2")),
        ("application/json;version=1;q=0, application/json;version=2", ("2",)),
        ("application/json;version=1;q=nan", ("1",)),
        ("application/json;version=1;q=x", ("1",)),
        ("application/json;version*0*=1;version*=2", (None,)),
        ("*/*", (None,)),
        ("", ()),
    ],
)
def test_parameters_are_read_the_most_wanted_first(
    accept: str, versions: tuple[str | None, ...]
) -> None:
    assert by_parameter(accept) == versions


@pytest.mark.parametrize(
    ("accept", "versions"),
    [
        ("application/vnd.shop.v2+json", ("2",)),
        ("Application/Vnd.Shop.V2+JSON", ("2",)),
        ("application/vnd.shop.v+json", ("",)),
        ("application/vnd.shop.v2", (None,)),
        ("application/vnd.shop.v1.2+json;q=0.1, application/vnd.shop.v3+json", ("3", "1.2")),
        ("application/json; version=2", (None,)),
    ],
)
def test_so_are_types(accept: str, versions: tuple[str | None, ...]) -> None:
    assert by_type(accept) == versions


def test_long_headers_are_read_as_well() -> None:
    filler = ", ".join(["text/plain"] * LONGEST_REMEMBERED)
    assert by_parameter(f"application/json;version=2, {filler};q=0.1")[0] == "2"


@given(st.text(alphabet=st.characters(max_codepoint=255)) | st.text(alphabet='a/;=",*q.0v\\ '))
def test_no_header_is_more_than_one_that_names_no_version_or_some(accept: str) -> None:
    for reader in (by_parameter, by_type):
        assert all(version is None or isinstance(version, str) for version in reader(accept))
