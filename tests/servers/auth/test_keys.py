"""Signing keys: changed while the app runs, and what else is signed is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from .databases import Database
from .shop import Client, Shop, open_shop

Claims = dict[str, Any]


@pytest.fixture(scope="module")
def rolled_out(
    database: Database, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """The shop with the next key in front, and one more behind, over the same database."""
    keys = {**environment, "SHOP_KEYS": "rs,hs,ed"}
    with open_shop(database, tmp_path_factory.mktemp("mailbox"), keys, processes=1) as opened:
        yield opened


def kid_of(token: str) -> str:
    kid: str = jwt.get_unverified_header(token)["kid"]
    return kid


# Which database it is makes no difference to keys.
@pytest.mark.parametrize(
    "database",
    [pytest.param("sqlite", marks=pytest.mark.xdist_group("a shop on sqlite"))],
    indirect=True,
)
def test_tokens_of_either_first_key_are_good_at_both_apps(
    shop: Shop, rolled_out: Shop, one: Client, two: Client
) -> None:
    [new] = rolled_out.clients()
    name = shop.register(one)
    before, after = one.sign_in(name), new.sign_in(name)
    assert (kid_of(before["access_token"]), kid_of(after["access_token"])) == ("ed", "rs")
    for client in (one, two, new):
        for tokens in (before, after):
            assert client.whoami(tokens["access_token"]).status_code == 200
    # The sign-in outlives the key.
    refreshed = new.refresh(before["refresh_token"]).json()
    assert kid_of(refreshed["access_token"]) == "rs"
    assert two.whoami(refreshed["access_token"]).status_code == 200


def test_a_token_is_verified_by_the_published_keys(shop: Shop, one: Client, two: Client) -> None:
    token = one.sign_in(shop.register(one))["access_token"]
    published = two.get("/.well-known/jwks.json")
    assert published.headers["content-type"] == "application/jwk-set+json"
    keys = {key["kid"]: jwt.PyJWK(key) for key in published.json()["keys"]}
    assert {id: key.algorithm_name for id, key in keys.items()} == {"ed": "EdDSA", "rs": "RS256"}
    claims = jwt.decode(
        token, keys[kid_of(token)], algorithms=["EdDSA"], audience="vivace", issuer="vivace"
    )
    assert claims["exp"] - claims["iat"] == 600
    assert "d" not in published.json()["keys"][0]


def segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def written(header: Claims, claims: Claims) -> str:
    return ".".join(segment(json.dumps(part).encode()) for part in (header, claims))


def test_tokens_that_the_app_has_not_signed_so_are_refused(
    shop: Shop, one: Client, two: Client, environment: dict[str, str]
) -> None:
    token = one.sign_in(shop.register(one))["access_token"]
    header, claims = (
        jwt.get_unverified_header(token),
        jwt.decode(token, options={"verify_signature": False}),
    )
    ed, rs = (
        load_pem_private_key(environment[name].encode(), None)
        for name in ("SHOP_ED25519", "SHOP_RSA")
    )
    time = claims["iat"]

    def sign(key: Any = ed, algorithm: str = "EdDSA", kid: str = "ed", **changes: Any) -> str:
        changed = {**claims, **{name: value for name, value in changes.items() if name != "typ"}}
        kept = {name: value for name, value in changed.items() if value is not None}
        headers = {"kid": kid, "typ": changes.get("typ", "at+jwt")}
        return jwt.encode(kept, key, algorithm, headers=headers)

    def confuse(kid: str, key: Any) -> str:
        """HMAC with what is public."""
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        body = written({**header, "kid": kid, "alg": "HS256"}, claims)
        return f"{body}.{segment(hmac.digest(public, body.encode(), hashlib.sha256))}"

    body, _, signature = token.rpartition(".")
    forged = {
        "none": f"{written({**header, 'alg': 'none'}, claims)}.",
        "none, with the signature": f"{written({**header, 'alg': 'none'}, claims)}.{signature}",
        "tampered": f"{written(header, {**claims, 'scope': 'admin'})}.{signature}",
        "without a signature": f"{body}.",
        "confused, EdDSA": confuse("ed", ed),
        "confused, RS256": confuse("rs", rs),
        "a key of the other id": sign(rs, "RS256", kid="ed"),
        "an unknown key": sign(kid="hs"),
        "expired": sign(exp=time - 60),
        "not yet": sign(nbf=time + 60),
        "for another audience": sign(aud="bookshop"),
        "of another issuer": sign(iss="bookshop"),
        "without an end": sign(exp=None),
        "of another type": sign(typ="jwt"),
        "of another user": sign(sub="somebody"),
        "of another epoch": sign(epoch=1),
        "of no sign-in": sign(sid="none"),
    }
    # So it is not by mistake that the others are refused.
    assert one.whoami(sign()).status_code == two.whoami(sign(exp=time - 1)).status_code == 200
    for client in (one, two):
        for attack, forgery in forged.items():
            response = client.whoami(forgery)
            assert response.status_code == 401, attack
            assert 'error="invalid_token"' in response.headers["www-authenticate"]
    # A scope that a signature stands for is none that the user has.
    assert two.whoami(sign(scope="admin")).json()["scopes"] == []
