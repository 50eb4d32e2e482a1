from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st
from standardwebhooks import Webhook

from vivace.webhooks.keys import PRIVATE, new_secret, public_key
from vivace.webhooks.signing import InvalidSignature, Verifier, sign

ONE, TWO = new_secret(), new_secret()
NOW = datetime(2026, 1, 2, tzinfo=UTC)
BODY = '{"type":"a","data":"ä"}'


def verify(
    fields: dict[str, str], body: bytes = BODY.encode(), now: datetime = NOW, *secrets: str
) -> None:
    verifier = Verifier(list(secrets) or ONE, 300)
    verifier.verify(
        *(fields["webhook-id"], fields["webhook-timestamp"], fields["webhook-signature"]), body, now
    )


def test_the_library_of_the_standard_takes_what_is_signed() -> None:
    fields = sign([TWO, ONE], "msg_1", datetime.now(UTC), BODY)
    for secret in (ONE, TWO):
        assert Webhook(secret).verify(BODY, fields) == {"type": "a", "data": "ä"}


def test_the_vector_of_the_standard_is_taken() -> None:
    # As it stands in the README of the Python library.
    fields = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    at = datetime.fromtimestamp(1614265330, UTC)
    verify(fields, b'{"test": 2432232314}', at, secret)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(-299, 299))
def test_what_is_signed_is_taken_within_the_tolerance(body: str, seconds: int) -> None:
    fields = sign([ONE], "msg_1", NOW, body)
    verify(fields, body.encode(), NOW + timedelta(seconds=seconds))


def test_any_of_several_secrets_and_signatures_will_do() -> None:
    fields = sign([TWO], "msg_1", NOW, BODY)
    verify(fields, BODY.encode(), NOW, ONE, TWO)
    fields["webhook-signature"] = f"v1a,xyz nonsense {fields['webhook-signature']}"
    verify(fields, BODY.encode(), NOW, ONE, TWO)
    with pytest.raises(InvalidSignature):
        verify(fields, BODY.encode(), NOW, ONE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", "msg_2"),
        ("webhook-id", ""),
        ("webhook-id", "msg_1.1"),
        ("webhook-id", "m" * 256),
        ("webhook-timestamp", "1767312001"),
        ("webhook-timestamp", "1767312000.0"),
        ("webhook-timestamp", "nan"),
        ("webhook-timestamp", "-1"),
        ("webhook-timestamp", "1" * 400),
        ("webhook-timestamp", "١٧٦٧٣١٢٠٠٠"),
        ("webhook-signature", ""),
        ("webhook-signature", "v1"),
        ("webhook-signature", "v1,"),
        ("webhook-signature", "v1,ä"),
        ("webhook-signature", "v1,=" * 1000),
    ],
)
def test_what_is_not_as_it_was_signed_is_refused(name: str, value: str) -> None:
    fields = {**sign([ONE], "msg_1", NOW, BODY), name: value}
    with pytest.raises(InvalidSignature):
        verify(fields)


@pytest.mark.parametrize("body", [b"", b"\xff", BODY.encode() + b" "])
def test_another_body_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidSignature):
        verify(sign([ONE], "msg_1", NOW, BODY), body)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_what_is_too_old_or_ahead_is_refused(seconds: int) -> None:
    with pytest.raises(InvalidSignature):
        verify(sign([ONE], "msg_1", NOW, BODY), now=NOW + timedelta(seconds=seconds))


@given(
    *(st.text(), st.text(), st.text(), st.binary()),
)
def test_whatever_is_sent_is_refused_and_nothing_else(
    id: str, timestamp: str, signature: str, body: bytes
) -> None:
    with pytest.raises(InvalidSignature):
        Verifier(ONE, 300).verify(id, timestamp, signature, body, NOW)


@given(st.text(alphabet="0123456789v1,= abc", max_size=80))
def test_whatever_signature_is_sent_is_refused(signature: str) -> None:
    with pytest.raises(InvalidSignature):
        verify({**sign([ONE], "msg_1", NOW, BODY), "webhook-signature": signature})


