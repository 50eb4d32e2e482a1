"""Names and email addresses: what is accepted, and when two are the same."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from vivace.auth import NotAcceptable
from vivace.auth.accounts.names import checked_email, checked_name, folded, is_name


@pytest.mark.parametrize("name", ["ada", "ADA", " Ada\n", "\uff21\uff44\uff41", "Ad\u00aa"])
def test_names_are_the_same_in_any_case_and_width(name: str) -> None:
    assert checked_name(name) == "ada"


@given(st.text())
def test_folding_again_changes_nothing(name: str) -> None:
    assert folded(folded(name)) == folded(name)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="nothing"),
        pytest.param(" ", id="a space"),
        pytest.param("ada bob", id="a space within"),
        pytest.param("ada\0", id="a control character"),
        pytest.param("ada\u200b", id="a space without width"),
        pytest.param("ada\u202e", id="another direction"),
        pytest.param("ada\ufe0f", id="a variation that there is not"),
        pytest.param("ada\u3164", id="a letter that is not seen"),
        pytest.param("ada\ud800", id="half a character"),
        pytest.param("ada\ue000", id="private use"),
        pytest.param("a" * 255, id="too long"),
        pytest.param("\ufdfa" * 100, id="too long when folded"),
    ],
)
def test_other_names_are_refused(name: str) -> None:
    assert not is_name(folded(name))
    with pytest.raises(NotAcceptable) as raised:
        checked_name(name)
    assert raised.value.field == "name"


@pytest.mark.parametrize(
    "name", ["ada@example.com", "ада", "アダ", "ada_b-c.d+1", "अदा", "a" * 254]
)
def test_names_are_of_any_script(name: str) -> None:
    assert checked_name(name) == folded(name)


def test_an_address_is_kept_in_one_form() -> None:
    assert checked_email(" Ada@Example.COM ") == "ada@example.com"
    assert checked_email("ada@xn--e1afmkfd.xn--p1ai") == checked_email("ada@ПРИМЕР.рф")


def test_one_address_does_not_become_another() -> None:
    assert checked_email("straße@example.com") != checked_email("strasse@example.com")
    assert checked_email("\u212aim@example.com") != checked_email("\u0131m@example.com")


@pytest.mark.parametrize(
    "email",
    [
        *("", "ada", "ada@", "@example.com", "a b@example.com", "ada@localhost", "a@b\0.com"),
        *("ada@example.com\nBcc: bob@example.com", "ada@\ud800.com", "\ud800@example.com"),
        *("a" * 300 + "@example.com", "Ada <ada@example.com>"),
    ],
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(NotAcceptable) as raised:
        checked_email(email)
    assert raised.value.field == "email"
