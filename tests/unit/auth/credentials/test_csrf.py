"""What other sites have a browser do: tokens of sessions, and where requests come from."""

from __future__ import annotations

import pytest
from tests.unit.auth.small_kit import SECRET

from vivace.auth.credentials.csrf import CsrfTokens, acts, check_origin
from vivace.auth.errors import CsrfFailed
from vivace.auth.vault import Vault
from vivace.requests import HTTPConnection

TOKENS = CsrfTokens(Vault(SECRET))


def connection(
    *, type: str = "http", method: str = "POST", scheme: str = "https", **headers: str
) -> HTTPConnection:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": type, "scheme": scheme, "headers": raw}
    return HTTPConnection({**scope, "method": method} if type == "http" else scope)


def is_refused(asking: HTTPConnection, *trusted: str) -> bool:
    try:
        check_origin(asking, trusted)
    except CsrfFailed:
        return True
    return False


def test_a_token_is_good_for_its_session_alone() -> None:
    token = TOKENS.make("one")
    assert TOKENS.is_valid(token, "one")
    assert not TOKENS.is_valid(token, "two")


def test_each_token_is_different() -> None:
    assert TOKENS.make("one") != TOKENS.make("one")


def test_a_token_that_is_changed_anywhere_is_refused() -> None:
    token = TOKENS.make("one")
    for place, char in enumerate(token):
        changed = token[:place] + ("a" if char != "a" else "b") + token[place + 1 :]
        assert not TOKENS.is_valid(changed, "one")


@pytest.mark.parametrize("token", ["", ".", "a.b", "\xe4.\xe4", "a" * 10_000])
def test_what_is_no_token_is_refused(token: str) -> None:
    assert not TOKENS.is_valid(token, "one")


def test_the_parts_of_a_token_cannot_be_shifted() -> None:
    nonce, signature = TOKENS.make("one").split(".")
    assert not TOKENS.is_valid(f"{nonce[1:]}.{signature}", f"one{nonce[0]}")
    assert not TOKENS.is_valid(signature, "one")


def test_a_token_of_another_secret_is_refused_and_of_an_older_one_is_not() -> None:
    new = "another secret for tests, longer than it"
    token = TOKENS.make("one")
    assert not CsrfTokens(Vault(new)).is_valid(token, "one")
    assert CsrfTokens(Vault([new, SECRET])).is_valid(token, "one")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_safe_methods_do_nothing(method: str) -> None:
    assert not acts(connection(method=method))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND", "get"])
def test_all_others_act(method: str) -> None:
    assert acts(connection(method=method))


def test_a_websocket_acts() -> None:
    assert acts(connection(type="websocket"))


def test_the_browser_is_believed_about_the_site() -> None:
    for site, refused in {
        "same-origin": False,
        "none": False,
        "same-site": True,
        "cross-site": True,
        "": True,
    }.items():
        asking = connection(sec_fetch_site=site, origin="https://a.example", host="a.example")
        assert is_refused(asking) == refused


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://a.example", "a.example"),
        ("https://a.example", "a.example:443"),
        ("https://a.example", "A.EXAMPLE"),
        ("https://a.example:8443", "a.example:8443"),
        ("https://[::1]:8443", "[::1]:8443"),
    ],
)
def test_the_own_origin_is_that_of_the_host(origin: str, host: str) -> None:
    assert not is_refused(connection(origin=origin, host=host))


@pytest.mark.parametrize(
    "origin",
    [
        "https://b.example",
        "https://a.example.b.example",
        "https://sub.a.example",
        "https://a.example:8443",
        "http://a.example",
        "file://a.example",
        "chrome-extension://a.example",
        "a.example",
        "null",
        "",
        "https://[",
        "https://",
    ],
)
def test_another_origin_is_another_site(origin: str) -> None:
    assert is_refused(connection(origin=origin, host="a.example"))


def test_an_origin_is_not_the_own_one_for_want_of_a_host() -> None:
    assert is_refused(connection(origin="https://a.example"))
    assert is_refused(connection(origin="https://"))


def test_without_tls_the_own_origin_has_none_unless_it_ends_before_the_server() -> None:
    for origin in ("http://a.example", "https://a.example"):
        assert not is_refused(connection(scheme="http", origin=origin, host="a.example"))


def test_origins_can_be_trusted() -> None:
    trusted = "https://app.example"
    asking = connection(origin=trusted, host="api.example", sec_fetch_site="cross-site")
    assert is_refused(asking)
    assert not is_refused(asking, trusted)


def test_what_is_no_browser_says_nothing_and_is_let_pass_unless_it_opens_a_websocket() -> None:
    assert not is_refused(connection(host="a.example"))
    assert is_refused(connection(type="websocket", scheme="wss", host="a.example"))
