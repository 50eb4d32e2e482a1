from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import timedelta
from enum import Enum
from typing import Any
from urllib.parse import urljoin

import jwt
import pyotp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings as hypothesis_settings, strategies as st

from vivace import Vivace
from vivace.auth import (
    Auth,
    AuthSettings,
    BackOffSettings,
    Keys,
    MemoryStore,
    PasswordSettings,
    Principal,
    RefreshToken,
    Roles,
    SigningKey,
    TokenFamily,
    TokenSettings,
    User,
)
from vivace.auth.stores.records import now
from vivace.testclient import TestClient

SECRET = "a secret for tests, and for nothing else"
PASSWORD = "correct horse battery"
#: Hashes that cost next to nothing, and a store that is asked each time.
QUICK = AuthSettings(
    passwords=PasswordSettings(time_cost=1, memory_cost=8, parallelism=1),
    tokens=TokenSettings(trust=timedelta(0)),
)


class Role(Enum):
    ADMIN = "admin"
    READER = "reader"


ROLES = Roles(Role, contains={Role.ADMIN: [Role.READER]}, grants={Role.ADMIN: ["books:write"]})


def make_key() -> SigningKey:
    key = Ed25519PrivateKey.generate()
    return SigningKey.eddsa(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


class Kit:
    """A whole kit: ada is an admin, bob a reader."""

    def __init__(self, settings: AuthSettings = QUICK, **options: Any) -> None:
        self.store = MemoryStore()
        self.auth = auth = Auth(SECRET, store=self.store, roles=ROLES, settings=settings, **options)
        self.app = Vivace()
        self.app.include_router(auth.router())

        @self.app.get("/me")
        async def read_me(principal: Principal = auth.principal) -> list[str]:
            return [principal.user.name, *sorted(principal.scopes)]

        @self.app.delete("/books", dependencies=[auth.require("books:write")])
        async def delete_books() -> None: ...

        self.client = TestClient(self.app)
        self.ada = self.run(auth.accounts.register("ada", PASSWORD, roles=[Role.ADMIN]))
        self.bob = self.run(auth.accounts.register("bob", PASSWORD, roles=[Role.READER]))

    def run(self, doing: Any) -> Any:
        return asyncio.run(doing)

    def post(self, path: str = "/token", /, **form: str) -> Any:
        return self.client.post(path, data=form)

    def sign_in(self, name: str = "ada", **form: str) -> dict[str, Any]:
        response = self.post(username=name, password=PASSWORD, **form)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    def refresh(self, refresh_token: str, **form: str) -> Any:
        return self.post(grant_type="refresh_token", refresh_token=refresh_token, **form)

    def read_me(self, token: str) -> Any:
        return self.client.get("/me", headers={"Authorization": f"Bearer {token}"})

    def delete_books(self, token: str) -> Any:
        return self.client.delete("/books", headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def kit() -> Kit:
    return Kit()


@pytest.fixture(scope="module")
def lasting_kit() -> Kit:
    """One that nobody signs in to, however often they try."""
    return Kit(
        replace(QUICK, back_off=BackOffSettings(free_by_account=10**6, free_by_address=10**6))
    )


def assert_failure(response: Any, error: str) -> None:
    """RFC 6749, section 5.2."""
    assert response.status_code == 400, response.text
    body = response.json()
    assert set(body) == {"error", "error_description"}
    assert body["error"] == error
    assert all(" " <= one <= "~" and one not in '"\\' for one in body["error_description"])
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Pragma"] == "no-cache"


@pytest.mark.parametrize("form", [{}, {"grant_type": "password"}, {"grant_type": ""}])
def test_a_name_and_a_password_give_tokens(kit: Kit, form: dict[str, str]) -> None:
    response = kit.post(username="ada", password=PASSWORD, **form)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Pragma"] == "no-cache"
    body = response.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert (body["token_type"], body["expires_in"]) == ("bearer", 600)
    assert body["scope"] == "admin books:write reader"
    assert kit.read_me(body["access_token"]).json() == ["ada", "admin", "books:write", "reader"]


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"username": "ada"}, "invalid_request"),
        ({"username": "ada", "password": ""}, "invalid_request"),
        ({"username": "", "password": PASSWORD}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "username": "ada", "password": "x"}, "invalid_request"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": "PASSWORD"}, "unsupported_grant_type"),
        ({"username": "ada", "password": "wrong"}, "invalid_grant"),
        ({"username": "nobody", "password": "wrong"}, "invalid_grant"),
        ({"username": "ada\x00", "password": PASSWORD}, "invalid_grant"),
        ({"username": "ada", "password": "x" * 10_000}, "invalid_grant"),
        ({"username": "ada", "password": PASSWORD, "scope": "unknown"}, "invalid_scope"),
        ({"username": "ada", "password": PASSWORD, "scope": "reader \x00"}, "invalid_scope"),
        ({"username": "bob", "password": PASSWORD, "scope": "reader admin"}, "invalid_scope"),
        ({"username": "bob", "password": PASSWORD, "scope": "books:write"}, "invalid_scope"),
        ({"grant_type": "refresh_token", "refresh_token": "junk"}, "invalid_grant"),
    ],
)
def test_what_is_refused_is_refused_in_the_words_of_oauth(
    lasting_kit: Kit, form: dict[str, str], error: str
) -> None:
    assert_failure(lasting_kit.post(**form), error)


