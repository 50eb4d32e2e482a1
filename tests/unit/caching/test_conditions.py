"""ETags and conditions."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from vivace.answers import Answer
from vivace.caching.conditions import is_not_modified, not_modified, with_etag
from vivace.datastructures import Headers

DATE = b"Sun, 06 Nov 1994 08:49:37 GMT"


def answer(*fields: tuple[bytes, bytes], body: bytes = b"x") -> Answer:
    return Answer(200, fields, body)


def known(answer: Answer, **fields: str) -> bool:
    return is_not_modified(answer, Headers({k.replace("_", "-"): v for k, v in fields.items()}))


def test_a_tag_is_strong_and_of_the_content() -> None:
    tags = [
        with_etag(one).values(b"etag")
        for one in (
            answer(),
            answer(body=b"y"),
            answer((b"content-type", b"a")),
            answer((b"content-encoding", b"gzip")),
        )
    ]
    assert len({tag for [tag] in tags}) == 4
    assert with_etag(answer((b"age", b"1"))).values(b"etag") == tags[0]
    assert tags[0][0].startswith(b'"')


def test_a_tag_of_the_endpoints_own_stays() -> None:
    assert with_etag(answer((b"etag", b'W/"1"'))).values(b"etag") == [b'W/"1"']


@pytest.mark.parametrize(
    ("field", "expected"),
    [('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("*", True), ('"b"', False), ("a", False),
     ('"a', False), ("", False), ('"b,"a', False)],
)  # fmt: skip
def test_if_none_match_compares_weakly(field: str, expected: bool) -> None:
    for tag in (b'"a"', b'W/"a"'):
        assert known(answer((b"etag", tag)), if_none_match=field) is expected


def test_the_date_counts_only_without_a_tag() -> None:
    dated = answer((b"etag", b'"a"'), (b"last-modified", DATE))
    assert known(dated, if_modified_since=DATE.decode())
    assert known(dated, if_modified_since="Mon, 07 Nov 1994 08:49:37 GMT")
    assert not known(dated, if_modified_since="Sat, 05 Nov 1994 08:49:37 GMT")
    assert not known(dated, if_modified_since=DATE.decode(), if_none_match='"b"')
    assert not known(answer(), if_modified_since=DATE.decode())


@given(st.text(st.characters(max_codepoint=255), max_size=40))
def test_any_condition_can_be_read(text: str) -> None:
    dated = answer((b"etag", b'"a"'), (b"last-modified", DATE))
    known(dated, if_modified_since=text)
    assert known(dated, if_none_match=text) in (True, False)


def test_a_304_has_no_content_and_says_nothing_of_it() -> None:
    full = answer((b"etag", b'"a"'), (b"content-type", b"a"), (b"cache-control", b"c"))
    assert not_modified(full) == Answer(304, ((b"etag", b'"a"'), (b"cache-control", b"c")), b"")
