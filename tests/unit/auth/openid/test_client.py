from __future__ import annotations

from time import monotonic
from typing import Any

import anyio
import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.jws import JWSRegistry
from tests.unit.auth.openid_browser import query_of
from tests.unit.auth.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIDProvider

from vivace.auth import Provider
from vivace.auth.openid import client as client_module
from vivace.auth.openid.client import OpenIDClient
from vivace.auth.openid.flow import Flow
from vivace.auth.openid.provider import Claims, ProviderUnavailable, SignInFailed


def make_client(state: OpenIDProvider, **options: Any) -> OpenIDClient:
    return OpenIDClient(Provider("acme", state.issuer, CLIENT_ID, CLIENT_SECRET, **options))


def make_flow() -> Flow:
    return Flow(provider="acme", redirect_uri="http://127.0.0.1/openid/acme/callback", next="/")


async def redeemed(client: OpenIDClient, flow: Flow, *, by: Flow | None = None) -> Claims:
    """What the provider says after it has sent a browser back to ``flow``."""
    async with httpx2.AsyncClient(verify=False) as http:
        response = await http.get(await client.authorization_url(flow))
    code = query_of(response.headers["location"])["code"]
    return await client.redeem(code, by or flow)


def claims_of(state: OpenIDProvider, **options: Any) -> Claims:
    async def main() -> Claims:
        return await redeemed(make_client(state, **options), make_flow())

    return anyio.run(main)


def test_signed_claims_and_those_of_userinfo_come_together(state: OpenIDProvider) -> None:
    state.claims = {"name": "Ada"}
    state.userinfo = {"name": "Bob", "locale": "en", "iss": "other", "aud": "other", "amr": ["mfa"]}
    claims = claims_of(state)
    assert (claims["name"], claims["locale"]) == ("Ada", "en")
    assert (claims["iss"], claims["aud"], claims.get("amr")) == (state.issuer, CLIENT_ID, None)


def test_an_address_is_as_verified_as_what_stands_beside_it(state: OpenIDProvider) -> None:
    state.claims = {"email": "ada@example.org"}
    state.userinfo = {"email": "ada@example.org", "email_verified": True}
    assert claims_of(state)["email_verified"] is True
    state.userinfo = {"email": "bob@example.org", "email_verified": True}
    assert "email_verified" not in claims_of(state)


def test_a_code_needs_the_verifier_that_it_was_asked_for_with(state: OpenIDProvider) -> None:
    async def main() -> None:
        flow, client = make_flow(), make_client(state)
        with pytest.raises(SignInFailed, match="code is not valid"):
            await redeemed(client, flow, by=make_flow())

    anyio.run(main)


def test_what_the_provider_publishes_is_fetched_once_an_hour(
    state: OpenIDProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        client = make_client(state)
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(client.authorization_url, make_flow())
        assert state.asked == ["/.well-known/openid-configuration", "/jwks"]
        monkeypatch.setattr("vivace.auth.openid.client.monotonic", lambda: monotonic() + 3601)
        await client.authorization_url(make_flow())
        assert len(state.asked) == 4

    anyio.run(main)


def test_a_provider_that_is_up_again_is_asked_again(
    state: OpenIDProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        client = make_client(state)
        state.is_down = True
        with pytest.raises(Exception, match="cannot be reached"):
            await client.authorization_url(make_flow())
        state.is_down = False
        monkeypatch.setattr("vivace.auth.openid.client.monotonic", lambda: monotonic() + 3)
        await client.authorization_url(make_flow())

    anyio.run(main)


def jwks_with(*keys: Any) -> dict[str, Any]:
    return {"keys": list(keys)}


def test_keys_that_are_not_understood_are_left_out(
    state: OpenIDProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = state.jwks()["keys"][0]
    published = jwks_with(
        {"kty": "AKP", "kid": "post-quantum"},
        {"kty": "EC", "crv": "P-256", "kid": "half"},
        {"kty": "RSA", "n": 1, "e": []},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
        {"kty": ["EC"]},
        {},
        None,
        1,
        {**good, "kid": "for encryption", "use": "enc"},
        good,
    )
    monkeypatch.setattr(state, "jwks", lambda: published)
    assert claims_of(state)["sub"] == "ada-1"


@pytest.mark.parametrize("keys", [None, 1, "text", {"keys": []}])
def test_a_key_set_that_is_none_is_a_bad_gateway(
    state: OpenIDProvider, monkeypatch: pytest.MonkeyPatch, keys: Any
) -> None:
    monkeypatch.setattr(state, "jwks", lambda: {"keys": keys})
    with pytest.raises(Exception, match="cannot be reached"):
        claims_of(state)


def test_a_shared_key_among_the_published_ones_signs_nothing(
    state: OpenIDProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = OctKey.import_key("a key that anybody can read who asks for it")
    published = {**shared.as_dict(), "kid": "shared"}
    monkeypatch.setattr(state, "jwks", lambda: jwks_with(published))
    state.sign = lambda claims: jwt.encode({"alg": "HS256", "kid": "shared"}, claims, shared)
    with pytest.raises(SignInFailed):
        claims_of(state)


def test_a_key_need_only_be_named_among_several(state: OpenIDProvider) -> None:
    key = ECKey.generate_key("P-256")
    state.keys = [key]
    state.sign = lambda claims: jwt.encode({"alg": "ES256"}, claims, key)
    assert claims_of(state)["sub"] == "ada-1"
    state.keys = [key, ECKey.generate_key("P-256")]
    with pytest.raises(SignInFailed):
        claims_of(state)


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_an_algorithm_that_discovery_does_not_name_is_refused(
    state: OpenIDProvider, algorithm: str
) -> None:
    key = RSAKey.generate_key(2048)
    state.keys = [key]
    header = {"alg": algorithm, "kid": key.thumbprint()}
    state.sign = lambda claims: jwt.encode(header, claims, key, [algorithm])
    state.metadata = {"id_token_signing_alg_values_supported": [algorithm]}
    assert claims_of(state)["sub"] == "ada-1"
    state.metadata = {"id_token_signing_alg_values_supported": ["ES256"]}
    with pytest.raises(SignInFailed):
        claims_of(state)


def test_header_parameters_that_are_not_understood_are_ignored(state: OpenIDProvider) -> None:
    key = state.keys[0]
    registry = JWSRegistry(algorithms=["ES256"], strict_check_header=False)
    header = {"alg": "ES256", "kid": key.thumbprint(), "of-its-own": 1}
    state.sign = lambda claims: jwt.encode(header, claims, key, registry=registry)
    assert claims_of(state)["sub"] == "ada-1"


@pytest.mark.parametrize(
    "name", ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"]
)
def test_a_provider_elsewhere_has_nothing_on_this_machine_asked(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    issuer = "https://id.example"
    asked: list[str] = []
    names = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
    document = {"issuer": issuer, **{each: f"{issuer}/{each}" for each in names}}

    async def get_json(http: Any, url: str, headers: Any = None) -> dict[str, Any]:
        asked.append(url)
        return document if url.endswith("/openid-configuration") else {"keys": []}

    async def leave() -> str:
        return await OpenIDClient(Provider("acme", issuer, "id")).authorization_url(make_flow())

    monkeypatch.setattr(client_module, "_get_json", get_json)
    assert anyio.run(leave).startswith(f"{issuer}/authorization_endpoint?")
    document[name] = "http://127.0.0.1:9200/_all"
    with pytest.raises(ProviderUnavailable):
        anyio.run(leave)
    assert document[name] not in asked
