from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies as st

from vivace.files.dispositions import make_disposition, read_parameters
from vivace.files.names import safe_name

from .samples import fuzz


@pytest.mark.parametrize(
    ("value", "kind", "filename"),
    [
        (b'form-data; name="file"; filename="a.png"', "form-data", "a.png"),
        (b"ATTACHMENT; FileName=a.png", "attachment", "a.png"),
        (b"attachment; filename*=UTF-8''na%C3%AFve.txt", "attachment", "na\u00efve.txt"),
        (b"attachment; filename=x; filename*=UTF-8''y", "attachment", "y"),
        ('attachment; filename="\u00fc.txt"'.encode(), "attachment", "\u00fc.txt"),
        (b'attachment; filename="\xff.txt"', "attachment", "\ufffd.txt"),
        (b'form-data; filename="a%22b.txt"', "form-data", 'a"b.txt'),
        (b"attachment", "attachment", None),
        (b"", "", None),
        (b";;=;", "", None),
    ],
)
def test_the_name_of_a_file_is_read(value: bytes, kind: str, filename: str | None) -> None:
    found, parameters = read_parameters(value)
    assert found == kind
    assert parameters.get("filename") == filename


@fuzz
@given(st.binary(max_size=200))
def test_any_value_is_read(value: bytes) -> None:
    kind, parameters = read_parameters(value)
    assert isinstance(kind, str)
    safe_name(parameters.get("filename", ""))


def test_a_plain_name_is_written_once() -> None:
    assert make_disposition("a b.txt", "image/png") == 'attachment; filename="a b.txt"'


def test_any_other_name_is_written_for_old_clients_and_new_ones() -> None:
    assert make_disposition("\u20ac 5.txt", "image/png") == (
        "attachment; filename=\"_ 5.txt\"; filename*=UTF-8''%E2%82%AC%205.txt"
    )


@fuzz
@given(st.text(max_size=100).map(safe_name))
def test_a_name_comes_back_as_it_was_written(name: str) -> None:
    value = make_disposition(name, "image/png")
    assert re.fullmatch(r"[ -~]+", value)
    assert read_parameters(value.encode())[1]["filename"] == name


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("image/png", "inline"),
        ("video/mp4", "inline"),
        ("text/plain", "inline"),
        ("application/pdf", "inline"),
        ("application/zip", "attachment"),
        ("application/octet-stream", "attachment"),
        ("application/x-shockwave-flash", "attachment"),
    ],
)
def test_only_what_runs_nothing_is_shown(content_type: str, kind: str) -> None:
    assert make_disposition("a", content_type, inline=True).startswith(f"{kind};")
    assert make_disposition("a", content_type).startswith("attachment;")
