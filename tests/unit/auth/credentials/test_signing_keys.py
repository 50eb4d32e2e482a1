from __future__ import annotations

import hmac
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings, strategies as st
from jwt.exceptions import InvalidJTIError, InvalidSubjectError

from vivace.auth import Keys, SigningKey
from vivace.auth.credentials.signing_keys import LONGEST_TOKEN, REQUIRED

SECRET = "a secret of the tests that is long enough"
HERE: dict[str, Any] = {"issuer": "vivace", "audience": "shop"}


def private_pem(key: Any, encryption: KeySerializationEncryption | None = None) -> bytes:
    pem: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
    return pem


def public_pem(key: Any) -> bytes:
    pem: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def ed_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def hs256() -> SigningKey:
    return SigningKey.hs256(SECRET)


def rs256() -> SigningKey:
    return SigningKey.rs256(private_pem(rsa_key()))


def eddsa() -> SigningKey:
    return SigningKey.eddsa(private_pem(ed_key()))


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    made = {"iss": "vivace", "aud": "shop", "sub": "ada", "jti": "1", "iat": now, "nbf": now}
    made = {**made, "exp": now + 60, **changes}
    return {name: value for name, value in made.items() if value is not None}


def segment(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def forge(header: dict[str, Any], payload: dict[str, Any], secret: bytes | None = None) -> str:
    """A token as an attacker writes it: with any header, signed with HMAC or not at all."""
    signed = f"{segment(header)}.{segment(payload)}"
    signature = b"" if secret is None else hmac.digest(secret, signed.encode(), "sha256")
    return f"{signed}.{segment(signature)}"


def header_of(token: str) -> dict[str, Any]:
    header: dict[str, Any] = jwt.get_unverified_header(token)
    return header


@pytest.mark.parametrize("make", [hs256, rs256, eddsa])
def test_what_a_key_signs_it_verifies(make: Any) -> None:
    key = make()
    token = Keys(key).encode(claims(scope="books"))
    assert header_of(token) == {"alg": key.algorithm, "typ": "at+jwt", "kid": key.id}
    assert Keys(make()).decode(token, **HERE)["scope"] == "books"


@pytest.mark.parametrize(
    ("make", "of_public", "key"),
    [
        (rs256, SigningKey.rs256, rsa_key),
        (eddsa, SigningKey.eddsa, ed_key),
    ],
)
def test_a_public_key_verifies_and_does_not_sign(make: Any, of_public: Any, key: Any) -> None:
    public = of_public(public_pem(key()))
    assert make().can_sign and not public.can_sign
    assert public.id == make().id
    token = Keys(make()).encode(claims())
    assert Keys(hs256(), public).decode(token, **HERE)["sub"] == "ada"
    with pytest.raises(ValueError, match="cannot sign"):
        public.sign(claims(), "at+jwt")
    with pytest.raises(ValueError, match="cannot sign"):
        Keys(public)


def test_keys_are_rotated_without_turning_anybody_away() -> None:
    old, new = hs256(), eddsa()
    token = Keys(old).encode(claims())
    assert Keys(new, old).decode(token, **HERE)["sub"] == "ada"
    assert header_of(Keys(new, old).encode(claims()))["kid"] == new.id
    with pytest.raises(jwt.InvalidTokenError):
        Keys(new).decode(token, **HERE)


def test_there_has_to_be_a_key_and_each_needs_an_id_of_its_own() -> None:
    with pytest.raises(ValueError, match="There has to be a key"):
        Keys()
    with pytest.raises(ValueError, match="same id"):
        Keys(SigningKey.hs256(SECRET, "1"), SigningKey.hs256(SECRET + "2", "1"))


@pytest.mark.parametrize("secret", ["short", b"31 bytes are one byte too few .", ""])
def test_a_short_secret_is_refused(secret: bytes | str) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SigningKey.hs256(secret)


def test_a_public_key_is_no_secret() -> None:
    with pytest.raises(ValueError, match="no secret"):
        SigningKey.hs256(public_pem(rsa_key()))


def test_a_small_rsa_key_is_refused() -> None:
    with pytest.raises(ValueError, match="2048 bits"):
        SigningKey.rs256(private_pem(rsa_key(1024)))


@pytest.mark.parametrize(
    ("make", "pem"),
    [
        (SigningKey.rs256, private_pem(ed_key())),
        (SigningKey.rs256, private_pem(ec.generate_private_key(ec.SECP256R1()))),
        (SigningKey.eddsa, private_pem(ed448.Ed448PrivateKey.generate())),
        (SigningKey.eddsa, public_pem(rsa_key())),
        (SigningKey.eddsa, "nothing of the kind"),
        (SigningKey.rs256, b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----"),
    ],
    # The keys are others in every process, and their names must not be.
    ids=["ed25519", "elliptic curve", "ed448", "public", "no key", "broken"],
)
def test_a_key_of_another_kind_is_refused(make: Any, pem: bytes | str) -> None:
    with pytest.raises(ValueError, match="This is no"):
        make(pem)


def test_a_private_key_may_be_encrypted() -> None:
    pem = private_pem(ed_key(), BestAvailableEncryption(b"open sesame"))
    assert SigningKey.eddsa(pem, password="open sesame").can_sign
    for password in (None, "wrong"):
        with pytest.raises(ValueError, match="password") as refused:
            SigningKey.eddsa(pem, password=password)
        assert "sesame" not in str(refused.value)


def test_a_key_does_not_show_itself() -> None:
    assert "secret" not in repr(hs256())
    assert "object" not in repr(rs256())
    assert "secret" not in repr(Keys(hs256()).jwks())


def test_the_id_of_a_secret_is_the_same_everywhere_and_differs_from_others() -> None:
    assert hs256().id == hs256().id != SigningKey.hs256(SECRET + ".").id
    assert SigningKey.hs256(SECRET, "mine").id == "mine"


def test_a_key_has_the_thumbprint_of_rfc_8037_for_an_id() -> None:
    # Appendix A.1 to A.3.
    secret = urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    pem = private_pem(ed25519.Ed25519PrivateKey.from_private_bytes(secret))
    assert SigningKey.eddsa(pem).id == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_a_key_has_the_thumbprint_of_rfc_7638_for_an_id() -> None:
    # Section 3.1.
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_B"
        "JECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_F"
        "DW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4"
        "vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw=="
    )
    numbers = rsa.RSAPublicNumbers(65537, int.from_bytes(urlsafe_b64decode(modulus)))
    pem = numbers.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert SigningKey.rs256(pem).id == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_the_public_keys_are_all_that_others_need_and_nothing_more() -> None:
    keys = Keys(rs256(), eddsa(), hs256())
    jwks = keys.jwks()
    assert [key["alg"] for key in jwks["keys"]] == ["RS256", "EdDSA"]
    assert set(jwks["keys"][0]) == {"kty", "n", "e", "kid", "use", "alg"}
    assert set(jwks["keys"][1]) == {"kty", "crv", "x", "kid", "use", "alg"}
    token = keys.encode(claims())
    public = jwt.PyJWKSet.from_dict(jwks)[header_of(token)["kid"]]
    assert jwt.decode(token, public, audience="shop")["sub"] == "ada"
    assert Keys(hs256()).jwks() == {"keys": []}


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, 0, ["HS256"], {"a": 1}])
def test_a_token_without_a_signature_is_refused(algorithm: Any) -> None:
    key = hs256()
    token = forge({"alg": algorithm, "typ": "at+jwt", "kid": key.id}, claims())
    with pytest.raises(jwt.InvalidTokenError):
        Keys(key).decode(token, **HERE)


