"""Policies are written as browsers read them, and what they would not read is an error."""

from __future__ import annotations

from typing import Any

import pytest

from vivace.middleware.policies import (
    API_POLICY,
    HSTS,
    NO_PERMISSIONS,
    PAGE_POLICY,
    Policy,
    widened,
    write_permissions,
    write_policy,
)


def test_what_hsts_says() -> None:
    assert str(HSTS()) == "max-age=31536000"
    assert str(HSTS(0)) == "max-age=0"
    everything = HSTS(63072000, include_subdomains=True, preload=True)
    assert str(everything) == "max-age=63072000; includeSubDomains; preload"


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"max_age": -1}, "max_age=-1 is no number of seconds"),
        ({"preload": True}, "needs include_subdomains=True"),
        ({"preload": True, "include_subdomains": True, "max_age": 60}, "a year of max_age"),
    ],
)
def test_what_browsers_would_not_take_is_an_error(settings: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        HSTS(**settings)


def test_a_policy_is_its_directives() -> None:
    policy = {"default-src": ["'self'", "https://a.example:8443/x"], "sandbox": []}
    assert write_policy(policy) == "default-src 'self' https://a.example:8443/x; sandbox"
    assert write_policy("default-src 'self'") == "default-src 'self'"
    assert write_policy(API_POLICY).startswith("default-src 'none'; ")
    assert "worker-src 'self' blob:" in write_policy(PAGE_POLICY)


@pytest.mark.parametrize(
    ("policy", "complaint"),
    [
        ({"Default": []}, "'Default' is no directive"),
        ({"default-src": "'self'"}, "has the string"),
        ({"default-src": ["'self'; x"]}, "is no source"),
        ({"default-src": ["a,b"]}, "is no source"),
        ({"default-src": ["self"]}, "stands in quotes"),
        ("a\r\nb", "no header may have"),
    ],
)
def test_what_is_no_policy_is_an_error(policy: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        write_policy(policy)


def test_permissions_are_structured_fields() -> None:
    permissions = {"camera": [], "fullscreen": ["self", "https://a.example"], "usb": ["*"]}
    written = write_permissions(permissions)
    assert written == 'camera=(), fullscreen=(self "https://a.example"), usb=*'
    assert write_permissions("camera=()") == "camera=()"
    assert write_permissions(NO_PERMISSIONS).count("=()") == len(NO_PERMISSIONS)


@pytest.mark.parametrize(
    ("permissions", "complaint"),
    [
        ({"Camera": []}, "is no feature"),
        ({"camera": "self"}, "has the string"),
        ({"camera": ["a.example"]}, 'neither "self" nor'),
        ('camera=("é")', "no header may have"),
    ],
)
def test_what_are_no_permissions_is_an_error(permissions: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        write_permissions(permissions)


def test_a_policy_can_be_widened_by_what_is_in_a_page() -> None:
    def widen(policy: Policy) -> str:
        return write_policy(widened(policy, {"script-src": ["'sha256-a'"], "style-src": []}))

    assert widen({"script-src": ["'self'"], "style-src": ["'none'"]}) == (
        "script-src 'self' 'sha256-a'; style-src 'none'"
    )
    assert widen({"script-src": ["'none'"]}) == "script-src 'sha256-a'"
    # What is allowed by another directive, or as there is none, still is.
    assert widen({"default-src": ["'self'"]}) == "default-src 'self'; script-src 'self' 'sha256-a'"
    assert widen({"base-uri": ["'none'"]}) == "base-uri 'none'"
    assert widen("script-src 'self'") == "script-src 'self'"
