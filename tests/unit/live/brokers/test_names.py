"""Names as engines take them."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from urllib.parse import unquote

import pytest
from hypothesis import given, strategies as st

from vivace.live.brokers.names import name_bytes, name_token, quoted_name

NAMES = st.text(min_size=1, max_size=128)


@given(name=NAMES)
def test_a_name_in_a_key_is_plain_and_its_own(name: str) -> None:
    quoted = quoted_name(name)
    assert re.fullmatch(r"[A-Za-z0-9_.~%-]+", quoted)
    assert unquote(quoted) == name


@given(name=NAMES)
def test_a_name_in_a_subject_is_one_token_and_its_own(name: str) -> None:
    token = name_token(name)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", token)
    assert urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode() == name


@pytest.mark.parametrize("name", ["", "a" * 513, "ü" * 257, "\udcff"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError):
        name_bytes(name)
