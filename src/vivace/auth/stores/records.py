"""What the kit keeps, as frozen dataclasses.

Nothing here lets anyone who reads it sign in: passwords are kept as argon2id hashes, tokens, keys
and session ids as SHA-256 of long random values, recovery codes as HMACs, and secrets that have to
be read again are encrypted, under a key that is not in the store.

Every time is in UTC.

All the same it is no answer to a client. What is kept of secrets is left out where an endpoint
declares a record as what it returns, and only there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import Annotated, Any

from pydantic import Field

#: What is left out where an endpoint declares that it answers with a record.
Unshown = Field(exclude=True)


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """An id that nobody can guess: 128 random bits."""
    return token_urlsafe(16)


def unique(**options: Any) -> Any:
    """A field of which no two records of a kind have the same value; ``None`` is no value."""
    return field(metadata={"unique": True}, **options)


def indexed(**options: Any) -> Any:
    """A field by which records are looked up."""
    return field(metadata={"index": True}, **options)


@dataclass(frozen=True, kw_only=True)
class Record:
    """One thing that is kept. Its kind is its class."""

    id: str = field(default_factory=new_id)
    #: Goes up by one whenever the record is replaced, so that nobody replaces an old state.
    version: int = 0
    created_at: datetime = field(default_factory=now)


@dataclass(frozen=True, kw_only=True)
class User(Record):
    """An account."""

    #: What the user signs in with, in the form that :func:`vivace.auth.accounts.names.folded`
    #: gives it.
    name: str = unique()
    email: str | None = unique(default=None)
    #: Whether the address is known to be the user's own: a provider that is trusted with it said
    #: so, or a reset token that was sent there came back.
    email_verified: bool = False
    #: ``None`` for one who signs in with an outside provider only.
    password_hash: Annotated[str | None, Unshown] = field(default=None, repr=False)
    #: The values of roles.
    roles: tuple[str, ...] = ()
    is_active: bool = True
    #: Tokens and sessions of another epoch count for nothing: it goes up when the password is
    #: changed, and when the user signs out everywhere.
    epoch: int = 0


@dataclass(frozen=True, kw_only=True)
class TokenFamily(Record):
    """All tokens that come of one sign-in."""

    user_id: str = indexed()
    epoch: int
    scopes: tuple[str, ...] = ()
    #: How the user signed in: values of ``amr`` (RFC 8176).
    methods: tuple[str, ...] = ()
    expires_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RefreshToken(Record):
    """A refresh token. Its id is the SHA-256 of what the client has."""

    family_id: str = indexed()
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PasswordReset(Record):
    """A token by which a password can be set once. Its id is the SHA-256 of what is sent."""

    user_id: str = indexed()
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Challenge(Record):
    """A sign-in that waits for its second step. Its id is the SHA-256 of what the client has."""

    user_id: str = indexed()
    scopes: tuple[str, ...] = ()
    #: What the sign-in is for: ``token`` or ``session``.
    purpose: str
    #: How the user passed the first step: values of ``amr`` (RFC 8176).
    methods: tuple[str, ...] = ()
    #: The user's at the first step: a challenge of another epoch counts for nothing.
    epoch: int = 0
    #: Codes that were tried. Each is counted before it is looked at.
    failures: int = 0
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class TotpDevice(Record):
    """An authenticator app (RFC 6238)."""

    user_id: str = unique()
    #: The secret, encrypted.
    secret: Annotated[str, Unshown]
    confirmed_at: datetime | None = None
    #: The time step of the last code that was accepted: it, and those before it, are used up.
    last_step: int = -1
    #: The batch of the recovery codes that count.
    recovery_batch: str = ""


@dataclass(frozen=True, kw_only=True)
class RecoveryCode(Record):
    """A code for one sign-in without the authenticator app."""

    user_id: str = indexed()
    #: Stands for all codes that were made together.
    batch: str = indexed(default="")
    #: HMAC-SHA-256 of the user's id and the code, under a key that is there only encrypted.
    code_hash: Annotated[str, Unshown] = indexed()
    used_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ApiKey(Record):
    """A key for programs."""

    user_id: str = indexed()
    name: str
    #: The part of the key that is shown in lists, and by which it is found.
    prefix: str = unique()
    secret_hash: Annotated[str, Unshown]
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Session(Record):
    """A signed-in browser. Its id is the SHA-256 of what stands in the cookie."""

    user_id: str = indexed()
    epoch: int
    methods: tuple[str, ...] = ()
    #: What the browser calls itself, for the list of devices.
    user_agent: str = ""
    seen_at: datetime = field(default_factory=now)
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Identity(Record):
    """A user as an outside provider knows them."""

    user_id: str = indexed()
    #: The issuer and the subject (OpenID Connect Core, section 2), as ``issuer subject``.
    subject: str = unique()


@dataclass(frozen=True, kw_only=True)
class Attempts(Record):
    """Failed sign-ins of one account, or from one address. Its id is the SHA-256 of which."""

    failures: int = 0
    last_at: datetime = field(default_factory=now)
    #: When they are forgotten.
    expires_at: datetime


KINDS: tuple[type[Record], ...] = (
    User,
    TokenFamily,
    RefreshToken,
    PasswordReset,
    Challenge,
    TotpDevice,
    RecoveryCode,
    ApiKey,
    Session,
    Identity,
    Attempts,
)

__all__ = [
    "KINDS",
    "ApiKey",
    "Attempts",
    "Challenge",
    "Identity",
    "PasswordReset",
    "Record",
    "RecoveryCode",
    "RefreshToken",
    "Session",
    "TokenFamily",
    "TotpDevice",
    "User",
    "new_id",
    "now",
]
