from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
import pytest
from hypothesis import given, strategies as st

from vivace.files.errors import BrokenBody
from vivace.files.multipart import FormReader, is_form

from .samples import fuzz

CONTENT_TYPE = "multipart/form-data; boundary=frontier"
FORM = (
    b"preamble\r\n"
    b"--frontier\r\n"
    b'Content-Disposition: form-data; name="title"\r\n\r\n'
    b"On bees\r\n"
    b"--frontier\r\n"
    b'content-disposition: form-data; name="file"; filename="b\xc3\xbc.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\n"
    b"one\r\n--front\r\ntwo\r\n"
    b"--frontier--\r\nepilogue"
).removeprefix(b"preamble\r\n")
PARTS = [("title", None, b"On bees"), ("file", "b\u00fc.txt", b"one\r\n--front\r\ntwo")]


async def chunks_of(body: bytes, sizes: list[int]) -> AsyncIterator[bytes]:
    for size in sizes:
        chunk, body = body[:size], body[size:]
        if chunk:
            yield chunk
    if body:
        yield body


def read(
    body: bytes, sizes: list[int], content_type: str = CONTENT_TYPE
) -> list[tuple[str, str | None, bytes]]:
    async def read_all() -> list[tuple[str, str | None, bytes]]:
        reader = FormReader(content_type, chunks_of(body, sizes))
        found = []
        async for part in reader.parts():
            content = b"".join([chunk async for chunk in reader.content()])
            found.append((part.name, part.filename, content))
        return found

    return anyio.run(read_all)


@fuzz
@given(st.lists(st.integers(1, 40), max_size=40))
def test_a_form_is_the_same_in_whatever_pieces_it_comes(sizes: list[int]) -> None:
    assert read(FORM, sizes) == PARTS


def test_what_of_a_part_is_not_read_is_passed_over() -> None:
    async def read_names() -> list[str]:
        reader = FormReader(CONTENT_TYPE, chunks_of(FORM, [1] * len(FORM)))
        return [part.name async for part in reader.parts()]

    assert anyio.run(read_names) == ["title", "file"]


@pytest.mark.parametrize("size", range(0, FORM.index(b"--frontier--") + 11, 7))
def test_a_form_that_ends_too_early_is_broken(size: int) -> None:
    with pytest.raises(BrokenBody):
        read(FORM[:size], [])


@pytest.mark.parametrize(
    "headers",
    [
        b"",
        b"Content-Type: text/plain",
        b"Content-Disposition: form-data",
        b'Content-Disposition: attachment; name="a"',
        b"no header",
        b"A: " + b"a" * 10_000,
        b"\r\n".join(b"A: a" for _ in range(100)),
    ],
)
def test_a_part_without_a_name_is_broken(headers: bytes) -> None:
    with pytest.raises(BrokenBody):
        read(b"--frontier\r\n" + headers + b"\r\n\r\nx\r\n--frontier--\r\n", [])


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        f"multipart/form-data; boundary={'a' * 300}",
    ],
)
def test_a_form_without_a_boundary_is_broken(content_type: str) -> None:
    with pytest.raises(BrokenBody) as refused:
        read(FORM, [], content_type)
    assert refused.value.detail[0]["loc"] == ["header", "content-type"]


@fuzz
@given(
    st.lists(
        st.sampled_from(
            [
                b"--frontier",
                b"--frontier--",
                b"\r\n",
                b"--",
                b"Content-Disposition: form-data; name=a",
                b"; filename=",
                b":",
                b"x",
            ]
        )
        | st.binary(max_size=5),
        max_size=12,
    ).map(b"".join)
)
def test_any_body_is_a_form_or_is_broken(body: bytes) -> None:
    try:
        read(body, [3, 5])
    except BrokenBody as refused:
        assert refused.status_code == 400


@fuzz
@given(st.text(max_size=50))
def test_any_boundary_is_one_or_is_refused(boundary: str) -> None:
    try:
        read(
            b"--" + boundary.encode("utf-8", "replace"),
            [],
            f"multipart/form-data; boundary={boundary}",
        )
    except BrokenBody as refused:
        assert refused.status_code == 400


def test_forms_are_known_by_their_type() -> None:
    assert is_form("Multipart/Form-Data ; boundary=a")
    assert not is_form("multipart/mixed")
    assert not is_form("")
