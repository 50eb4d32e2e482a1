from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, strategies as st

from vivace.files.names import LONGEST, safe_name

from .samples import fuzz


@pytest.mark.parametrize(
    "name", ["holiday.jpg", "Müller & Søn (2).pdf", "日本語.txt", "txt", "a", "archive.tar.gz"]
)
def test_a_safe_name_stays_as_it_is(name: str) -> None:
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\notes.txt", "notes.txt"),
        ("/", "file"),
        ("..", "file"),
        ("", "file"),
        (".bashrc", "bashrc"),
        ("notes.txt. .", "notes.txt"),
        ("a\x00b\r\nc\x7f.txt", "abc.txt"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("\ufeffzero\u200bwidth.txt", "zerowidth.txt"),
        ("\ud800.txt", "txt"),
        ('a<b>c:d"e|f?g*.txt', "a_b_c_d_e_f_g_.txt"),
        ("  many \t spaces .txt", "many spaces .txt"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("LPT¹", "_LPT¹"),
        ("CON .txt", "_CON .txt"),
        ("console.txt", "console.txt"),
        ("e\u0301.txt", "\u00e9.txt"),
    ],
)
def test_other_names_are_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_long_name_is_cut_and_keeps_its_extension() -> None:
    assert safe_name("a" * 300 + ".jpeg") == "a" * 250 + ".jpeg"
    assert safe_name("ü" * 200 + ".md") == "ü" * 126 + ".md"
    assert safe_name("a." + "b" * 300) == ("a." + "b" * 300)[:LONGEST]


@fuzz
@given(st.text(st.characters(categories=[*"LMNPSZ", "Cc", "Cf", "Cs", "Co", "Cn"]), max_size=400))
def test_any_name_becomes_safe(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe.encode()) <= LONGEST
    assert not set(safe) & set('/\\<>:"|?*')
    assert not {unicodedata.category(one) for one in safe} & {"Cc", "Cf", "Cs", "Co", "Cn"}
    assert safe[0] not in ". " and safe[-1] not in ". "
    assert unicodedata.is_normalized("NFC", safe)
    assert safe_name(safe) == safe
