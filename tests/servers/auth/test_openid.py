"""Sign-in with a provider of OpenID Connect, begun at one process and finished at the other."""

from __future__ import annotations

from secrets import token_hex
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.unit.auth.openid_provider import OpenIDProvider

from vivace.auth import Identity

from .shop import SESSION, Browser, Client, Shop

FLOW = "__Host-openid"


@pytest.fixture
def ada(provider: OpenIDProvider) -> str:
    """The name of the one who is signed in at the provider, whom nobody knows here yet."""
    name = f"ada-{token_hex(6)}"
    provider.sub = f"subject of {name}"
    provider.userinfo = {"preferred_username": name}
    provider.claims, provider.answer = {}, {}
    return name


def leave(browser: Browser, client: Client, path: str = "login") -> str:
    """To the provider: where it sends the browser back."""
    own = {"Sec-Fetch-Site": "same-origin"}
    response = browser.request(client, "GET", f"/openid/acme/{path}?next=/whoami", headers=own)
    assert (response.status_code, response.headers["cache-control"]) == (303, "no-store")
    query = parse_qs(urlsplit(response.headers["location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    assert {"state", "nonce", "code_challenge"} <= query.keys()
    at_provider = httpx.get(response.headers["location"])
    assert at_provider.status_code == 302, at_provider.text
    return at_provider.headers["location"]


def come_back(browser: Browser, client: Client, url: str) -> httpx.Response:
    parts = urlsplit(url)
    assert parts.path == "/openid/acme/callback"
    return browser.request(client, "GET", f"{parts.path}?{parts.query}")


def test_one_who_comes_back_to_the_other_process_is_signed_in_at_both(
    shop: Shop, one: Client, two: Client, ada: str
) -> None:
    browser = Browser()
    url = leave(browser, one)
    assert url.startswith(shop.url.replace("http:", "https:"))
    cookie = browser.was_set[FLOW]
    assert cookie["secure"] and cookie["httponly"]
    assert cookie["samesite"].lower() == "lax"
    response = come_back(browser, two, url)
    assert (response.status_code, response.headers["location"]) == (303, "/whoami")
    assert browser.cookies.keys() == {SESSION, "__Host-csrf"}
    for client in (one, two):
        assert browser.request(client, "GET", "/whoami").json()["name"] == ada
    # No password lets anybody in, as there is none.
    assert shop.database.user(ada).password_hash is None
    assert one.ask_for_token(ada).status_code == 400


def test_one_who_comes_another_day_is_the_same_user(
    shop: Shop, one: Client, two: Client, ada: str
) -> None:
    for client, other in ((one, two), (two, one)):
        browser = Browser()
        assert come_back(browser, other, leave(browser, client)).status_code == 303
    user = shop.database.user(ada)
    assert len(shop.database.find(Identity, user_id=user.id)) == 1


def test_an_answer_that_is_of_another_browser_or_comes_again_is_refused(
    one: Client, two: Client, ada: str
) -> None:
    victim, attacker = Browser(), Browser()
    leave(victim, one)
    url = leave(attacker, one)
    assert come_back(victim, two, url).status_code == 400
    assert SESSION not in victim.cookies
    assert come_back(Browser(), two, url).status_code == 400
    kept = dict(attacker.cookies)
    assert come_back(attacker, two, url).status_code == 303
    assert come_back(Browser(kept), one, url).status_code == 400


def test_an_id_token_of_another_nonce_or_for_another_audience_is_refused(
    one: Client, two: Client, provider: OpenIDProvider, ada: str
) -> None:
    for wrong in ({"nonce": "another"}, {"aud": "another"}, {"iss": "https://evil.example"}):
        provider.claims = wrong
        browser = Browser()
        assert come_back(browser, two, leave(browser, one)).status_code == 400
        assert SESSION not in browser.cookies


def test_an_account_is_linked_to_an_identity(
    shop: Shop, one: Client, two: Client, ada: str
) -> None:
    name, browser = shop.register(one), Browser()
    browser.sign_in(one, name)
    assert come_back(browser, two, leave(browser, one, "link")).status_code == 303
    other = Browser()
    assert come_back(other, one, leave(other, two)).status_code == 303
    assert other.request(two, "GET", "/whoami").json()["name"] == name
