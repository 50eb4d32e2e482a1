"""The keys that access tokens are signed with, and that they are verified by.

Which algorithm counts is a property of the key, never of the token: RFC 8725, section 3.1.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any, Literal

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

Algorithm = Literal["HS256", "RS256", "EdDSA"]

#: The shortest secret for HS256, in bytes (RFC 7518, section 3.2).
SHORTEST_SECRET = 32
#: The smallest RSA key, in bits (RFC 7518, section 3.3).
SMALLEST_RSA = 2048
#: Longer tokens are not even looked at, in characters: no server takes such a header.
LONGEST_TOKEN = 16_384
#: What has to be in every token (RFC 9068, section 2.2, without the id of a client: there are no
#: registered clients).
REQUIRED = ["iss", "aud", "exp", "nbf", "iat", "sub", "jti"]


@dataclass(frozen=True, eq=False)
class SigningKey:
    """A key with the one algorithm that it is for. Made by one of the three class methods."""

    #: ``kid`` (RFC 7515, section 4.1.4).
    id: str
    algorithm: Algorithm
    _public: bytes | RSAPublicKey | Ed25519PublicKey = field(repr=False)
    _private: bytes | RSAPrivateKey | Ed25519PrivateKey | None = field(repr=False)

    @classmethod
    def hs256(cls, secret: bytes | str, id: str | None = None) -> SigningKey:
        """HMAC with SHA-256: who can verify can sign as well.

        Args:
            secret: At least 32 bytes, random.
            id: By default derived from the secret, so that it is the same in every process; it
                says nothing of the secret that a signature would not.

        Raises:
            ValueError: The secret is too short, or it is a key of another kind: whoever knows a
                public key must not be able to sign with it.
        """
        key = secret.encode() if isinstance(secret, str) else secret
        if len(key) < SHORTEST_SECRET:
            raise ValueError(f"A secret for HS256 has to have at least {SHORTEST_SECRET} bytes.")
        try:
            jwt.get_algorithm_by_name("HS256").prepare_key(key)
        except jwt.InvalidKeyError as error:
            raise ValueError(f"This is no secret for HS256: {error}") from None
        return cls(id or _id_of_secret(key), "HS256", key, key)

    @classmethod
    def rs256(
        cls, pem: bytes | str, id: str | None = None, *, password: str | None = None
    ) -> SigningKey:
        """RSA with SHA-256 (RSASSA-PKCS1-v1_5).

        Args:
            pem: The private key, or the public one, which verifies only.
            id: By default the thumbprint of the public key (RFC 7638).
            password: What the private key is encrypted with.

        Raises:
            ValueError: This is no RSA key, it is too small, or the password is wrong.
        """
        private, public = _load(pem, password)
        if not isinstance(public, RSAPublicKey):
            raise ValueError(f"This is no RSA key: {type(public).__name__}.")
        if public.key_size < SMALLEST_RSA:
            raise ValueError(f"An RSA key has to have at least {SMALLEST_RSA} bits.")
        return cls(id or _thumbprint(_jwk_of(public)), "RS256", public, private)

    @classmethod
    def eddsa(
        cls, pem: bytes | str, id: str | None = None, *, password: str | None = None
    ) -> SigningKey:
        """Ed25519 (RFC 8037).

        Args:
            pem: The private key, or the public one, which verifies only.
            id: By default the thumbprint of the public key (RFC 7638).
            password: What the private key is encrypted with.

        Raises:
            ValueError: This is no Ed25519 key, or the password is wrong.
        """
        private, public = _load(pem, password)
        if not isinstance(public, Ed25519PublicKey):
            raise ValueError(f"This is no Ed25519 key: {type(public).__name__}.")
        return cls(id or _thumbprint(_jwk_of(public)), "EdDSA", public, private)

    @property
    def can_sign(self) -> bool:
        """Whether this is more than a public key."""
        return self._private is not None

    def sign(self, claims: dict[str, Any], type: str) -> str:
        """A token with these claims.

        Raises:
            ValueError: This is a public key.
        """
        if self._private is None:
            raise ValueError(f"The key {self.id!r} is a public one: it cannot sign.")
        headers = {"kid": self.id, "typ": type}
        return jwt.encode(claims, self._private, algorithm=self.algorithm, headers=headers)

    def verify(
        self, token: str, *, issuer: str, audience: str, leeway: timedelta
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Header and claims of a token that this key has signed.

        Raises:
            jwt.InvalidTokenError: It has not, or the token does not count here and now.
        """
        found = jwt.decode_complete(
            token,
            self._public,
            algorithms=[self.algorithm],
            issuer=issuer,
            audience=audience,
            leeway=leeway,
            options={"require": REQUIRED},
        )
        return found["header"], found["payload"]

    def public_jwk(self) -> dict[str, Any] | None:
        """The public key as a JWK (RFC 7517, section 4); ``None`` where it has to stay secret."""
        if isinstance(self._public, bytes):
            return None
        about = {"kid": self.id, "use": "sig", "alg": self.algorithm}
        return {**_jwk_of(self._public), **about}


