"""Which answers are kept, and for how long."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from vivace.answers import Answer
from vivace.caching.policy import Policy, check_tags, directives, filled

POLICY = Policy(60, vary=("Accept-Language",))


def lifetime(*fields: tuple[bytes, bytes], status: int = 200, owned: bool = False) -> float | None:
    return POLICY.lifetime(Answer(status, fields, b""), is_owned=owned)


def said(cache_control: bytes, *, owned: bool = False) -> float | None:
    return lifetime((b"cache-control", cache_control), owned=owned)


def test_whole_answers_of_success_are_kept() -> None:
    kept = [
        status for status in (200, 203, 204, 206, 301, 304, 404, 500) if lifetime(status=status)
    ]
    assert kept == [200, 203, 204]


def test_what_is_for_one_client_is_not_kept() -> None:
    assert lifetime((b"set-cookie", b"a=b")) is None
    assert said(b"no-store") is None
    assert said(b"max-age=5, No-Cache") is None
    assert said(b"private") is None
    assert said(b"private", owned=True) == 60
    assert said(b'private="x-a"') is None


def test_the_endpoint_may_say_another_time() -> None:
    assert said(b"public") == 60
    assert said(b"max-age=5") == 5
    assert said(b"max-age=5, s-maxage=7") == 7
    assert said(b'max-age="9"') == 9
    for useless in (b"max-age=0", b"max-age=x", b"max-age=-1", b"s-maxage, max-age=9", b"max-age="):
        assert said(useless) is None, useless


def test_what_varies_by_something_else_is_not_kept() -> None:
    assert lifetime((b"vary", b"Accept-Language")) == 60
    assert lifetime((b"vary", b"accept-language ,, ACCEPT-LANGUAGE")) == 60
    assert lifetime((b"vary", b"accept-language"), (b"vary", b"Origin")) is None
    assert lifetime((b"vary", b"*")) is None


@given(st.binary(max_size=60))
def test_any_cache_control_can_be_read(value: bytes) -> None:
    assert all(isinstance(name, str) for name in directives([value]))
    found = said(value)
    assert found is None or found > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seconds": 0}, "seconds=0 is no time"),
        ({"seconds": float("inf")}, "seconds=inf is no time"),
        ({"seconds": 1, "client_seconds": -1}, "client_seconds=-1"),
        ({"seconds": 1, "stale_if_error": float("nan")}, "stale_if_error=nan"),
        ({"seconds": 1, "vary": ("a b",)}, "vary='a b' is no name"),
        ({"seconds": 1, "vary": ("Cookie",)}, "Say by="),
        ({"seconds": 1, "shared": True, "by": len}, "contradict"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Policy(**options)


def test_a_string_is_no_list() -> None:
    with pytest.raises(TypeError, match="tags='books' is a string"):
        Policy(1, tags="books")  # type: ignore[arg-type]  # as it says


def test_tags_name_arguments() -> None:
    check_tags(["books", "book:{id}", "{book.author}"], ["id", "book"], "read")
    with pytest.raises(ValueError, match=r"'book:\{isbn\}' names \{isbn\}, and read has no such"):
        check_tags(["book:{isbn}"], ["id"], "read")
    with pytest.raises(ValueError, match="no such parameter"):
        check_tags(["{}"], ["id"], "read")
    assert filled(["books", "book:{id}"], {"id": 7}) == ["books", "book:7"]