@pytest.mark.parametrize(("make", "key"), [(rs256, rsa_key), (eddsa, ed_key)])
@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "EdDSA"])
def test_a_public_key_is_not_taken_for_a_secret(make: Any, key: Any, algorithm: str) -> None:
    signing = make()
    header = {"alg": algorithm, "typ": "at+jwt", "kid": signing.id}
    public = key().public_key()
    encodings = [
        public_pem(key()),
        public_pem(key()).strip(),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    ]
    for secret in encodings:
        with pytest.raises(jwt.InvalidTokenError):
            Keys(signing, hs256()).decode(forge(header, claims(), secret), **HERE)


def test_the_id_of_a_key_with_another_algorithm_does_not_help() -> None:
    keys = Keys(hs256(), rs256(), eddsa())
    by_secret = forge(
        {"alg": "HS256", "typ": "at+jwt", "kid": rs256().id}, claims(), SECRET.encode()
    )
    by_ed = jwt.encode(claims(), ed_key(), "EdDSA", headers={"typ": "at+jwt", "kid": rs256().id})
    by_rsa = jwt.encode(claims(), rsa_key(), "PS256", headers={"typ": "at+jwt", "kid": rs256().id})
    by_sha512 = jwt.encode(
        claims(), SECRET * 2, "HS512", headers={"typ": "at+jwt", "kid": hs256().id}
    )
    for token in (by_secret, by_ed, by_rsa, by_sha512):
        with pytest.raises(jwt.InvalidTokenError):
            keys.decode(token, **HERE)