def test_an_unknown_user_and_a_wrong_password_get_the_same_answer(kit: Kit) -> None:
    unknown = kit.post(username="nobody", password=PASSWORD)
    wrong = kit.post(username="ada", password="wrong")
    assert (unknown.status_code, unknown.content) == (wrong.status_code, wrong.content)
    assert dict(unknown.headers) == dict(wrong.headers)


def test_an_inactive_user_gets_that_answer_too(kit: Kit) -> None:
    pair = kit.sign_in()
    kit.run(kit.auth.accounts.deactivate(kit.ada))
    inactive = kit.post(username="ada", password=PASSWORD)
    assert inactive.content == kit.post(username="nobody", password=PASSWORD).content
    assert kit.read_me(pair["access_token"]).status_code == 401
    assert_failure(kit.refresh(pair["refresh_token"]), "invalid_grant")


def test_a_new_password_ends_all_tokens(kit: Kit) -> None:
    pair = kit.sign_in()
    kit.run(kit.auth.accounts.change_password(kit.ada, PASSWORD, "another long one"))
    assert kit.read_me(pair["access_token"]).status_code == 401
    assert_failure(kit.refresh(pair["refresh_token"]), "invalid_grant")


def test_whoever_guesses_has_to_wait() -> None:
    kit = Kit(replace(QUICK, back_off=BackOffSettings(free_by_account=1)))
    responses = [kit.post(username="ada", password="wrong") for _ in range(5)]
    assert_failure(responses[0], "invalid_grant")
    assert responses[-1].status_code == 429
    assert int(responses[-1].headers["Retry-After"]) >= 1


def test_a_sign_in_may_ask_for_less_than_the_user_may_do(kit: Kit) -> None:
    pair = kit.sign_in(scope="reader")
    assert pair["scope"] == "reader"
    assert kit.read_me(pair["access_token"]).json() == ["ada", "reader"]
    refused = kit.delete_books(pair["access_token"])
    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]
    assert kit.delete_books(kit.sign_in()["access_token"]).status_code == 200


def test_a_refresh_token_gives_new_tokens_once(kit: Kit) -> None:
    first = kit.sign_in()
    response = kit.refresh(first["refresh_token"])
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    second = response.json()
    assert kit.read_me(second["access_token"]).status_code == 200
    assert_failure(kit.refresh(first["refresh_token"]), "invalid_grant")
    # Whoever used it twice, all that came of the sign-in has ended.
    assert kit.read_me(second["access_token"]).status_code == 401
    assert_failure(kit.refresh(second["refresh_token"]), "invalid_grant")


def test_a_refresh_does_not_give_what_the_sign_in_did_not(kit: Kit) -> None:
    pair = kit.sign_in(scope="reader")
    assert_failure(kit.refresh(pair["refresh_token"], scope="reader admin"), "invalid_scope")
    again = kit.refresh(pair["refresh_token"], scope="reader")
    assert again.json()["scope"] == "reader"


def test_neither_kind_of_token_is_taken_for_the_other(kit: Kit) -> None:
    pair = kit.sign_in()
    assert_failure(kit.refresh(pair["access_token"]), "invalid_grant")
    refused = kit.read_me(pair["refresh_token"])
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


def test_a_challenge_for_a_second_step_is_no_token(kit: Kit) -> None:
    challenge = kit.run(kit.auth.mfa.challenge(kit.ada, purpose="token"))
    assert kit.read_me(challenge).status_code == 401
    assert_failure(kit.refresh(challenge), "invalid_grant")


