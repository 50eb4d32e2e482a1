from __future__ import annotations

import hashlib
from base64 import b64encode

import pytest
from hypothesis import given, strategies as st

from vivace import Request
from vivace.files.digests import BodyDigests, digest_field
from vivace.files.errors import DigestMismatch, FileError

from .samples import fuzz


def request_with(*lines: tuple[str, bytes]) -> Request:
    headers = [(name.encode(), value) for name, value in lines]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers})


def field(algorithm: str, content: bytes) -> bytes:
    digest = hashlib.new(algorithm.replace("-", ""), content).digest()
    return f"{algorithm}=:{b64encode(digest).decode()}:".encode()


@pytest.mark.parametrize("name", ["content-digest", "repr-digest"])
@pytest.mark.parametrize("algorithm", ["sha-256", "sha-512"])
def test_a_digest_is_checked(name: str, algorithm: str) -> None:
    digests = BodyDigests(request_with((name, field(algorithm, b"hello"))))
    digests.update(b"hel")
    digests.update(b"lo")
    digests.check()
    digests.update(b"!")
    with pytest.raises(DigestMismatch) as refused:
        digests.check()
    assert refused.value.status_code == 400
    assert refused.value.detail[0]["loc"] == ["header", name]


def test_all_digests_have_to_be_right() -> None:
    lines = (
        ("content-digest", field("sha-256", b"a")),
        ("content-digest", field("sha-512", b"b")),
        ("repr-digest", field("sha-256", b"a")),
    )
    digests = BodyDigests(request_with(*lines))
    digests.update(b"a")
    with pytest.raises(DigestMismatch, match="sha-512"):
        digests.check()


def test_algorithms_that_are_not_known_are_passed_over() -> None:
    digests = BodyDigests(request_with(("content-digest", b"unixsum=:AAA=:, md5=:aGk=:")))
    digests.update(b"hello")
    digests.check()


@pytest.mark.parametrize(
    "value",
    [
        b"sha-256",
        b"sha-256=1",
        b"sha-256=:a:",
        b"sha-256=(:aGk=:)",
        b"X",
        b"\xff",
        b"sha-256=:aGk=:,",
    ],
)
def test_what_is_no_digest_is_refused(value: bytes) -> None:
    with pytest.raises(FileError) as refused:
        BodyDigests(request_with(("content-digest", value)))
    assert refused.value.status_code == 400
    assert refused.value.type == "digest_malformed"


@fuzz
@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda rest: b"sha-256=" + rest))
def test_any_value_is_understood_or_refused(value: bytes) -> None:
    try:
        digests = BodyDigests(request_with(("repr-digest", value)))
        digests.check()
    except FileError as refused:
        assert refused.status_code == 400


def test_the_digest_of_a_file_is_told() -> None:
    assert digest_field(hashlib.sha256(b"hello").hexdigest()).encode() == field("sha-256", b"hello")