def test_at_least_one_secret_is_needed() -> None:
    without: list[Any] = [[], None]
    for none in without:
        with pytest.raises(ValueError, match="At least one secret"):
            Verifier(none, 300)


# With Ed25519.

KEY, OTHER_KEY = new_secret("v1a"), new_secret("v1a")
PUBLIC_KEY, OTHER_PUBLIC_KEY = public_key(KEY), public_key(OTHER_KEY)


def test_a_private_key_signs_as_the_libraries_of_the_standard_do() -> None:
    # As it stands in the tests of the Go library.
    key = PRIVATE + "VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk="
    at = datetime.fromtimestamp(1614265330, UTC)
    fields = sign([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, '{"test": 2432232314}')
    assert fields["webhook-signature"] == (
        "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
    )
    verify(fields, b'{"test": 2432232314}', at, public_key(key))


def test_the_public_key_takes_what_the_private_one_has_signed_and_nothing_else() -> None:
    fields = sign([KEY], "msg_1", NOW, BODY)
    verify(fields, BODY.encode(), NOW, PUBLIC_KEY)
    verify(fields, BODY.encode(), NOW, ONE, OTHER_PUBLIC_KEY, PUBLIC_KEY)
    with pytest.raises(InvalidSignature):
        verify(fields, BODY.encode(), NOW, OTHER_PUBLIC_KEY)
    with pytest.raises(InvalidSignature):
        verify(fields, BODY.encode() + b" ", NOW, PUBLIC_KEY)
    for name, value in [("webhook-id", "msg_2"), ("webhook-timestamp", "1767312001")]:
        with pytest.raises(InvalidSignature):
            verify({**fields, name: value}, BODY.encode(), NOW, PUBLIC_KEY)


def test_while_a_secret_makes_way_for_a_key_either_will_do() -> None:
    fields = sign([KEY, ONE], "msg_1", NOW, BODY)
    kinds = [one.partition(",")[0] for one in fields["webhook-signature"].split(" ")]
    assert kinds == ["v1a", "v1"]
    verify(fields, BODY.encode(), NOW, ONE)
    verify(fields, BODY.encode(), NOW, PUBLIC_KEY)
    Webhook(ONE).verify(BODY, {**sign([KEY, ONE], "msg_1", datetime.now(UTC), BODY)})


def test_whoever_knows_the_public_key_cannot_sign_with_it() -> None:
    written = PUBLIC_KEY.removeprefix("whpk_")
    as_secret, as_key = f"whsec_{written}", f"whsk_{written}"
    for forged in (sign([as_secret], "msg_1", NOW, BODY), sign([as_key], "msg_1", NOW, BODY)):
        with pytest.raises(InvalidSignature):
            verify(forged, BODY.encode(), NOW, PUBLIC_KEY)
        forged["webhook-signature"] = forged["webhook-signature"].replace("v1,", "v1a,")
        with pytest.raises(InvalidSignature):
            verify(forged, BODY.encode(), NOW, PUBLIC_KEY)


@pytest.mark.parametrize(
    "signature",
    [
        "v1a",
        "v1a,",
        "v1a,ä",
        "v1a,AAAA",
        "v1a," + base64.b64encode(bytes(64)).decode(),
        "v1a,=" * 1000,
    ],
)
def test_what_is_no_signature_of_the_key_is_refused(signature: str) -> None:
    fields = {**sign([KEY], "msg_1", NOW, BODY), "webhook-signature": signature}
    with pytest.raises(InvalidSignature):
        verify(fields, BODY.encode(), NOW, PUBLIC_KEY)


def test_of_signatures_with_keys_few_are_looked_at() -> None:
    fields = sign([OTHER_KEY] * 4 + [KEY], "msg_1", NOW, BODY)
    verify(fields, BODY.encode(), NOW, PUBLIC_KEY)
    fields = sign([OTHER_KEY] * 5 + [KEY], "msg_1", NOW, BODY)
    with pytest.raises(InvalidSignature):
        verify(fields, BODY.encode(), NOW, PUBLIC_KEY)
