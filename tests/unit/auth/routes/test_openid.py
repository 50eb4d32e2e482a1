from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pyotp
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from tests.unit.auth.openid_browser import (
    COOKIE,
    OWN_LINK,
    Browser,
    Role,
    fragment_of,
    keep_identity,
    keep_user,
    kept,
    make_kit,
    query_of,
    run,
    with_query,
)
from tests.unit.auth.openid_provider import (
    CLIENT_SECRET,
    Claims,
    OpenIDProvider,
    serving,
    unsigned,
)

from vivace import Vivace
from vivace.auth import ApiKey, Attempts, Auth, Identity, Session, User
from vivace.auth.routes.mfa import mfa_router
from vivace.testclient import TestClient

NOT_BEGUN = "This sign-in was not begun in this browser, or took too long: begin again"
NOT_VALID = "The provider's ID token is not valid"


def begun(state: OpenIDProvider, **options: Any) -> tuple[Browser, Auth]:
    app, auth = make_kit(state, **options)
    return Browser(app), auth


def refusal(response: Any) -> tuple[int, Any]:
    """Status and reason, of an answer that signs nobody in and can be shown to anybody."""
    assert "session" not in response.headers.get("set-cookie", "")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-type"] == "application/json"
    return response.status_code, response.json()["detail"]


# The whole way.


def test_one_who_comes_from_the_provider_is_signed_in(state: OpenIDProvider) -> None:
    state.userinfo = {"preferred_username": "Ada", "email": "ada@example.org"}
    browser, auth = begun(state)
    response = browser.sign_in()
    assert (response.status_code, response.headers["location"]) == (303, "/books")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert browser.name() == "ada"
    assert browser.get("/session").json()["methods"] == ["fed"]
    [user] = kept(auth)
    assert user.password_hash is None
    [identity] = kept(auth, Identity)
    assert identity.subject == f"{state.issuer} ada-1"


def test_who_comes_back_another_day_is_the_same_user(state: OpenIDProvider) -> None:
    state.userinfo = {"preferred_username": "Ada"}
    browser, auth = begun(state)
    browser.sign_in()
    state.userinfo = {"preferred_username": "Lady Ada"}
    assert Browser(browser.client.app).sign_in().status_code == 303  # type: ignore[arg-type]
    assert [user.name for user in kept(auth)] == ["ada"]


def test_a_client_that_follows_redirects_gets_there_between_two_servers(
    state: OpenIDProvider,
) -> None:
    app, _ = make_kit(state, secure=False)

    @app.get("/books")
    async def books() -> list[str]:
        return ["Emma"]

    with ExitStack() as stack:
        site = stack.enter_context(serving(app))
        client = stack.enter_context(httpx2.Client(base_url=site, follow_redirects=True))
        response = client.get("/openid/acme/login", params={"next": "/books"})
        assert response.json() == ["Emma"]
        assert response.url == f"{site}/books"
        assert client.get("/session").status_code == 200
        ways = [step.url.path for step in response.history]
        assert ways == ["/openid/acme/login", "/authorize", "/openid/acme/callback"]


def test_the_providers_are_listed(state: OpenIDProvider) -> None:
    browser, _ = begun(state)
    assert browser.get("/openid").json() == [
        {"name": "acme", "login_url": "/openid/acme/login"},
        {"name": "other", "login_url": "/openid/other/login"},
    ]


def test_what_has_expired_is_removed_after_a_sign_in(state: OpenIDProvider) -> None:
    browser, auth = begun(state)
    run(auth.store.add, Attempts(expires_at=datetime.now(UTC) - timedelta(days=1)))
    browser.sign_in()
    assert kept(auth, Attempts) == []


