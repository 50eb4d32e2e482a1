from __future__ import annotations

import time

import pytest

from vivace.vault import Vault

OLD = "o" * 32
PRESENT = "p" * 32


@pytest.mark.parametrize("secrets", ["", "s" * 31, [], [PRESENT, "short"]])
def test_secrets_have_a_least_length(secrets: str | list[str]) -> None:
    with pytest.raises(ValueError, match="at least 32 characters"):
        Vault(secrets)


def test_the_error_does_not_repeat_the_secret() -> None:
    with pytest.raises(ValueError, match="secret") as caught:
        Vault("hush-hush")
    assert "hush" not in str(caught.value)


def test_each_secret_and_purpose_has_its_own_key() -> None:
    vault = Vault([PRESENT, OLD])
    keys = [*vault.derive("sessions"), *vault.derive("totp")]
    assert len(set(keys)) == 4
    assert {len(key) for key in keys} == {32}


def test_a_key_is_the_same_each_time_and_the_present_one_comes_first() -> None:
    assert Vault([PRESENT, OLD]).derive("totp") == [
        *Vault(PRESENT).derive("totp"),
        *Vault(OLD).derive("totp"),
    ]


@pytest.mark.parametrize("text", ["", "text", "größer ✓", "x" * 10_000])
def test_what_was_encrypted_is_read(text: str) -> None:
    vault = Vault(PRESENT)
    encrypted = vault.encrypt(text, "totp")
    assert encrypted.isascii()
    assert not text or text not in encrypted
    assert vault.decrypt(encrypted, "totp") == text


def test_the_same_text_is_never_encrypted_alike() -> None:
    vault = Vault(PRESENT)
    assert vault.encrypt("text", "totp") != vault.encrypt("text", "totp")


def test_what_was_encrypted_for_another_purpose_is_not_read() -> None:
    vault = Vault(PRESENT)
    assert vault.decrypt(vault.encrypt("text", "totp"), "flow") is None


@pytest.mark.parametrize("text", ["", "nothing", "gAAAAA==", "✓", "\ud800"])
def test_what_was_not_encrypted_is_not_read(text: str) -> None:
    vault = Vault(PRESENT)
    assert vault.decrypt(text, "totp") is None
    assert vault.renewed(text, "totp") is None


def test_what_was_changed_is_not_read() -> None:
    vault = Vault(PRESENT)
    encrypted = vault.encrypt("text", "totp")
    middle = len(encrypted) // 2
    other = "A" if encrypted[middle] != "A" else "B"
    assert vault.decrypt(encrypted[:middle] + other + encrypted[middle + 1 :], "totp") is None


def test_what_was_encrypted_too_long_ago_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    vault = Vault(PRESENT)
    encrypted = vault.encrypt("text", "flow")
    later = time.time() + 100
    monkeypatch.setattr("cryptography.fernet.time.time", lambda: later)
    assert vault.decrypt(encrypted, "flow", within=60) is None
    assert vault.decrypt(encrypted, "flow", within=200) == "text"
    assert vault.decrypt(encrypted, "flow") == "text"


def test_an_older_secret_is_read_but_not_written() -> None:
    both = Vault([PRESENT, OLD])
    assert both.decrypt(Vault(OLD).encrypt("text", "totp"), "totp") == "text"
    written = both.encrypt("text", "totp")
    assert Vault(OLD).decrypt(written, "totp") is None
    assert Vault(PRESENT).decrypt(written, "totp") == "text"


def test_what_an_older_secret_encrypted_is_renewed() -> None:
    both = Vault([PRESENT, OLD])
    renewed = both.renewed(Vault(OLD).encrypt("text", "totp"), "totp")
    assert renewed is not None
    assert Vault(PRESENT).decrypt(renewed, "totp") == "text"
    assert both.renewed(renewed, "totp") == renewed
    assert both.renewed(renewed, "flow") is None