def enable_mfa(kit: Kit) -> list[str]:
    """The recovery codes, of which none has been used."""
    secret = kit.run(kit.auth.mfa.enrol(kit.ada)).secret
    codes: list[str] = kit.run(kit.auth.mfa.confirm(kit.ada, pyotp.TOTP(secret).now()))
    return codes


def test_a_second_step_is_asked_for_before_there_are_tokens(kit: Kit) -> None:
    code = enable_mfa(kit)[0]
    response = kit.post(username="ada", password=PASSWORD, scope="reader")
    assert response.status_code == 403
    assert response.headers["Cache-Control"] == "no-store"
    detail = response.json()["detail"]
    assert set(detail) == {"error", "mfa_token"}
    assert detail["error"] == "mfa_required"
    assert not kit.run(kit.store.find(TokenFamily, user_id=kit.ada.id))
    answer = {"mfa_token": detail["mfa_token"], "code": code}
    pair = kit.client.post("/token/mfa", json=answer).json()
    assert kit.read_me(pair["access_token"]).json() == ["ada", "reader"]
    claims = jwt.decode(pair["access_token"], options={"verify_signature": False})
    assert "pwd" in claims["amr"] and len(claims["amr"]) == 2


def test_the_first_step_tells_a_stranger_nothing_of_the_second(kit: Kit) -> None:
    enable_mfa(kit)
    assert_failure(kit.post(username="ada", password="wrong"), "invalid_grant")


def test_a_scope_is_refused_at_the_first_step_already(kit: Kit) -> None:
    enable_mfa(kit)
    response = kit.post(username="ada", password=PASSWORD, scope="unknown")
    assert_failure(response, "invalid_scope")


def test_tokens_can_be_refreshed_without_the_second_step(kit: Kit) -> None:
    pair = kit.sign_in()
    enable_mfa(kit)
    assert kit.refresh(pair["refresh_token"]).status_code == 200


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_token_that_is_revoked_ends_all_of_its_sign_in(kit: Kit, kind: str) -> None:
    pair, other = kit.sign_in(), kit.sign_in()
    response = kit.post("/token/revoke", token=pair[kind], token_type_hint="refresh_token")
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Cache-Control"] == "no-store"
    assert kit.read_me(pair["access_token"]).status_code == 401
    assert_failure(kit.refresh(pair["refresh_token"]), "invalid_grant")
    assert kit.read_me(other["access_token"]).status_code == 200


def test_the_process_that_revokes_a_token_trusts_it_no_longer() -> None:
    kit = Kit(replace(QUICK, tokens=TokenSettings(trust=timedelta(hours=1))))
    pair = kit.sign_in()
    assert kit.read_me(pair["access_token"]).status_code == 200
    kit.post("/token/revoke", token=pair["access_token"])
    assert kit.read_me(pair["access_token"]).status_code == 401


def test_revoking_what_is_no_token_is_no_error(kit: Kit) -> None:
    pair = kit.sign_in()
    header, payload, _ = pair["access_token"].split(".")
    for token in ("junk", "a.b.c", f"{header}.{payload}.", "é\x00"):
        assert kit.post("/token/revoke", token=token).status_code == 200
    assert kit.read_me(pair["access_token"]).status_code == 200
    assert_failure(kit.post("/token/revoke"), "invalid_request")
    assert_failure(kit.post("/token/revoke", token=""), "invalid_request")


def test_public_keys_are_published_and_verify_what_the_kit_signs() -> None:
    old, new = make_key(), make_key()
    kit = Kit(keys=Keys(new, old))
    response = kit.client.get("/.well-known/jwks.json")
    assert response.headers["Content-Type"] == "application/jwk-set+json"
    assert response.headers["Cache-Control"] == "public, max-age=300"
    assert [key["kid"] for key in response.json()["keys"]] == [new.id, old.id]
    assert not any("d" in key for key in response.json()["keys"])
    token = kit.sign_in()["access_token"]
    public = jwt.PyJWKSet.from_dict(response.json())[new.id]
    claims = jwt.decode(token, public, audience="vivace", issuer="vivace")
    assert claims["sub"] == kit.ada.id
    assert kit.read_me(token).status_code == 200


def test_without_public_keys_there_is_no_list_of_them(kit: Kit) -> None:
    assert kit.client.get("/.well-known/jwks.json").status_code == 404
    assert "/.well-known/jwks.json" not in kit.app.openapi()["paths"]


