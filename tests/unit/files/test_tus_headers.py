from __future__ import annotations

import hashlib
from base64 import b64encode

import pytest
from hypothesis import given, strategies as st

from vivace import Request
from vivace.files.tus_headers import (
    MalformedHeader,
    read_checksum,
    read_metadata,
    read_number,
)

from .samples import fuzz


def request_with(name: str, value: str) -> Request:
    headers = [(name.encode(), value.encode("latin-1", "replace"))]
    return Request({"type": "http", "method": "PATCH", "path": "/", "headers": headers})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        (" ", {}),
        ("filename YS50eHQ=", {"filename": "a.txt"}),
        ("filename YS50eHQ=,is_secret", {"filename": "a.txt", "is_secret": ""}),
        ("a , b w7w=", {"a": "", "b": "\u00fc"}),
        ("a /w==", {"a": "\ufffd"}),
    ],
)
def test_metadata_is_read(text: str, found: dict[str, str]) -> None:
    assert read_metadata(text) == found


@pytest.mark.parametrize(
    "text", [",", "a YQ==,", "a YQ==,a YQ==", "a YQ", "a b c", "\u00fc YQ==", "\x85"]
)
def test_what_is_no_metadata_is_refused(text: str) -> None:
    with pytest.raises(MalformedHeader) as refused:
        read_metadata(text)
    assert refused.value.status_code == 400
    assert refused.value.detail[0]["loc"] == ["header", "upload-metadata"]


PAIRS = st.sampled_from([",", " ", "YQ==", "a", "=", "filename", "\t"]) | st.text(max_size=5)


@fuzz
@given(st.lists(PAIRS, max_size=10).map("".join))
def test_any_metadata_is_read_or_refused(text: str) -> None:
    try:
        found = read_metadata(text)
    except MalformedHeader:
        return
    # What is read can be sent back as it is.
    assert text.isascii()
    assert all(name for name in found)


@fuzz
@given(
    st.dictionaries(
        st.text(st.characters(categories=["L", "N"], max_codepoint=127), min_size=1), st.text()
    )
)
def test_metadata_comes_back_as_it_was_written(values: dict[str, str]) -> None:
    encodable = {name: value.encode("utf-8", "replace") for name, value in values.items()}
    text = ",".join(f"{name} {b64encode(value).decode()}" for name, value in encodable.items())
    assert read_metadata(text) == {name: value.decode() for name, value in encodable.items()}


def test_a_number_is_read() -> None:
    assert read_number(request_with("upload-offset", "0"), "upload-offset") == 0
    assert read_number(request_with("upload-length", "9" * 19), "upload-length") == 10**19 - 1


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1.5", "0x1", "1_0", "\u00b2", "9" * 20, "9" * 9999]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(MalformedHeader) as refused:
        read_number(request_with("upload-offset", text), "upload-offset")
    assert refused.value.detail[0]["loc"] == ["header", "upload-offset"]


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
def test_a_checksum_is_read(algorithm: str) -> None:
    digest = hashlib.new(algorithm, b"hello").digest()
    text = f"{algorithm} {b64encode(digest).decode()}"
    found = read_checksum(request_with("upload-checksum", text))
    assert found is not None
    counting = found.start()
    counting.update(b"hello")
    assert counting.digest() == found.digest == digest


def test_no_checksum_is_needed() -> None:
    assert read_checksum(request_with("upload-offset", "0")) is None


@pytest.mark.parametrize("text", ["", "sha1", "sha1 a", "md5 aGk=", "SHA1 aGk=", "sha1 \u00fc"])
def test_what_is_no_checksum_is_refused(text: str) -> None:
    if text == "sha1":
        # An empty checksum is one, which no content has.
        assert read_checksum(request_with("upload-checksum", text)) is not None
        return
    with pytest.raises(MalformedHeader):
        read_checksum(request_with("upload-checksum", text))
