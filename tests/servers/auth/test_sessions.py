"""Browsers that are signed in by a cookie, whichever process answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vivace.auth import Session
from vivace.auth.vault import digest

from .shop import CSRF, SESSION, Browser, Client, Shop, bearer


def session_of(shop: Shop, browser: Browser) -> Session:
    [kept] = shop.database.find(Session, id=digest(browser.cookies[SESSION]))
    return kept


def test_signing_in_sets_cookies_that_keep_to_this_site(
    shop: Shop, one: Client, two: Client
) -> None:
    name, browser = shop.register(one, "reader"), Browser()
    response = browser.sign_in(one, name)
    assert (response.status_code, response.headers["cache-control"]) == (201, "no-store")
    assert (response.json()["name"], response.json()["methods"]) == (name, ["pwd"])
    assert browser.was_set.keys() == {SESSION, CSRF}
    for cookie in browser.was_set.values():
        assert cookie["secure"]
        assert (cookie["samesite"].lower(), cookie["path"], cookie["domain"]) == ("lax", "/", "")
        assert int(cookie["max-age"]) == timedelta(days=14).total_seconds()
    # Scripts need the token, and nothing else.
    assert browser.was_set[SESSION]["httponly"]
    assert not browser.was_set[CSRF]["httponly"]
    for client in (two, one):
        assert browser.request(client, "GET", "/whoami").json()["method"] == "session"
        assert browser.request(client, "GET", "/articles").status_code == 200


def test_a_session_that_was_there_before_the_sign_in_is_not_used(
    shop: Shop, one: Client, two: Client
) -> None:
    """Session fixation: the attacker knows the id that the browser comes with."""
    ada, eve = shop.register(one), shop.register(one)
    attacker = Browser()
    attacker.sign_in(one, eve)
    for fixed in (attacker.cookies[SESSION], "an-id-of-the-attacker-s-own"):
        browser = Browser({SESSION: fixed})
        browser.sign_in(two, ada)
        assert browser.cookies[SESSION] != fixed
        for client in (one, two):
            assert browser.is_signed_in(client)
            assert not Browser({SESSION: fixed}).is_signed_in(client)


def test_signing_in_again_gives_a_new_id(shop: Shop, one: Client, two: Client) -> None:
    name, browser = shop.register(one), Browser()
    browser.sign_in(one, name)
    before = dict(browser.cookies)
    browser.sign_in(two, name)
    assert browser.cookies[SESSION] != before[SESSION]
    assert browser.is_signed_in(one)
    assert not Browser(before).is_signed_in(one)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_what_changes_something_takes_the_csrf_token(
    shop: Shop, one: Client, two: Client, method: str
) -> None:
    name, other = shop.register(one, "admin"), Browser()
    other.sign_in(one, name)
    browser = Browser()
    browser.sign_in(one, name)
    assert browser.request(two, method, "/articles").status_code == 403
    # Neither the cookie alone, nor another session's.
    for token in ("", "wrong", other.cookies[CSRF], browser.cookies[CSRF] + "0"):
        headers = {"X-CSRF-Token": token}
        assert browser.request(two, method, "/articles", headers=headers).status_code == 403
    assert browser.act(two, method, "/articles").status_code in (201, 204)
    # A page that has lost it asks for one.
    token = browser.request(one, "GET", "/session").json()["csrf_token"]
    headers = {"X-CSRF-Token": token}
    assert browser.request(two, method, "/articles", headers=headers).status_code in (201, 204)


def test_requests_from_other_sites_are_refused_even_with_the_token(
    shop: Shop, one: Client, two: Client
) -> None:
    name, browser = shop.register(one, "admin"), Browser()
    browser.sign_in(one, name)
    foreign = ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"})
    for headers in foreign:
        headers = {**headers, "X-CSRF-Token": browser.cookies[CSRF]}
        assert browser.request(two, "POST", "/articles", headers=headers).status_code == 403
    # Nor may they sign a browser in, to an account of theirs.
    for headers in foreign:
        body = {"name": name, "password": "wrong password"}
        assert two.post("/session", json=body, headers=headers).status_code == 403
    own = {"Origin": shop.url.replace("http:", "https:"), "X-CSRF-Token": browser.cookies[CSRF]}
    assert browser.request(two, "POST", "/articles", headers=own).status_code == 201


def test_signing_out_ends_the_session_at_both_processes(
    shop: Shop, one: Client, two: Client
) -> None:
    name, browser, other = shop.register(one), Browser(), Browser()
    browser.sign_in(one, name)
    other.sign_in(one, name)
    kept = dict(browser.cookies)
    assert browser.request(two, "DELETE", "/session").status_code == 403
    assert browser.act(two, "DELETE", "/session").status_code == 204
    assert browser.cookies == {}
    for client in (one, two):
        assert not Browser(kept).is_signed_in(client)
        assert other.is_signed_in(client)


def test_signing_out_of_all_devices(shop: Shop, one: Client, two: Client) -> None:
    name, browsers = shop.register(one), [Browser(), Browser(), Browser()]
    for browser in browsers:
        browser.sign_in(one, name)
    listed = browsers[0].request(two, "GET", "/sessions").json()
    assert [each["is_current"] for each in listed] == [True, False, False]
    # One of them, then all.
    assert browsers[0].act(two, "DELETE", f"/sessions/{listed[1]['id']}").status_code == 204
    assert not browsers[1].is_signed_in(one)
    kept = [dict(browser.cookies) for browser in browsers]
    assert browsers[0].act(one, "DELETE", "/sessions").status_code == 204
    for client in (one, two):
        assert not any(Browser(cookies).is_signed_in(client) for cookies in kept)


def test_signing_out_everywhere_ends_tokens_too(shop: Shop, one: Client, two: Client) -> None:
    name, browser = shop.register(one), Browser()
    browser.sign_in(one, name)
    token = one.sign_in(name)["access_token"]
    kept = dict(browser.cookies)
    assert browser.act(two, "POST", "/users/me/sign-out-everywhere").status_code == 204
    for client in (one, two):
        assert not Browser(kept).is_signed_in(client)
        assert client.get("/whoami", headers=bearer(token)).status_code == 401


@pytest.mark.parametrize("limit", ["idle", "absolute"])
def test_a_session_expires(shop: Shop, one: Client, two: Client, limit: str) -> None:
    browser = Browser()
    browser.sign_in(one, shop.register(one))
    assert browser.is_signed_in(two)
    time = datetime.now(UTC)
    change = {
        "idle": {"seen_at": time - timedelta(hours=2)},
        "absolute": {"expires_at": time - timedelta(seconds=1)},
    }
    shop.database.change(session_of(shop, browser), **change[limit])
    for client in (one, two):
        assert not browser.is_signed_in(client)


def test_use_keeps_a_session_from_idling(shop: Shop, one: Client, two: Client) -> None:
    browser = Browser()
    browser.sign_in(one, shop.register(one))
    time = datetime.now(UTC)
    shop.database.change(session_of(shop, browser), seen_at=time - timedelta(minutes=119))
    assert browser.is_signed_in(two)
    assert session_of(shop, browser).seen_at > time - timedelta(minutes=1)