@pytest.mark.parametrize("arrives_as", ["/openid", "/api/openid"])
def test_the_prefix_of_a_proxy_is_in_what_browsers_are_told(
    state: OpenIDProvider, arrives_as: str
) -> None:
    browser, _ = begun(state)
    browser.client.app.root_path = "/api"  # type: ignore[attr-defined]
    assert browser.get(arrives_as).json()[0]["login_url"] == "/api/openid/acme/login"
    query = query_of(browser.get(f"{arrives_as}/acme/login").headers["location"])
    assert query["redirect_uri"] == "https://shop.test/api/openid/acme/callback"


def test_the_path_that_an_app_is_mounted_at_is_in_what_browsers_are_told(
    state: OpenIDProvider,
) -> None:
    app, _ = make_kit(state)
    outer = Vivace()
    outer.mount("/shop", app)
    client = TestClient(outer, base_url="https://shop.test", follow_redirects=False)
    assert client.get("/shop/openid").json()[0]["login_url"] == "/shop/openid/acme/login"
    query = query_of(client.get("/shop/openid/acme/login").headers["location"])
    assert query["redirect_uri"] == "https://shop.test/shop/openid/acme/callback"


@pytest.mark.parametrize("path", ["login", "callback"])
def test_an_unknown_provider_is_not_found(state: OpenIDProvider, path: str) -> None:
    browser, _ = begun(state)
    assert browser.get(f"/openid/nobody/{path}").status_code == 404


def test_the_request_to_the_provider_has_pkce_state_and_nonce(state: OpenIDProvider) -> None:
    browser, _ = begun(state)
    response = browser.get("/openid/acme/login")
    query = query_of(response.headers["location"])
    assert query.pop("redirect_uri") == "https://shop.test/openid/acme/callback"
    assert query.pop("code_challenge_method") == "S256"
    assert (query.pop("response_type"), query.pop("client_id")) == ("code", "bookshop")
    assert query.pop("scope") == "openid profile email"
    assert all(len(query.pop(name)) >= 43 for name in ("state", "nonce", "code_challenge"))
    assert query == {}
    cookie = response.headers["set-cookie"].lower()
    for part in ("__host-openid=", "httponly", "secure", "samesite=lax", "max-age=600", "path=/"):
        assert part in cookie
    assert response.headers["cache-control"] == "no-store"


def test_the_redirect_uri_can_be_said(state: OpenIDProvider) -> None:
    browser, _ = begun(state, redirect_uri="https://www.shop.test/openid/acme/callback")
    query = query_of(browser.get("/openid/acme/login").headers["location"])
    assert query["redirect_uri"] == "https://www.shop.test/openid/acme/callback"


def test_secrets_can_be_sent_in_the_form(state: OpenIDProvider) -> None:
    state.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    browser, _ = begun(state)
    assert browser.sign_in().status_code == 303


# State: the answer belongs to this browser, this sign-in and this provider.


@pytest.mark.parametrize(
    "value", ["wrong", "", None, "ä\udcff".encode("utf-8", "replace").decode()]
)
def test_a_wrong_state_is_refused(state: OpenIDProvider, value: str | None) -> None:
    browser, auth = begun(state)
    back = browser.leave()
    assert refusal(browser.get(with_query(back, state=value))) == (400, NOT_BEGUN)
    assert kept(auth) == []


def test_another_browsers_answer_is_refused(state: OpenIDProvider) -> None:
    browser, _ = begun(state)
    back = browser.leave()
    other = Browser(browser.client.app)  # type: ignore[arg-type]
    assert refusal(other.get(back)) == (400, NOT_BEGUN)
    other.leave()
    assert refusal(other.get(back)) == (400, NOT_BEGUN)


def test_the_state_of_another_provider_is_refused(state: OpenIDProvider) -> None:
    browser, _ = begun(state)
    back = browser.leave("/openid/other/login")
    mixed_up = back.replace("/openid/other/", "/openid/acme/")
    assert refusal(browser.get(mixed_up)) == (400, NOT_BEGUN)


