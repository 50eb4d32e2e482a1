"""Outside providers of OpenID Connect, and why a sign-in with one can fail."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from vivace.auth.errors import AuthError

#: What a provider says of a user: the claims of the ID token, and those of its UserInfo endpoint.
Claims = Mapping[str, Any]

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True)
class Provider:
    """A provider that users may sign in with (OpenID Connect Core 1.0, section 3.1).

    .. code-block:: python

        Provider(
            "acme",
            issuer="https://login.acme.example",
            client_id=os.environ["ACME_CLIENT_ID"],
            client_secret=os.environ["ACME_CLIENT_SECRET"],
        )

    The provider has to know ``.../openid/acme/callback`` as a redirect URI.

    Raises:
        ValueError: The name is no part of a path, or a URL has to be ``https`` and is not.
    """

    #: The name in the paths: lower-case letters, digits, ``-`` and ``_``.
    name: str
    #: The issuer, exactly as the provider's ID tokens have it. Without TLS on loopback only.
    issuer: str
    client_id: str
    #: ``None`` for a public client, which has PKCE alone (RFC 7636).
    client_secret: str | None = field(default=None, repr=False)
    scopes: Sequence[str] = ("openid", "profile", "email")
    #: The roles of a user out of what the provider says of them. Where there is this function, it
    #: decides: the roles are set anew whenever the user signs in with the provider.
    roles: Callable[[Claims], Iterable[Enum | str]] | None = None
    #: Whether one who has no account yet gets one.
    allow_registration: bool = True
    #: Whether the provider is believed when it says that an e-mail address has been verified: then
    #: the account that has the address is the user's. Only for a provider that everybody with an
    #: account here trusts with it; it could sign in as any of them.
    trust_email: bool = False
    #: Whether a user with one-time codes needs none after the provider has asked for a second
    #: factor itself: ``mfa`` among the ``amr`` of its ID token (RFC 8176, section 2).
    trust_mfa: bool = False
    #: Whether to ask the UserInfo endpoint, where there is one (OpenID Connect Core, section 5.3).
    userinfo: bool = True
    #: Where the provider sends the browser back to, where it cannot be told from the request.
    redirect_uri: str | None = None
    #: The path of the app's page that asks for a one-time code. It finds ``mfa_token`` and
    #: ``next`` in its fragment. Without it the answer is a 403, as that of a sign-in with password.
    second_step: str | None = None
    #: How far the provider's clock may be off.
    leeway: timedelta = timedelta(minutes=1)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", self.name):
            raise ValueError(
                f"{self.name!r} cannot stand in a path: use lower-case letters, digits, - and _."
            )
        for url in (self.issuer, self.redirect_uri):
            if url is not None and not is_secure(url):
                raise ValueError(
                    f"{url!r} of the provider {self.name!r} is no URL that begins with https://."
                )
        if "openid" not in self.scopes:
            raise ValueError(f"The scopes of the provider {self.name!r} have to have 'openid'.")
        if self.second_step is not None:
            local_path(self.second_step)

    @property
    def discovery(self) -> str:
        """Where the provider describes itself (OpenID Connect Discovery 1.0, section 4.1)."""
        return self.issuer.rstrip("/") + "/.well-known/openid-configuration"


class SignInFailed(AuthError):
    """A sign-in with a provider that is refused.

    Args:
        description: Why, in words of the kit's own: nothing that came with the request.
        status: 400, or 403 where the user may not, or 409.
    """

    def __init__(self, description: str, status: int = 400) -> None:
        super().__init__(status, description)


class ProviderUnavailable(AuthError):
    """502 for a provider that cannot be reached, or does not answer as the standard has it."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(
            502,
            f"The provider {provider.name!r} cannot be reached, or does not answer as it should",
        )


def is_secure(url: str) -> bool:
    """Whether ``url`` is absolute and under TLS, or does not leave this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if not host or any(char.isspace() for char in url):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)


def local_path(path: str) -> str:
    r"""``path``, where it leads to a page of this app whatever browser reads it.

    ``//host`` is another host's, and so is ``/\host`` to browsers, which also leave out tabs and
    line ends (WHATWG URL, section 4.4).

    Raises:
        ValueError: It does not.
    """
    if not path.startswith("/") or path.startswith("//"):
        raise ValueError("has to be a path of this site, as /account")
    if "\\" in path or not path.isprintable():
        raise ValueError("must not have backslashes or control characters")
    return path


__all__ = [
    "Claims",
    "Provider",
    "ProviderUnavailable",
    "SignInFailed",
    "is_secure",
    "local_path",
]
