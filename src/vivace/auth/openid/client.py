"""The way to a provider and back: discovery, codes, ID tokens (OpenID Connect Core, 3.1)."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from logging import getLogger
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx2
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core.claims import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet
from joserfc.jws import JWSRegistry

from vivace.auth.openid.flow import Flow
from vivace.auth.openid.provider import (
    Claims,
    Provider,
    ProviderUnavailable,
    SignInFailed,
    is_secure,
)
from vivace.auth.stores.records import now
from vivace.concurrency import run_in_threadpool

logger = getLogger(__name__)

#: The algorithms of ID tokens (RFC 7518, section 3.1; RFC 8037). Those with a shared secret are
#: left out: what the app knows as a secret could sign for the provider.
ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
#: The longest subject, in characters of ASCII (OpenID Connect Core, section 2).
LONGEST_SUBJECT = 255
#: Claims that only count where the provider has signed them.
SIGNED_CLAIMS = frozenset(
    {"iss", "aud", "exp", "iat", "nbf", "nonce", "azp", "acr", "amr", "auth_time", "at_hash"}
)

#: Seconds to wait for the provider.
_TIMEOUT = 10
#: Seconds for which what the provider publishes is taken to be so still ...
_FRESH = 3600
#: ... and for which a provider that failed is not asked again.
_PAUSE = 2

_MALFORMED = (ValueError, TypeError, KeyError, RecursionError)


@dataclass(frozen=True)
class Published:
    """What a provider says of itself (OpenID Connect Discovery 1.0, section 3), and its keys."""

    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str | None
    token_endpoint_auth_method: str
    #: The algorithms of its ID tokens that are accepted.
    algorithms: tuple[str, ...]
    #: Whether its answers say that they are its own (RFC 9207, section 3).
    sends_issuer: bool
    keys: KeySet


class OpenIDClient:
    """Speaks with one provider."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._lock = anyio.Lock()
        self._published: Published | None = None
        self._published_at = 0.0
        self._failed_at: float | None = None

    async def authorization_url(self, flow: Flow) -> str:
        """Where the browser has to go to sign in.

        Raises:
            ProviderUnavailable: The provider does not say.
        """
        published = await self._discover()
        async with await self._http("none") as http:
            url: str
            url, _ = http.create_authorization_url(
                published.authorization_endpoint,
                state=flow.state,
                nonce=flow.nonce,
                code_verifier=flow.verifier,
                redirect_uri=flow.redirect_uri,
            )
        return url

    async def check_issuer(self, issuer: str | None) -> None:
        """See that an answer is this provider's own, and not one mixed up with it (RFC 9207).

        Raises:
            SignInFailed: It says that it is another's, or does not say whose although it should.
            ProviderUnavailable: The provider does not say whether it should.
        """
        expected = issuer is not None or (await self._discover()).sends_issuer
        if expected and issuer != self.provider.issuer:
            raise SignInFailed("The answer is not the provider's that was asked")

    async def redeem(self, code: str, flow: Flow) -> Claims:
        """What the provider says of the user who came back with ``code``.

        Raises:
            SignInFailed: The code is not valid (any more), or the ID token is not.
            ProviderUnavailable: The provider does not answer as it should.
        """
        published = await self._discover()
        async with await self._http(published.token_endpoint_auth_method) as http:
            token = await self._fetch_token(http, published, code, flow)
            access_token = token.get("access_token")
            id_claims = await self._verify(token.get("id_token"), access_token, flow.nonce)
            endpoint = published.userinfo_endpoint
            if not self.provider.userinfo or endpoint is None or access_token is None:
                return id_claims
            return _merged(id_claims, await self._userinfo(http, endpoint, access_token, id_claims))

    async def _http(self, auth_method: str) -> Any:
        """A client for one exchange."""
        return AsyncOAuth2Client(
            self.provider.client_id,
            self.provider.client_secret,
            token_endpoint_auth_method=auth_method,
            scope=" ".join(self.provider.scopes),
            code_challenge_method="S256",
            verify=await run_in_threadpool(_tls_context),
            timeout=_TIMEOUT,
        )

    async def _discover(self, *, not_this: Published | None = None) -> Published:
        """What the provider publishes, as it was within the last hour.

        Args:
            not_this: What has turned out to be out of date.
        """
        async with self._lock:
            known, age = self._published, monotonic() - self._published_at
            if known is not None and known is not not_this and age < _FRESH:
                return known
            # Those who waited for an attempt that failed do not wait for one each.
            if self._failed_at is not None and monotonic() - self._failed_at < _PAUSE:
                raise ProviderUnavailable(self.provider)
            try:
                published = await self._fetch_published()
            except ProviderUnavailable:
                self._failed_at = monotonic()
                raise
            self._published, self._published_at = published, monotonic()
            self._failed_at = None
            return published

    async def _fetch_published(self) -> Published:
        async with await self._http("none") as http:
            with self._failures("discovery"):
                found = await _get_json(http, self.provider.discovery)
                # Section 4.3: a document that speaks for another issuer counts for nothing.
                if found["issuer"] != self.provider.issuer:
                    raise ValueError("another issuer's document")
                keys = await _get_json(http, _endpoint(found, "jwks_uri"))
                return _published(found, keys, has_secret=self.provider.client_secret is not None)

    async def _fetch_token(
        self, http: Any, published: Published, code: str, flow: Flow
    ) -> dict[str, Any]:
        """The answer of the token endpoint (RFC 6749, section 5.1)."""
        with self._failures("the token request"):
            try:
                token: dict[str, Any] = await http.fetch_token(
                    published.token_endpoint,
                    grant_type="authorization_code",
                    code=code,
                    redirect_uri=flow.redirect_uri,
                    code_verifier=flow.verifier,
                )
            except OAuthError as error:
                if error.error == "invalid_grant":
                    raise SignInFailed("The provider's code is not valid: begin again") from error
                raise ValueError("an error of the token endpoint") from error
        return token

    async def _verify(self, id_token: Any, access_token: Any, nonce: str) -> dict[str, Any]:
        """The claims of an ID token that is valid (OpenID Connect Core, section 3.1.3.7)."""
        published = await self._discover()
        try:
            try:
                token = _decode(id_token, published)
            except InvalidKeyIdError:  # The provider may have new keys.
                token = _decode(id_token, await self._discover(not_this=published))
            return self._validated(token, access_token, nonce)
        except (JoseError, *_MALFORMED) as error:
            reason = str(error) if isinstance(error, JoseError) else type(error).__name__
            logger.warning("The ID token of %r is not valid: %s", self.provider.name, reason)
            raise SignInFailed("The provider's ID token is not valid") from error

    def _validated(self, token: jwt.Token, access_token: Any, nonce: str) -> dict[str, Any]:
        provider = self.provider
        claims = CodeIDToken(
            token.claims,
            token.header,
            {
                "iss": {"essential": True, "value": provider.issuer},
                "aud": {"essential": True, "value": provider.client_id},
            },
            {"nonce": nonce, "client_id": provider.client_id, "access_token": access_token},
        )
        claims.validate(int(now().timestamp()), int(provider.leeway.total_seconds()))
        subject = claims["sub"]
        if not 0 < len(subject) <= LONGEST_SUBJECT or not (
            subject.isascii() and subject.isprintable()
        ):
            raise ValueError("no subject")
        return dict(claims)

    async def _userinfo(
        self, http: Any, endpoint: str, access_token: str, id_claims: Claims
    ) -> dict[str, Any]:
        """The claims of the UserInfo endpoint (OpenID Connect Core, section 5.3)."""
        with self._failures("the UserInfo request"):
            # Not by authlib's own token: how its type is written differs between providers.
            headers = {"Authorization": f"Bearer {access_token}"}
            claims = await _get_json(http, endpoint, headers)
            # Section 5.3.2: it may be another user's.
            if claims["sub"] != id_claims["sub"]:
                raise ValueError("another subject")
            return claims

    @contextmanager
    def _failures(self, doing: str) -> Iterator[None]:
        """Turns what can go wrong between here and the provider into a 502."""
        try:
            yield
        except (httpx2.HTTPError, httpx2.InvalidURL, *_MALFORMED) as error:
            # Not the error's text: it may quote what the provider sent.
            logger.warning(
                "OpenID provider %r: %s failed: %s", self.provider.name, doing, type(error).__name__
            )
            raise ProviderUnavailable(self.provider) from error


