"""What headers tell browsers to allow, written as the headers have it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

#: The directives of a Content-Security-Policy, each with its sources; or the text as it is.
Policy: TypeAlias = str | Mapping[str, Sequence[str]]
#: The features of a Permissions-Policy, each with who may use it: ``"self"``, ``"*"`` or origins.
Permissions: TypeAlias = str | Mapping[str, Sequence[str]]

YEAR = 365 * 24 * 60 * 60

#: A response of an API is no page: nothing may be loaded by it, and nobody may frame it.
API_POLICY: Mapping[str, Sequence[str]] = {
    "default-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
    "frame-ancestors": ["'none'"],
}

#: The pages with the documentation: their scripts, which are installed or on a CDN, and what they
#: ask of this server and of those that the document names. What is in a page itself is added.
PAGE_POLICY: Mapping[str, Sequence[str]] = {
    "default-src": ["'none'"],
    "script-src": [
        *("'self'", "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/"),
        *("https://cdn.jsdelivr.net/npm/redoc@2/", "https://cdn.jsdelivr.net/npm/@scalar/"),
    ],
    "style-src": [
        *("'self'", "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/"),
        "https://fonts.googleapis.com",
    ],
    "img-src": ["'self'", "data:", "https:"],
    "font-src": ["'self'", "data:", "https://fonts.gstatic.com"],
    "connect-src": ["'self'", "https:"],
    "worker-src": ["'self'", "blob:"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}

#: What a page in this origin has no use for.
NO_PERMISSIONS: Mapping[str, Sequence[str]] = {
    feature: [] for feature in ("camera", "geolocation", "microphone", "payment", "usb")
}


@dataclass(frozen=True)
class HSTS:
    """That browsers come over https alone from now on (RFC 6797).

    Args:
        max_age: For so many seconds; 0 takes it back.
        include_subdomains: That it holds for all subdomains too.
        preload: That browsers may have it built in (https://hstspreload.org).

    Raises:
        ValueError: What browsers would not take: a time below 0, or ``preload`` without
            subdomains or for less than a year.
    """

    max_age: int = YEAR
    include_subdomains: bool = False
    preload: bool = False

    def __post_init__(self) -> None:
        if self.max_age < 0:
            raise ValueError(f"max_age={self.max_age} is no number of seconds.")
        if self.preload and not (self.include_subdomains and self.max_age >= YEAR):
            raise ValueError("preload=True needs include_subdomains=True and a year of max_age.")

    def __str__(self) -> str:
        subdomains = "; includeSubDomains" if self.include_subdomains else ""
        return f"max-age={self.max_age}{subdomains}{'; preload' if self.preload else ''}"


def write_policy(policy: Policy) -> str:
    """The value of Content-Security-Policy (W3C CSP 3, section 3.1).

    Raises:
        ValueError: Something is no directive, or no source.
    """
    if isinstance(policy, str):
        return _checked(policy)
    for directive, sources in policy.items():
        if not re.fullmatch(r"[a-z-]+", directive):
            raise ValueError(f"{directive!r} is no directive of a Content-Security-Policy.")
        _check_list(directive, sources)
        for source in sources:
            if not re.fullmatch(r"[!-+\--:<-~]+", source):
                raise ValueError(
                    f"{source!r}, of {directive}, is no source: it has spaces, ; or ,."
                )
            if source in ("self", "none", "unsafe-inline", "unsafe-eval", "strict-dynamic"):
                raise ValueError(f"{source!r}, of {directive}, stands in quotes: \"'{source}'\".")
    return "; ".join(" ".join([directive, *sources]) for directive, sources in policy.items())


def widened(policy: Policy, sources: Mapping[str, Sequence[str]]) -> Policy:
    """``policy`` with ``sources`` allowed too, by directive; one that is a text as it is."""
    if isinstance(policy, str):
        return policy
    wider = dict(policy)
    for directive, more in sources.items():
        # Without either of the two, anything is allowed already.
        known = policy.get(directive, policy.get("default-src"))
        if more and known is not None:
            wider[directive] = [*(source for source in known if source != "'none'"), *more]
    return wider


def write_permissions(permissions: Permissions) -> str:
    """The value of Permissions-Policy (W3C Permissions Policy, section 5.2).

    Raises:
        ValueError: Something is no feature, or nobody who could be allowed it.
    """
    if isinstance(permissions, str):
        return _checked(permissions)
    written = []
    for feature, allowed in permissions.items():
        if not re.fullmatch(r"[a-z][a-z0-9-]*", feature):
            raise ValueError(f"{feature!r} is no feature of a Permissions-Policy.")
        _check_list(feature, allowed)
        items = [_write_allowed(feature, who) for who in allowed]
        written.append(f"{feature}=*" if items == ["*"] else f"{feature}=({' '.join(items)})")
    return ", ".join(written)


def _write_allowed(feature: str, who: str) -> str:
    if who in ("*", "self", "src"):
        return who
    if not re.fullmatch(r"https?://[\w.*:\[\]-]+", who):
        raise ValueError(f'{who!r}, of {feature}, is neither "self" nor "*" nor an origin.')
    return f'"{who}"'


def _check_list(name: str, given: object) -> None:
    if isinstance(given, str):
        raise ValueError(f"{name} has the string {given!r}. Give a list.")


def _checked(value: str) -> str:
    if not (value.isascii() and value.isprintable()):
        raise ValueError(f"{value!r} has characters that no header may have.")
    return value


__all__ = [
    "API_POLICY",
    "HSTS",
    "NO_PERMISSIONS",
    "PAGE_POLICY",
    "Permissions",
    "Policy",
    "widened",
    "write_permissions",
    "write_policy",
]