@pytest.mark.parametrize("cookie", ["", "nonsense", "gAAAAA", "\u00e9"])
def test_a_cookie_that_is_not_the_servers_is_refused(state: OpenIDProvider, cookie: str) -> None:
    browser, _ = begun(state)
    back = browser.leave()
    browser.client.cookies.clear()
    headers = {"Cookie": f"{COOKIE}={cookie}".encode("latin-1")}
    assert refusal(browser.get(back, headers=headers)) == (400, NOT_BEGUN)


def test_a_cookie_counts_for_ten_minutes(
    state: OpenIDProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, _ = begun(state)
    back = browser.leave()
    later = datetime.now(UTC).timestamp() + 601
    monkeypatch.setattr("cryptography.fernet.time.time", lambda: later)
    headers = {"Cookie": f"{COOKIE}={browser.client.cookies[COOKIE]}"}
    assert refusal(browser.get(back, headers=headers)) == (400, NOT_BEGUN)


def test_an_answer_counts_once(state: OpenIDProvider) -> None:
    browser, _ = begun(state)
    back = browser.leave()
    cookie = browser.client.cookies[COOKIE]
    assert browser.get(back).status_code == 303
    assert COOKIE not in browser.client.cookies
    assert refusal(browser.get(back)) == (400, NOT_BEGUN)
    # One who has kept the cookie finds the code used up.
    again = browser.get(back, headers={"Cookie": f"{COOKIE}={cookie}"})
    assert refusal(again) == (400, "The provider's code is not valid: begin again")


def test_an_answer_that_is_refused_uses_the_cookie_up(state: OpenIDProvider) -> None:
    browser, _ = begun(state)
    back = browser.leave()
    browser.get(with_query(back, state="wrong"))
    assert refusal(browser.get(back)) == (400, NOT_BEGUN)


def test_an_answer_of_another_issuer_is_refused(state: OpenIDProvider) -> None:
    browser, _ = begun(state)
    reason = "The answer is not the provider's that was asked"
    back = with_query(browser.leave(), iss="https://evil.example")
    assert refusal(browser.get(back)) == (400, reason)
    back = with_query(browser.leave(), iss=None)
    assert refusal(browser.get(back)) == (400, reason)


def test_an_answer_need_not_say_the_issuer_where_the_provider_does_not(
    state: OpenIDProvider,
) -> None:
    state.metadata = {"authorization_response_iss_parameter_supported": False}
    state.answer = {"iss": None}
    browser, _ = begun(state)
    assert browser.sign_in().status_code == 303


def test_the_provider_refuses_a_code_without_its_verifier(state: OpenIDProvider) -> None:
    browser, _ = begun(state)
    # Someone who has seen an answer on its way, and begins a sign-in to use its code in.
    seen = query_of(browser.leave())["code"]
    thief = Browser(browser.client.app)  # type: ignore[arg-type]
    back = with_query(thief.leave(), code=seen)
    assert refusal(thief.get(back)) == (400, "The provider's code is not valid: begin again")
    assert thief.name() is None


def test_an_answer_without_a_code_is_refused(state: OpenIDProvider) -> None:
    browser, _ = begun(state)
    back = with_query(browser.leave(), code=None)
    assert refusal(browser.get(back)) == (400, "The provider's answer has no code")


@pytest.mark.parametrize(
    ("error", "status", "shown"),
    [
        ("access_denied", 403, "access_denied"),
        ("server_error", 400, "server_error"),
        ("<script>alert(1)</script>", 400, "unknown error"),
    ],
)
def test_what_the_provider_refuses_is_said_without_an_echo(
    state: OpenIDProvider, error: str, status: int, shown: str
) -> None:
    state.answer = {"code": None, "error": error, "error_description": "<b>no</b>"}
    browser, _ = begun(state)
    response = browser.sign_in()
    assert refusal(response) == (status, f"The provider has not signed the user in: {shown}")
    assert "<" not in response.text
    assert "Max-Age=0" in response.headers["set-cookie"]


# The ID token.


def ago(seconds: int) -> timedelta:
    """A time that the provider reckons from when it makes the token."""
    return timedelta(seconds=-seconds)


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": []},
        {"aud": None},
        {"aud": {"bookshop": True}},
        {"aud": ["bookshop", "another-client"]},
        {"azp": "another-client"},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"exp": ago(120)},
        {"exp": None},
        {"exp": "never"},
        {"iat": ago(-600)},
        {"iat": None},
        {"nbf": ago(-600)},
        {"sub": None},
        {"sub": ""},
        {"sub": 1},
        {"sub": "s" * 256},
        {"sub": "\ud800"},
        {"sub": "a\x00"},
        {"at_hash": "another"},
        {"at_hash": {"a": 1}},
        {"at_hash": ["a"]},
        {"amr": "mfa"},
    ],
    ids=str,
)
def test_a_wrong_claim_is_refused(state: OpenIDProvider, claims: Claims) -> None:
    state.claims = claims
    browser, auth = begun(state)
    assert refusal(browser.sign_in()) == (400, NOT_VALID)
    assert kept(auth) == kept(auth, Identity) == kept(auth, Session) == []