@pytest.mark.parametrize("prefix", ["", "/auth"])
def test_the_documentation_can_sign_in(prefix: str) -> None:
    kit = Kit(prefix=prefix)
    document = kit.client.get("/openapi.json").json()
    flow = document["components"]["securitySchemes"]["OAuth2PasswordBearer"]["flows"]["password"]
    assert set(flow["scopes"]) == {"admin", "reader", "books:write"}
    # The page is at /docs, and sends what swagger-client does: the client in a header, and
    # everything else in the form.
    form = {"grant_type": "password", "username": "ada", "password": PASSWORD, "scope": "reader"}
    basic = {"Authorization": "Basic Og=="}
    url = urljoin("/docs", flow["tokenUrl"])
    pair = kit.client.post(url, data=form, headers=basic).json()
    assert kit.read_me(pair["access_token"]).json() == ["ada", "reader"]
    operation = document["paths"][f"{prefix}/token"]["post"]
    assert {"200", "400", "403", "429"} <= set(operation["responses"])
    assert "application/x-www-form-urlencoded" in operation["requestBody"]["content"]


WITH_A_FILE = (
    b'--x\r\nContent-Disposition: form-data; name="username"; filename="a"\r\n\r\nada\r\n'
    b'--x\r\nContent-Disposition: form-data; name="password"\r\n\r\nsecret\r\n--x--\r\n'
)


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"%zz=\xff&&=&username", "application/x-www-form-urlencoded"),
        (b'{"username": "ada", "password": "correct horse battery"}', "application/json"),
        (b"\x00\xff", "text/plain"),
        (
            WITH_A_FILE,
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_what_is_no_form_of_the_kind_is_an_invalid_request(
    kit: Kit, content: bytes, content_type: str
) -> None:
    for path in ("/token", "/token/revoke"):
        response = kit.client.post(path, content=content, headers={"Content-Type": content_type})
        assert_failure(response, "invalid_request")
        assert "secret" not in response.text


def test_a_token_that_is_too_long_is_not_read(kit: Kit) -> None:
    assert kit.read_me("a" * 50_000).status_code == 401


def test_tokens_that_have_expired_are_removed_after_an_answer(kit: Kit) -> None:
    past = now() - timedelta(days=1)
    kit.run(kit.store.add(RefreshToken(id="old", family_id="none", expires_at=past)))
    kit.post(username="ada", password="wrong")
    assert kit.run(kit.store.get(RefreshToken, "old")) is not None
    kit.sign_in()
    assert kit.run(kit.store.get(RefreshToken, "old")) is None


def test_of_a_stolen_store_nothing_signs_in(kit: Kit) -> None:
    pair = kit.sign_in()
    (family,) = kit.run(kit.store.find(TokenFamily, user_id=kit.ada.id))
    (token,) = kit.run(kit.store.find(RefreshToken, family_id=family.id))
    user = kit.run(kit.store.get(User, kit.ada.id))
    for value in (token.id, family.id, user.id, user.password_hash):
        assert kit.read_me(value).status_code == 401
        assert_failure(kit.refresh(value), "invalid_grant")
        assert_failure(kit.post(username="ada", password=value), "invalid_grant")
    assert kit.refresh(pair["refresh_token"]).status_code == 200


JUNK = st.text(max_size=40) | st.binary(max_size=40).map(
    lambda data: urlsafe_b64encode(data).decode()
)
FIELDS = ["grant_type", "username", "password", "refresh_token", "scope", "token", "client_id"]


@hypothesis_settings(deadline=None, max_examples=50)
@given(
    form=st.dictionaries(st.sampled_from(FIELDS), JUNK),
    grant=st.sampled_from([{}, {"grant_type": "password"}, {"grant_type": "refresh_token"}]),
)
def test_any_form_has_an_answer(
    lasting_kit: Kit, form: dict[str, str], grant: dict[str, str]
) -> None:
    response = lasting_kit.post(**{**form, **grant})
    assert response.status_code == 400
    assert set(response.json()) == {"error", "error_description"}
    assert lasting_kit.post("/token/revoke", **form).status_code in (200, 400)


@hypothesis_settings(deadline=None, max_examples=50)
@given(st.binary(max_size=60) | st.lists(st.binary(max_size=12), max_size=4).map(b".".join))
def test_any_bearer_token_has_an_answer(lasting_kit: Kit, token: bytes) -> None:
    header = b"Bearer " + token.translate(None, b"\r\n\x00")
    response = lasting_kit.client.get("/me", headers=[(b"Authorization", header)])
    assert response.status_code == 401