@pytest.mark.parametrize("id", ["unknown", "", None, 1, ["x"], "../../dev/null", "' OR 1=1 --"])
def test_a_token_of_an_unknown_key_is_refused(id: Any) -> None:
    header = {"alg": "HS256", "typ": "at+jwt", "kid": id}
    with pytest.raises(jwt.InvalidTokenError):
        Keys(hs256()).decode(forge(header, claims(), SECRET.encode()), **HERE)


@pytest.mark.parametrize(
    "more",
    [
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"crit": []},
        {"crit": "b64"},
    ],
)
def test_extensions_that_nobody_understands_are_refused(more: dict[str, Any]) -> None:
    header = {"alg": "HS256", "typ": "at+jwt", "kid": hs256().id, **more}
    with pytest.raises(jwt.InvalidTokenError):
        Keys(hs256()).decode(forge(header, claims(), SECRET.encode()), **HERE)


def test_a_key_that_a_token_brings_along_counts_for_nothing() -> None:
    theirs = ed25519.Ed25519PrivateKey.generate()
    jwk = jwt.algorithms.OKPAlgorithm.to_jwk(theirs.public_key(), as_dict=True)
    headers = {"typ": "at+jwt", "kid": eddsa().id, "jwk": jwk, "jku": "http://127.0.0.1:9/jwks"}
    token = jwt.encode(claims(), theirs, "EdDSA", headers=headers)
    with pytest.raises(jwt.InvalidSignatureError):
        Keys(eddsa()).decode(token, **HERE)


@pytest.mark.parametrize("make", [hs256, rs256, eddsa])
def test_a_token_that_was_tampered_with_is_refused(make: Any) -> None:
    keys = Keys(make())
    header, payload, signature = keys.encode(claims()).split(".")
    _, other, other_signature = keys.encode(claims(sub="bob")).split(".")
    for token in (
        f"{header}.{other}.{signature}",
        f"{header}.{payload}.{other_signature}",
        f"{header}.{payload}.",
        f"{header}.{payload}",
        f"{header}.{payload}.{signature[:-4]}",
        f"{header}.{payload}.{signature}.{signature}",
        f"{header}..{signature}",
    ):
        with pytest.raises(jwt.InvalidTokenError):
            keys.decode(token, **HERE)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"iss": "another"}, jwt.InvalidIssuerError),
        ({"iss": ["vivace"]}, jwt.InvalidIssuerError),
        ({"aud": "bank"}, jwt.InvalidAudienceError),
        ({"aud": ["bank", "mill"]}, jwt.InvalidAudienceError),
        ({"aud": {"shop": 1}}, jwt.InvalidAudienceError),
        ({"aud": "sho"}, jwt.InvalidAudienceError),
        ({"exp": int(time.time()) - 1}, jwt.ExpiredSignatureError),
        ({"exp": "soon"}, jwt.DecodeError),
        ({"exp": float("inf")}, jwt.DecodeError),
        ({"exp": float("nan")}, jwt.DecodeError),
        ({"nbf": int(time.time()) + 600}, jwt.ImmatureSignatureError),
        ({"nbf": [1]}, jwt.DecodeError),
        ({"iat": int(time.time()) + 600}, jwt.ImmatureSignatureError),
        ({"iat": {}}, jwt.InvalidIssuedAtError),
        ({"sub": 7}, InvalidSubjectError),
        ({"jti": 7}, InvalidJTIError),
    ],
)
def test_claims_that_do_not_hold_here_and_now_are_refused(
    changes: dict[str, Any], error: type[Exception]
) -> None:
    # Signed by hand: the library does not write some of them.
    header = {"alg": "HS256", "typ": "at+jwt", "kid": hs256().id}
    with pytest.raises(error):
        Keys(hs256()).decode(forge(header, claims(**changes), SECRET.encode()), **HERE)