def test_several_audiences_are_fine_where_the_client_is_the_authorized_party(
    state: OpenIDProvider,
) -> None:
    state.claims = {"aud": ["bookshop", "api"], "azp": "bookshop"}
    browser, _ = begun(state)
    assert browser.sign_in().status_code == 303


def test_a_clock_may_be_off_a_little(state: OpenIDProvider) -> None:
    state.claims = {"exp": ago(20), "iat": ago(-20)}
    browser, _ = begun(state)
    assert browser.sign_in().status_code == 303


def signed(algorithm: str, key: Any, **header: Any) -> Callable[[Claims], str]:
    return lambda claims: jwt.encode({"alg": algorithm, **header}, claims, key, [algorithm])


@pytest.fixture(scope="module")
def rsa_key() -> RSAKey:
    return RSAKey.generate_key(2048)


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("with_kid", [True, False])
@pytest.mark.parametrize("attack", ["none", "secret", "public key", "own key", "key in header"])
def test_a_signature_that_is_not_the_providers_is_refused(
    state: OpenIDProvider, rsa_key: RSAKey, attack: str, with_kid: bool
) -> None:
    state.keys = [rsa_key]
    kid = {"kid": rsa_key.thumbprint()} if with_kid else {}
    own = RSAKey.generate_key(2048)
    state.sign = {
        "none": unsigned,
        "secret": signed("HS256", OctKey.import_key(CLIENT_SECRET), **kid),
        "public key": signed("HS256", hmac_key(rsa_key.as_pem(private=False)), **kid),
        "own key": signed("RS256", own, **kid),
        "key in header": signed("RS256", own, jwk=own.as_dict(private=False), **kid),
    }[attack]
    browser, auth = begun(state)
    assert refusal(browser.sign_in()) == (400, NOT_VALID)
    assert kept(auth) == []


def hmac_key(secret: bytes) -> OctKey:
    """A key that libraries would rather not make: of the text of a public key."""
    return OctKey(secret, secret)


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "....", "e30.e30.", "ä"])
def test_what_is_no_token_is_refused(state: OpenIDProvider, text: str) -> None:
    state.token = {"id_token": text}
    browser, _ = begun(state)
    assert refusal(browser.sign_in()) == (400, NOT_VALID)


@pytest.mark.parametrize("token", [None, 1, {"a": "b"}])
def test_no_token_at_all_is_refused(state: OpenIDProvider, token: Any) -> None:
    state.token = {"id_token": token}
    browser, _ = begun(state)
    assert refusal(browser.sign_in()) == (400, NOT_VALID)


def test_a_changed_token_is_refused(state: OpenIDProvider) -> None:
    key = state.keys[0]

    def tampered(claims: Claims) -> str:
        parts = [
            jwt.encode({"alg": "ES256", "kid": key.thumbprint()}, said, key, ["ES256"]).split(".")
            for said in (claims, {**claims, "sub": "bob-1"})
        ]
        return ".".join([parts[0][0], parts[1][1], parts[0][2]])

    state.sign = tampered
    browser, _ = begun(state)
    assert refusal(browser.sign_in()) == (400, NOT_VALID)


