from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st
from standardwebhooks import Webhook

from vivace.webhooks.signing import InvalidSignature, Verifier, check_secret, new_secret, sign

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


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_YQ==", "YWFh" * 10, "whsec_!", "whsec_é" * 9]
)
def test_what_is_no_secret_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(ValueError, match="A secret of webhooks is whsec_") as caught:
        check_secret(secret)
    assert not secret or secret not in str(caught.value).replace("whsec_ and", "")


def test_secrets_are_new_each_time() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(check_secret(secret) == secret for secret in made)


def test_at_least_one_secret_is_needed() -> None:
    with pytest.raises(ValueError, match="At least one secret"):
        Verifier([], 300)
