"""Whose a request is."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from vivace.answers.functions import checked_owner, digest

parts = st.lists(st.text(max_size=5), max_size=4)


@given(parts, parts)
def test_digests_differ_where_the_parts_do(one: list[str], other: list[str]) -> None:
    assert (digest(*one) == digest(*other)) == (one == other)


def test_a_digest_takes_text_that_utf8_does_not_have() -> None:
    assert digest("\ud800") != digest("?")


def test_who_asks_is_told_apart_by_kind_and_value() -> None:
    uuid = UUID(int=7)
    owners = [checked_owner(one, len) for one in (7, "7", uuid, str(uuid))]
    assert len(set(owners)) == 4
    assert checked_owner(None, len) is None


@pytest.mark.parametrize("owner", [True, 1.5, b"ada", object()])
def test_what_identifies_nobody_is_an_error(owner: object) -> None:
    with pytest.raises(TypeError, match="neither str, int nor UUID"):
        checked_owner(owner, len)