def test_the_providers_keys_are_fetched_anew_for_a_new_one(state: OpenIDProvider) -> None:
    browser, _ = begun(state)
    assert browser.sign_in().status_code == 303
    assert browser.sign_in().status_code == 303
    assert state.asked.count("/jwks") == 1
    state.keys = [ECKey.generate_key("P-256"), *state.keys]
    assert browser.sign_in().status_code == 303
    assert state.asked.count("/jwks") == 2


def test_nothing_that_is_secret_is_logged(
    state: OpenIDProvider, caplog: pytest.LogCaptureFixture
) -> None:
    state.claims = {"nonce": "another"}
    browser, _ = begun(state)
    browser.sign_in()
    [record] = [one for one in caplog.records if one.name.startswith("vivace")]
    assert record.getMessage().startswith("The ID token of 'acme' is not valid: invalid_claim")


# Whose account it is.

VERIFIED = {"email": "ada@example.org", "email_verified": True}


def test_an_address_that_is_not_verified_takes_no_account_over(state: OpenIDProvider) -> None:
    state.userinfo = {"email": "ada@example.org", "email_verified": False, "name": "Bob"}
    browser, auth = begun(state, trust_email=True)
    ada = keep_user(auth, name="ada", email="ada@example.org")
    browser.sign_in()
    assert browser.name() == "ada-" + kept(auth)[1].name.removeprefix("ada-")
    assert kept(auth, Identity)[0].user_id != ada.id
    assert [user.email for user in kept(auth)] == ["ada@example.org", None]


def test_a_provider_that_is_not_trusted_with_addresses_takes_no_account_over(
    state: OpenIDProvider,
) -> None:
    state.userinfo = VERIFIED
    browser, auth = begun(state)
    ada = keep_user(auth, name="ada", email="ada@example.org")
    browser.sign_in()
    assert browser.name() != "ada"
    assert ada.id not in [one.user_id for one in kept(auth, Identity)]


@pytest.mark.parametrize(
    ("in_token", "in_userinfo"),
    [
        ({"email": "ada@example.org"}, {"email": "bob@example.org", "email_verified": True}),
        ({"email": "ada@example.org"}, {"email_verified": True}),
    ],
)
def test_that_one_address_is_verified_says_nothing_of_another(
    state: OpenIDProvider, in_token: Claims, in_userinfo: Claims
) -> None:
    state.claims, state.userinfo = in_token, in_userinfo
    browser, auth = begun(state, trust_email=True)
    keep_user(auth, name="ada", email="ada@example.org")
    browser.sign_in()
    assert browser.name() != "ada"


def test_a_verified_address_of_a_trusted_provider_finds_the_account(
    state: OpenIDProvider,
) -> None:
    state.userinfo = {"email": "Ada@Example.org", "email_verified": "true"}
    browser, auth = begun(state, trust_email=True)
    keep_user(auth, name="ada", email="ada@example.org")
    browser.sign_in()
    assert browser.name() == "ada"
    assert len(kept(auth)) == 1


def test_whoever_took_the_address_before_its_owner_is_shut_out(state: OpenIDProvider) -> None:
    state.userinfo = VERIFIED
    browser, auth = begun(state, trust_email=True)
    taker = run(auth.accounts.register, "taken", "a long password", email="ada@example.org")
    keep_key(auth, taker)
    run(auth.store.add, Identity(user_id=taker.id, subject="https://other.example taker"))
    thief = Browser(browser.client.app)  # type: ignore[arg-type]
    assert post_session(thief, "taken", "a long password") == 201
    browser.sign_in()
    assert browser.name() == "taken"
    assert thief.name() is None
    assert post_session(thief, "taken", "a long password") == 401
    assert kept(auth, ApiKey) == []
    assert [one.subject for one in kept(auth, Identity)] == [f"{state.issuer} ada-1"]


