from __future__ import annotations

import io
import tarfile
import zipfile

import pytest
from hypothesis import given, strategies as st

from vivace.files.content_types import HEAD, TypeLimit, detect
from vivace.files.errors import TypeNotAllowed

from .samples import GIF, JUNK, PDF, PNG, TEXT, fuzz


def make_zip() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        # With a time of its own, which is in the name of a test that all workers have to agree on.
        archive.writestr(zipfile.ZipInfo("a.txt"), "hello")
    return written.getvalue()


def make_tar() -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    return written.getvalue()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (PNG, "image/png"),
        (GIF, "image/gif"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\0\1", "image/jpeg"),
        (b"RIFF\x10\0\0\0WEBPVP8 " + bytes(20), "image/webp"),
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(20), "image/avif"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2mp41" + bytes(20), "video/mp4"),
        (PDF, "application/pdf"),
        (PDF + JUNK, "application/pdf"),
        (make_zip(), "application/zip"),
        (make_tar(), "application/x-tar"),
        (b"MZ\x90\0\3\0\0\0" + bytes(60), "application/x-msdownload"),
        (b"{\\rtf1 hello}", "application/rtf"),
        (JUNK, "application/octet-stream"),
        (bytes(100), "application/octet-stream"),
        (b"", "text/plain"),
        (TEXT, "text/plain"),
        (b"a,b\r\n1,2\r\n", "text/plain"),
        (b"BMW is a make of cars", "text/plain"),
        (b"MZ is no program", "text/plain"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "text/plain"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "text/plain"),
        (b"GIF89a/*<script>alert(1)</script>", "text/plain"),
        ("Grüße".encode("latin-1"), "application/octet-stream"),
    ],
)
def test_the_content_says_the_type(content: bytes, found: str) -> None:
    assert detect(content) == found


def test_a_text_may_be_cut_in_the_middle_of_a_character() -> None:
    assert detect(b"a" + "ü".encode() * HEAD) == "text/plain"


BEGINNINGS = st.sampled_from(
    [
        *(PNG, GIF, PDF, b"PK\3\4", b"\0\0\0\x18ftyp", b"RIFF", b"OggS", b"MZ", b"BM", b"ID3"),
        *(b"\x1a\x45\xdf\xa3", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x7fELF", b"\x1f\x8b"),
    ]
)


@fuzz
@given(st.binary(max_size=300) | st.builds(bytes.__add__, BEGINNINGS, st.binary(max_size=50)))
def test_any_content_has_a_type(content: bytes) -> None:
    assert "/" in detect(content)


def test_a_type_or_a_range_of_types_is_taken() -> None:
    limit = TypeLimit(["image/*", "Application/PDF"])
    assert limit.check(PNG, ("body",)) == "image/png"
    assert limit.check(PDF, ("body",)) == "application/pdf"
    with pytest.raises(TypeNotAllowed) as refused:
        limit.check(TEXT, ("body", "photo"))
    assert refused.value.status_code == 415
    assert refused.value.detail == [
        {
            "type": "type_not_allowed",
            "loc": ["body", "photo"],
            "msg": "The content is text/plain, and has to be image/* or application/pdf",
        }
    ]


def test_without_limits_any_type_is_taken() -> None:
    assert TypeLimit(None).check(JUNK, ("body",)) == "application/octet-stream"


@pytest.mark.parametrize(
    ("types", "message"),
    [
        (["image/jpg"], "Is 'image/jpeg' meant"),
        (["text/html"], "are all 'text/plain'"),
        (["sound/*"], "no content is known to be 'sound/\\*'"),
        ([], "takes nothing"),
        ("image/png", "has to be a list"),
    ],
)
def test_types_that_are_never_found_are_refused_at_start_up(types: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TypeLimit(types)