@cache
def _tls_context() -> ssl.SSLContext:
    """The certificates that are trusted; they take too long to read for the event loop."""
    return httpx2.create_ssl_context()


async def _get_json(http: Any, url: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    # `auth=None` keeps authlib from asking for a token, or sending the one it has.
    response = await http.get(
        url, headers={"Accept": "application/json", **(headers or {})}, auth=None
    )
    # Redirects are not followed: they could lead to where no TLS is.
    if response.status_code != 200:
        raise ValueError(f"status {response.status_code}")
    found = response.json()
    if not isinstance(found, dict):
        raise TypeError("no JSON object")
    return found


def _published(found: dict[str, Any], keys: dict[str, Any], *, has_secret: bool) -> Published:
    named = found.get("id_token_signing_alg_values_supported", ["RS256"])
    algorithms = tuple(name for name in named if name in ALGORITHMS)
    if not algorithms:
        raise ValueError("no algorithm that is accepted")
    # RFC 8414, section 2: basic authentication where nothing is said.
    methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    basic = "client_secret_basic" in methods or "client_secret_post" not in methods
    method = "client_secret_basic" if basic else "client_secret_post"
    has_userinfo = found.get("userinfo_endpoint") is not None
    return Published(
        authorization_endpoint=_endpoint(found, "authorization_endpoint"),
        token_endpoint=_endpoint(found, "token_endpoint"),
        userinfo_endpoint=_endpoint(found, "userinfo_endpoint") if has_userinfo else None,
        token_endpoint_auth_method=method if has_secret else "none",
        algorithms=algorithms,
        sends_issuer=found.get("authorization_response_iss_parameter_supported") is True,
        keys=KeySet(list(_signature_keys(keys["keys"]))),
    )


def _endpoint(found: dict[str, Any], name: str) -> str:
    """A URL of the discovery document.

    It has TLS, unless the issuer itself is on loopback and has none: a provider elsewhere is not to
    have requests sent to what listens on this machine alone.
    """
    url = found[name]
    if not isinstance(url, str) or not is_secure(url):
        raise ValueError("an endpoint without TLS")
    if urlsplit(url).scheme != "https" and urlsplit(found["issuer"]).scheme == "https":
        raise ValueError("an endpoint on loopback")
    return url


def _signature_keys(keys: Any) -> Iterator[Key]:
    """The public keys that signatures are checked with; what is not understood is left out."""
    if not isinstance(keys, list):
        raise TypeError("no list of keys")
    for key in keys:
        # RFC 7517, sections 4.1, 4.2 and 5. A symmetric key has no place in what is published.
        if not isinstance(key, dict) or key.get("kty") not in ("RSA", "EC", "OKP"):
            continue
        if key.get("use", "sig") != "sig":
            continue
        try:
            yield JWKRegistry.import_key(key)
        except (JoseError, *_MALFORMED):
            continue


def _decode(id_token: Any, published: Published) -> jwt.Token:
    """The ID token, its signature checked with the provider's key of the token's ``kid``."""
    if not isinstance(id_token, str):
        raise TypeError("no ID token")
    # RFC 7515, section 4: header parameters that are not understood are ignored.
    registry = JWSRegistry(algorithms=published.algorithms, strict_check_header=False)
    return jwt.decode(id_token, published.keys, registry=registry)


def _merged(id_claims: dict[str, Any], userinfo: dict[str, Any]) -> Claims:
    """All claims; those that are signed prevail."""
    unsigned = {name: value for name, value in userinfo.items() if name not in SIGNED_CLAIMS}
    # Whether an address is verified is said of the address that stands beside it.
    if id_claims.get("email", userinfo.get("email")) != userinfo.get("email"):
        unsigned.pop("email_verified", None)
    return {**unsigned, **id_claims}


__all__ = ["ALGORITHMS", "OpenIDClient", "Published"]