def test_an_account_whose_address_is_known_to_be_the_users_keeps_all_it_has(
    state: OpenIDProvider,
) -> None:
    state.userinfo = VERIFIED
    browser, auth = begun(state, trust_email=True)
    ada = run(auth.accounts.register, "ada", "a long password", email="ada@example.org")
    run(auth.store.replace, ada, email_verified=True)
    keep_key(auth, ada)
    browser.sign_in()
    assert browser.name() == "ada"
    assert len(kept(auth, ApiKey)) == 1
    assert post_session(browser, "ada", "a long password") == 201


def keep_key(auth: Auth, user: User) -> None:
    run(auth.store.add, ApiKey(user_id=user.id, name="mine", prefix="p", secret_hash="h"))


def post_session(browser: Browser, name: str, password: str) -> int:
    body = {"name": name, "password": password}
    return int(browser.client.post("/session", json=body).status_code)


def test_one_who_is_not_active_is_refused(state: OpenIDProvider) -> None:
    browser, auth = begun(state)
    keep_identity(auth, keep_user(auth, name="ada", is_active=False), state)
    assert refusal(browser.sign_in()) == (403, "This account is not active")


def test_one_who_is_not_active_is_refused_by_address(state: OpenIDProvider) -> None:
    state.userinfo = VERIFIED
    browser, auth = begun(state, trust_email=True)
    keep_user(auth, name="ada", email="ada@example.org", is_active=False)
    assert refusal(browser.sign_in()) == (403, "This account is not active")
    assert kept(auth, Identity) == []


def test_where_nobody_may_register_there_has_to_be_an_account(state: OpenIDProvider) -> None:
    browser, auth = begun(state, allow_registration=False)
    assert refusal(browser.sign_in()) == (403, "There is no account for this identity")
    keep_identity(auth, keep_user(auth, name="ada"), state)
    assert browser.sign_in().status_code == 303


def test_the_roles_are_as_the_provider_has_them_now(state: OpenIDProvider) -> None:
    state.userinfo = {"groups": ["admin", "unheard-of"]}
    browser, auth = begun(state, roles=lambda claims: [*claims["groups"], Role.READER])
    browser.sign_in()
    assert browser.get("/session").json()["roles"] == ["admin", "reader"]
    state.userinfo = {"groups": []}
    browser.sign_in()
    assert browser.get("/session").json()["roles"] == ["reader"]
    assert kept(auth)[0].roles == ("reader",)


# One-time codes.


def enable_codes(auth: Auth, user: User) -> pyotp.TOTP:
    codes = pyotp.TOTP(run(auth.mfa.enrol, user).secret)
    run(auth.mfa.confirm, user, codes.at(datetime.now(UTC) - timedelta(seconds=30)))
    return codes


def test_one_with_one_time_codes_needs_one(state: OpenIDProvider) -> None:
    app, auth = make_kit(state)
    app.include_router(mfa_router(auth))
    browser = Browser(app)
    ada = keep_user(auth, name="ada")
    keep_identity(auth, ada, state)
    codes = enable_codes(auth, ada)
    # What the provider says of it counts for nothing unless it is trusted.
    state.claims = {"amr": ["pwd", "mfa"]}
    status, detail = refusal(browser.sign_in())
    assert (status, detail["error"]) == (403, "mfa_required")
    assert browser.name() is None
    second = {"mfa_token": detail["mfa_token"], "code": codes.now()}
    assert browser.client.post("/session/mfa", json=second).status_code in {200, 201}
    assert browser.get("/session").json()["methods"] == ["fed", "otp"]


def test_the_page_that_asks_for_the_code_gets_what_it_needs(state: OpenIDProvider) -> None:
    browser, auth = begun(state, second_step="/code")
    ada = keep_user(auth, name="ada")
    keep_identity(auth, ada, state)
    enable_codes(auth, ada)
    response = browser.sign_in()
    assert response.headers["location"].startswith("/code#")
    fragment = fragment_of(response.headers["location"])
    assert fragment["next"] == ["/books"]
    assert len(fragment["mfa_token"][0]) > 20
    assert browser.name() is None


