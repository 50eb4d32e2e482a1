"""How the kit behaves, apart from keys, roles and the store."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from vivace.addresses import ClientAddress
from vivace.requests import HTTPConnection


@dataclass(frozen=True, kw_only=True)
class TokenSettings:
    """Access and refresh tokens."""

    #: ``iss`` and ``aud`` of access tokens (RFC 7519, sections 4.1.1 and 4.1.3).
    issuer: str = "vivace"
    audience: str = "vivace"
    access_lifetime: timedelta = timedelta(minutes=10)
    #: A refresh token that is not used for so long expires ...
    refresh_lifetime: timedelta = timedelta(days=30)
    #: ... and in any case so long after the sign-in, however often there was a new one.
    absolute_lifetime: timedelta = timedelta(days=90)
    #: How far the clocks of the servers may be apart.
    leeway: timedelta = timedelta(seconds=10)
    #: For how long a process may take an access token for good that it has found good: so long a
    #: revoked one still works there. Zero asks the store in each request.
    trust: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class PasswordSettings:
    """What passwords have to be (NIST SP 800-63B, section 5.1.1.2: long, and nothing else)."""

    min_length: int = 10
    max_length: int = 1024
    #: Passwords that are too common to be taken, in lower case.
    refused: Collection[str] = frozenset()
    #: What an argon2id hash costs: passes, KiB, and threads. This is the second choice that RFC
    #: 9106 (section 4) recommends; hashes that cost less are made anew at the next sign-in.
    time_cost: int = 3
    memory_cost: int = 65536
    parallelism: int = 4
    reset_lifetime: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True)
class SessionSettings:
    """Sessions in cookies."""

    cookie: str = "session"
    csrf_cookie: str = "csrf"
    csrf_header: str = "x-csrf-token"
    #: ``False`` only where a browser is to reach a server without TLS, as in development.
    secure: bool = True
    same_site: Literal["lax", "strict", "none"] = "lax"
    path: str = "/"
    domain: str | None = None
    #: Origins besides the app's own whose pages may act in a session, as ``https://app.example``.
    trusted_origins: tuple[str, ...] = ()
    #: A session ends after so long without a request ...
    idle: timedelta = timedelta(hours=2)
    #: ... and in any case so long after the sign-in.
    absolute: timedelta = timedelta(days=14)


@dataclass(frozen=True, kw_only=True)
class MfaSettings:
    """One-time codes (RFC 6238: six digits, steps of 30 seconds, SHA-1 as apps expect)."""

    #: The name that authenticator apps show.
    issuer: str = "Vivace"
    #: How many steps the clock of the user may be off, in either direction.
    drift: int = 1
    recovery_codes: int = 10
    challenge_lifetime: timedelta = timedelta(minutes=5)
    #: A challenge takes so many wrong codes and no more.
    max_failures: int = 5


@dataclass(frozen=True, kw_only=True)
class ApiKeySettings:
    """Keys for programs."""

    #: What every key begins with, so that scanners for secrets know it.
    prefix: str = "vvc"
    header: str = "x-api-key"
    #: The name in the query; ``None`` for keys that are not taken from there, where logs see them.
    query: str | None = None
    cookie: str | None = None
    #: How many keys that are accepted a user may have. Who asks for several at once may get more.
    most: int = 100
    #: A use is written down at most so often.
    note_use_every: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class BackOffSettings:
    """What failed sign-ins cost: after ``free`` of them each one doubles the wait."""

    #: Of one account.
    free_by_account: int = 5
    #: From one address, which many may share.
    free_by_address: int = 20
    first_wait: timedelta = timedelta(seconds=1)
    longest_wait: timedelta = timedelta(minutes=15)
    #: Failures are forgotten after so long without one.
    memory: timedelta = timedelta(hours=24)
    #: Tells the address of a client; behind proxies that the server does not know, say which.
    address: ClientAddress = field(default_factory=ClientAddress)

    def address_of(self, connection: HTTPConnection) -> str | None:
        """The address that attempts over ``connection`` count for."""
        found = self.address.find(connection)
        if found is not None:
            return str(found)
        # Some servers say something that is no address, and yet tells clients apart.
        return connection.client.host if connection.client else None


@dataclass(frozen=True, kw_only=True)
class AuthSettings:
    """Everything that can be set."""

    #: Whether anyone may make an account, by ``POST /register``.
    registration: bool = True
    tokens: TokenSettings = field(default_factory=TokenSettings)
    passwords: PasswordSettings = field(default_factory=PasswordSettings)
    sessions: SessionSettings = field(default_factory=SessionSettings)
    mfa: MfaSettings = field(default_factory=MfaSettings)
    api_keys: ApiKeySettings = field(default_factory=ApiKeySettings)
    back_off: BackOffSettings = field(default_factory=BackOffSettings)


__all__ = [
    "ApiKeySettings",
    "AuthSettings",
    "BackOffSettings",
    "MfaSettings",
    "PasswordSettings",
    "SessionSettings",
    "TokenSettings",
]
