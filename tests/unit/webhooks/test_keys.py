from __future__ import annotations

import base64

import pytest

from vivace.webhooks.keys import (
    check_secret,
    check_verifying,
    new_secret,
    public_key,
    read_public_key,
    verified_by,
    version_of,
)

#: As each process that collects the tests has to find it.
KEY = "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk="


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_YQ==",
        "YWFh" * 10,
        "whsec_!",
        "whsec_é" * 9,
        KEY.removeprefix("whsk_"),
        public_key(KEY),
    ],
)
def test_what_is_no_secret_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(ValueError, match="A secret of webhooks is whsec_") as caught:
        check_secret(secret)
    assert not secret or secret not in str(caught.value).replace("whsec_ and", "")


@pytest.mark.parametrize(
    "key",
    [
        "whsk_",
        "whsk_YQ==",
        "whsk_!",
        KEY + "AAAA",
        # The public key behind it is another one's.
        "whsk_" + base64.b64encode(base64.b64decode(KEY[5:]) + bytes(32)).decode(),
    ],
)
def test_what_is_no_private_key_is_refused_and_not_shown(key: str) -> None:
    for check in (check_secret, public_key):
        with pytest.raises(ValueError, match="A private key of webhooks is whsk_") as caught:
            check(key)
        assert key == "whsk_" or key not in str(caught.value)


def test_a_private_key_may_have_its_public_key_behind_it() -> None:
    public = public_key(KEY)
    both = base64.b64decode(KEY.removeprefix("whsk_")) + base64.b64decode(public[5:])
    assert public_key(check_secret("whsk_" + base64.b64encode(both).decode())) == public


@pytest.mark.parametrize("key", ["", "whpk_", "whpk_YQ==", KEY, public_key(KEY) + "AAAA"])
def test_what_is_no_public_key_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ValueError, match="A public key of webhooks is whpk_") as caught:
        read_public_key(key)
    assert key in ("", "whpk_") or key not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("", "the secret that the sender has given, whsec_"),
        ("whsec_YQ==", "the secret that the sender has given, whsec_"),
        ("whpk_YQ==", "A public key of webhooks is whpk_"),
        (KEY, "the key that the sender alone has"),
    ],
)
def test_what_nothing_can_be_verified_with_is_refused(wrong: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        check_verifying(wrong)
    assert not wrong or wrong not in str(caught.value)
    for right in (new_secret(), public_key(KEY)):
        assert check_verifying(right) == right


def test_signatures_of_other_versions_are_not_made() -> None:
    with pytest.raises(ValueError, match="'v1' and 'v1a', and not 'v2'"):
        new_secret("v2")  # type: ignore[arg-type]  # that is what is tried


def test_secrets_are_new_each_time() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(check_secret(secret) == secret for secret in {*made, new_secret("v1a")})


def test_what_a_receiver_is_given_is_no_private_key() -> None:
    secret = new_secret()
    assert (version_of(secret), verified_by(secret)) == ("v1", secret)
    assert (version_of(KEY), verified_by(KEY)) == ("v1a", public_key(KEY))