@pytest.mark.parametrize("name", REQUIRED)
def test_no_claim_may_be_missing(name: str) -> None:
    keys = Keys(hs256())
    with pytest.raises(jwt.MissingRequiredClaimError):
        keys.decode(keys.encode(claims(**{name: None})), **HERE)


def test_one_of_several_audiences_is_enough() -> None:
    keys = Keys(hs256())
    assert keys.decode(keys.encode(claims(aud=["bank", "shop"])), **HERE)["sub"] == "ada"


def test_clocks_may_be_apart_by_the_leeway() -> None:
    keys, now = Keys(hs256()), int(time.time())
    late, early = keys.encode(claims(exp=now - 5)), keys.encode(claims(nbf=now + 5, iat=now + 5))
    for token in (late, early):
        with pytest.raises(jwt.InvalidTokenError):
            keys.decode(token, **HERE)
        keys.decode(token, **HERE, leeway=timedelta(seconds=30))


def test_a_token_of_another_type_is_refused() -> None:
    keys = Keys(hs256())
    for token in (keys.encode(claims(), type="JWT"), keys.encode(claims(), type="reset+jwt")):
        with pytest.raises(jwt.InvalidTokenError, match="another type"):
            keys.decode(token, **HERE)
    with pytest.raises(jwt.InvalidTokenError, match="another type"):
        keys.decode(keys.encode(claims()), **HERE, type="reset+jwt")
    for name in ("application/at+jwt", "AT+JWT"):
        assert keys.decode(keys.encode(claims(), type=name), **HERE)
    for typ in (None, 1, ["at+jwt"]):
        header = {"alg": "HS256", "typ": typ, "kid": hs256().id}
        with pytest.raises(jwt.InvalidTokenError):
            keys.decode(forge(header, claims(), SECRET.encode()), **HERE)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="nothing"),
        pytest.param("...", id="dots"),
        pytest.param("é.é.é", id="no ascii"),
        pytest.param("\ud800", id="half a character"),
        pytest.param("a" * (LONGEST_TOKEN + 1), id="too long"),
        pytest.param(segment(b"[" * 100_000) + ".e30.", id="too long and nested"),
        pytest.param(segment(b"[" * 10_000) + ".e30.", id="nested"),
        pytest.param(segment(b'{"kid": ' + b"9" * 5_000) + ".e30.", id="a long number"),
        pytest.param(segment([]) + ".e30.", id="a list"),
        pytest.param(segment(None) + ".e30.", id="null"),
        pytest.param(segment(b"\xff\xfe") + ".e30.", id="no utf-8"),
    ],
)
def test_junk_is_refused(token: str) -> None:
    with pytest.raises(jwt.InvalidTokenError):
        Keys(hs256()).decode(token, **HERE)


SEGMENT = st.binary(max_size=20).map(segment) | st.text("eyJ-_=+/", max_size=20)


@settings(deadline=None, max_examples=50)
@given(st.text() | st.lists(SEGMENT, max_size=4).map(".".join))
def test_any_junk_is_refused(token: str) -> None:
    with pytest.raises(jwt.InvalidTokenError):
        Keys(hs256()).decode(token, **HERE)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["alg", "typ", "kid", "crit", "b64", "jwk", *REQUIRED])


@settings(deadline=None, max_examples=50)
@given(header=st.dictionaries(NAMES, JSON), changes=st.dictionaries(NAMES, JSON))
def test_headers_and_claims_of_any_kind_are_accepted_or_refused(
    header: dict[str, Any], changes: dict[str, Any]
) -> None:
    own = {"alg": "HS256", "typ": "at+jwt", "kid": hs256().id}
    for signed in ({**own, **header}, own):
        token = forge(signed, {**claims(), **changes}, SECRET.encode())
        try:
            Keys(hs256()).decode(token, **HERE)
        except jwt.InvalidTokenError:
            continue
