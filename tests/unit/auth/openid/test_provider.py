from __future__ import annotations

from typing import Any

import pytest

from vivace.auth import Provider
from vivace.auth.openid.provider import is_secure, local_path


def make_provider(**options: Any) -> Provider:
    return Provider(
        **{"name": "acme", "issuer": "https://acme.example", "client_id": "c"} | options
    )


def test_the_secret_is_not_shown() -> None:
    assert "hidden" not in repr(make_provider(client_secret="hidden"))


@pytest.mark.parametrize("issuer", ["https://acme.example/tenant", "https://acme.example/tenant/"])
def test_discovery_is_below_the_issuer(issuer: str) -> None:
    provider = make_provider(issuer=issuer)
    assert provider.discovery == "https://acme.example/tenant/.well-known/openid-configuration"


@pytest.mark.parametrize(
    "options",
    [
        {"name": "a/b"},
        {"name": ""},
        {"name": "Acme"},
        {"issuer": "http://acme.example"},
        {"issuer": "acme.example"},
        {"redirect_uri": "http://shop.example/openid/acme/callback"},
        {"scopes": ["profile"]},
        {"second_step": "https://evil.example"},
    ],
)
def test_what_cannot_be_right_is_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        make_provider(**options)


@pytest.mark.parametrize("url", ["https://a.example", "http://127.0.0.1:8000", "http://[::1]/a"])
def test_urls_under_tls_or_on_loopback_are_secure(url: str) -> None:
    assert is_secure(url)


@pytest.mark.parametrize(
    "url", ["http://a.example", "http://127.0.0.1.a.example", "https://", "http://[", "ftp://a", ""]
)
def test_others_are_not(url: str) -> None:
    assert not is_secure(url)


@pytest.mark.parametrize("path", ["/", "/a?b=c#d", "/a//b", "/é", "/@a.example"])
def test_paths_of_the_site_are_local(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path", ["", "a", "//a.example", "/\\a.example", "/\t/a.example", "/\r\nA: b"]
)
def test_what_browsers_take_for_more_than_a_path_is_not(path: str) -> None:
    with pytest.raises(ValueError):
        local_path(path)