@pytest.mark.parametrize(("amr", "status"), [(["mfa"], 303), (["otp"], 403), (None, 403)])
def test_a_second_factor_at_a_trusted_provider_is_enough(
    state: OpenIDProvider, amr: list[str] | None, status: int
) -> None:
    # Unsigned, it counts for nothing.
    state.claims, state.userinfo = {"amr": amr}, {"amr": ["mfa"]}
    browser, auth = begun(state, trust_mfa=True)
    ada = keep_user(auth, name="ada")
    keep_identity(auth, ada, state)
    enable_codes(auth, ada)
    assert browser.sign_in().status_code == status


# Linking.


def signed_in(state: OpenIDProvider) -> tuple[Browser, Auth, User]:
    browser, auth = begun(state)
    user = run(auth.accounts.register, "ada", "a long password")
    assert post_session(browser, "ada", "a long password") == 201
    return browser, auth, user


def test_an_identity_is_linked_by_one_who_is_signed_in(state: OpenIDProvider) -> None:
    browser, auth, user = signed_in(state)
    response = browser.sign_in("/openid/acme/link?next=/account")
    assert (response.status_code, response.headers["location"]) == (303, "/account")
    assert [one.user_id for one in kept(auth, Identity)] == [user.id]
    other = Browser(browser.client.app)  # type: ignore[arg-type]
    other.sign_in()
    assert other.name() == "ada"
    assert browser.sign_in("/openid/acme/link").status_code == 303


def test_one_who_is_not_signed_in_links_nothing(state: OpenIDProvider) -> None:
    browser, _ = begun(state)
    assert browser.get("/openid/acme/link", headers=OWN_LINK).status_code == 401


@pytest.mark.parametrize("site", ["cross-site", "same-site", None])
def test_another_site_links_nothing(state: OpenIDProvider, site: str | None) -> None:
    browser, _, _ = signed_in(state)
    headers = {} if site is None else {"Sec-Fetch-Site": site}
    response = browser.get("/openid/acme/link", headers=headers)
    assert response.status_code == 403


def test_anothers_identity_is_not_linked(state: OpenIDProvider) -> None:
    browser, auth, _ = signed_in(state)
    keep_identity(auth, keep_user(auth, name="bob"), state)
    response = browser.sign_in("/openid/acme/link")
    assert refusal(response) == (409, "This identity belongs to another account")


def test_one_who_has_signed_out_meanwhile_links_nothing(state: OpenIDProvider) -> None:
    browser, auth, user = signed_in(state)
    back = browser.leave("/openid/acme/link")
    run(auth.sessions.end_all, user)
    assert browser.get(back).status_code == 401
    assert kept(auth, Identity) == []


def test_another_who_has_signed_in_meanwhile_gets_no_identity(state: OpenIDProvider) -> None:
    browser, auth, _ = signed_in(state)
    back = browser.leave("/openid/acme/link")
    run(auth.accounts.register, "bob", "a long password")
    assert post_session(browser, "bob", "a long password") == 201
    assert browser.get(back).status_code == 400
    assert kept(auth, Identity) == []


# Where to in the end.


@pytest.mark.parametrize(
    "next",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "\t//evil.example",
        "/\n/evil.example",
        "/\u2028/evil.example",
        "javascript:alert(1)",
        "books",
        "",
        "/" + "b" * 600,
    ],
)
def test_other_sites_are_no_place_to_go_to(state: OpenIDProvider, next: str) -> None:
    browser, _ = begun(state)
    response = browser.get("/openid/acme/login", params={"next": next})
    assert response.status_code == 422
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("next", ["/", "/books?page=2&of=3#top", "/caf\u00e9", "/a//b"])
def test_pages_of_the_site_are(state: OpenIDProvider, next: str) -> None:
    browser, _ = begun(state)
    location = browser.sign_in("/openid/acme/login?" + httpx_query(next)).headers["location"]
    assert location == next.replace("\u00e9", "%C3%A9")