class Keys:
    """Keys by their id. The first one signs; all of them verify.

    To change a key without turning anybody away: add the new one at the end, and roll that out, so
    that every process knows it; move it to the front; drop the old one when the last token that it
    signed has expired.

    Raises:
        ValueError: There is no key, the first one cannot sign, or two have the same id.
    """

    def __init__(self, *keys: SigningKey) -> None:
        if not keys:
            raise ValueError("There has to be a key to sign with.")
        if not keys[0].can_sign:
            raise ValueError(f"The first key, {keys[0].id!r}, is a public one: it cannot sign.")
        self._signing = keys[0]
        self._by_id = {key.id: key for key in keys}
        if len(self._by_id) < len(keys):
            raise ValueError(f"Two keys have the same id: {[key.id for key in keys]}.")

    def encode(self, claims: dict[str, Any], *, type: str = "at+jwt") -> str:
        """A token with these claims, signed.

        Args:
            claims: What it says (RFC 7519, section 4). Without those of ``REQUIRED`` it will not
                be accepted.
            type: What kind of token it is (RFC 9068, section 2.1), so that it cannot be used for
                another purpose (RFC 8725, section 3.11).
        """
        return self._signing.sign(claims, type)

    def decode(
        self,
        token: str,
        *,
        issuer: str,
        audience: str,
        leeway: timedelta = timedelta(0),
        type: str = "at+jwt",
    ) -> dict[str, Any]:
        """The claims of a token, once all of it has been verified.

        Args:
            token: What a client sent.
            issuer: What ``iss`` has to be.
            audience: What ``aud`` has to be or to contain.
            leeway: How far off the clock of the one who signed may be: for ``exp``, ``nbf`` and
                ``iat``.
            type: What ``typ`` has to be.

        Raises:
            jwt.InvalidTokenError: Anything is wrong with it.
        """
        if len(token) > LONGEST_TOKEN or not token.isascii():
            raise jwt.DecodeError("This is no token")
        key = self._by_id.get(_key_id_in(token))
        if key is None:
            raise jwt.InvalidTokenError("The token is signed with an unknown key")
        header, claims = key.verify(token, issuer=issuer, audience=audience, leeway=leeway)
        if not _is_type(header.get("typ"), type):
            raise jwt.InvalidTokenError("The token is of another type")
        return claims

    def jwks(self) -> dict[str, Any]:
        """The public keys, by which others can verify (RFC 7517, section 5)."""
        jwks = (key.public_jwk() for key in self._by_id.values())
        return {"keys": [jwk for jwk in jwks if jwk is not None]}


def _key_id_in(token: str) -> str:
    """The ``kid`` of a token that nothing has been verified of.

    PyJWT's own function for this decodes the payload as well, which would then be done twice.

    Raises:
        jwt.DecodeError: There is none.
    """
    segment = token.partition(".")[0]
    try:
        header = json.loads(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, RecursionError):
        raise jwt.DecodeError("This is no token") from None
    id = header.get("kid") if isinstance(header, dict) else None
    if not isinstance(id, str):
        raise jwt.DecodeError("The token does not say which key it is signed with")
    return id


def _is_type(found: Any, expected: str) -> bool:
    """Whether ``typ`` is this media type, of which ``application/`` may be left out.

    RFC 7515, section 4.1.9.
    """
    return isinstance(found, str) and found.lower().removeprefix("application/") == expected


def _load(pem: bytes | str, password: str | None) -> tuple[Any, Any]:
    """The private key, or ``None``, and the public one."""
    data = pem.encode() if isinstance(pem, str) else pem
    if b"PRIVATE KEY" not in data:
        return None, _parsed(load_pem_public_key, data)
    private = _parsed(load_pem_private_key, data, None if password is None else password.encode())
    return private, private.public_key()


def _parsed(load: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return load(*arguments)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        # What the library says may quote the key.
        raise ValueError(
            "This is no key in PEM format; or its password is missing, wrong, or not called for."
        ) from None


def _jwk_of(key: RSAPublicKey | Ed25519PublicKey) -> dict[str, Any]:
    if isinstance(key, RSAPublicKey):
        jwk = RSAAlgorithm.to_jwk(key, as_dict=True)
    else:
        jwk = OKPAlgorithm.to_jwk(key, as_dict=True)
    # Not to be used together with `use`: RFC 7517, section 4.3.
    jwk.pop("key_ops", None)
    return jwk


def _thumbprint(jwk: dict[str, Any]) -> str:
    """RFC 7638, section 3; all that ``jwk`` has is what counts there."""
    return _base64(sha256(json.dumps(jwk, sort_keys=True, separators=(",", ":")).encode()).digest())


def _id_of_secret(secret: bytes) -> str:
    # What is signed for a token has no spaces in it, so that this is no signature of anything.
    return _base64(hmac.digest(secret, b"the id of this key", "sha256"))[:16]


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


__all__ = ["Algorithm", "Keys", "SigningKey"]
