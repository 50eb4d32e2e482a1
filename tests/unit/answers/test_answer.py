"""Answers as values."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from vivace.answers.answer import Answer

fields = st.lists(st.tuples(st.binary(min_size=1, max_size=9), st.binary(max_size=9)), max_size=5)


@given(st.integers(200, 599), fields, st.binary(max_size=99))
def test_an_answer_comes_back_from_bytes(
    status: int, fields: list[tuple[bytes, bytes]], body: bytes
) -> None:
    answer = Answer(status, tuple(fields), body)
    assert Answer.from_bytes(answer.to_bytes()) == answer


@given(st.binary(max_size=30))
def test_other_bytes_are_no_answer(data: bytes) -> None:
    with pytest.raises(ValueError):
        Answer.from_bytes(data.replace(b"[", b""))


@pytest.mark.parametrize("head", [b"1", b"null", b"[1]", b"[1, 2]", b"[1, [1]]", b"[1, [[1, 2]]]"])
def test_what_another_version_of_the_program_has_kept_is_none(head: bytes) -> None:
    with pytest.raises(ValueError):
        Answer.from_bytes(head + b"\n")


def test_fields_of_a_connection_and_of_a_request_are_not_kept() -> None:
    answer = Answer(
        200, ((b"date", b"now"), (b"x-request-id", b"1"), (b"x-own", b"2"), (b"server", b"s")), b""
    )
    assert answer.kept().fields == ((b"x-own", b"2"),)


def test_fields_replace_those_of_their_name() -> None:
    answer = Answer(200, ((b"age", b"1"), (b"age", b"2"), (b"etag", b"e")), b"")
    assert answer.with_fields([(b"age", b"3")]).fields == ((b"etag", b"e"), (b"age", b"3"))
    assert answer.values(b"age") == [b"1", b"2"]


def test_the_size_counts_fields_and_content() -> None:
    small, large = Answer(200, (), b""), Answer(200, ((b"a" * 10, b"b" * 10),), b"c" * 100)
    assert large.size == small.size + 120