def httpx_query(next: str) -> str:
    return str(httpx2.QueryParams({"next": next}))


# A provider in trouble.

DOWN = "The provider 'acme' cannot be reached, or does not answer as it should"


def test_a_provider_that_is_down_before_is_a_bad_gateway(state: OpenIDProvider) -> None:
    state.is_down = True
    browser, _ = begun(state)
    assert refusal(browser.get("/openid/acme/login")) == (502, DOWN)
    # It is not asked again at once.
    assert refusal(browser.get("/openid/acme/login")) == (502, DOWN)
    assert len(state.asked) == 1


def test_a_provider_that_is_down_meanwhile_is_a_bad_gateway(state: OpenIDProvider) -> None:
    browser, _ = begun(state)
    back = browser.leave()
    state.is_down = True
    assert refusal(browser.get(back)) == (502, DOWN)


def test_a_provider_that_nobody_runs_is_a_bad_gateway() -> None:
    browser, _ = begun(OpenIDProvider(issuer="http://127.0.0.1:9"))
    assert refusal(browser.get("/openid/acme/login")) == (502, DOWN)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"authorization_endpoint": "http://evil.example/authorize"},
        {"token_endpoint": "javascript:alert(1)"},
        {"token_endpoint": None},
        {"userinfo_endpoint": 1},
        {"jwks_uri": "http://evil.example/jwks"},
        {"jwks_uri": ["a"]},
        {"id_token_signing_alg_values_supported": ["HS256", "none"]},
        {"id_token_signing_alg_values_supported": [["ES256"]]},
        {"id_token_signing_alg_values_supported": 1},
        {"token_endpoint_auth_methods_supported": 1},
    ],
    ids=str,
)
def test_a_provider_that_describes_itself_wrongly_is_a_bad_gateway(
    state: OpenIDProvider, metadata: Claims
) -> None:
    state.metadata = metadata
    browser, _ = begun(state)
    assert refusal(browser.get("/openid/acme/login")) == (502, DOWN)


@pytest.mark.parametrize("token", [{"error": "invalid_client"}, {"error": 1}, {"expires_in": "a"}])
def test_a_token_endpoint_that_makes_no_sense_is_a_bad_gateway(
    state: OpenIDProvider, token: Claims
) -> None:
    state.token = token
    browser, _ = begun(state)
    assert refusal(browser.sign_in()) == (502, DOWN)


@pytest.mark.parametrize("token", [{"access_token": 1}, {"access_token": "a\nb"}])
def test_an_access_token_that_is_none_does_no_harm(state: OpenIDProvider, token: Claims) -> None:
    state.token, state.claims = token, {"at_hash": None}
    browser, _ = begun(state)
    assert browser.sign_in().status_code in {303, 502}


def test_userinfo_of_another_user_is_a_bad_gateway(state: OpenIDProvider) -> None:
    state.userinfo = {"sub": "bob-1"}
    browser, auth = begun(state)
    assert refusal(browser.sign_in()) == (502, DOWN)
    assert kept(auth) == []


def test_userinfo_need_not_be_asked(state: OpenIDProvider) -> None:
    state.userinfo = {"sub": "bob-1"}
    browser, _ = begun(state, userinfo=False)
    assert browser.sign_in().status_code == 303
    assert "/userinfo" not in state.asked


# Documentation.


def test_the_refusals_are_documented(state: OpenIDProvider) -> None:
    browser, _ = begun(state)
    paths = browser.get("/openapi.json").json()["paths"]
    callback = paths["/openid/{provider}/callback"]["get"]["responses"]
    assert {"303", "400", "403", "404", "409", "502"} <= callback.keys()
    assert "403" in paths["/openid/{provider}/link"]["get"]["responses"]
