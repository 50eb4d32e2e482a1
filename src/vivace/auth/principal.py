"""Who makes a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vivace.auth.stores.records import User

Method = Literal["token", "api_key", "session"]


@dataclass(frozen=True)
class Principal:
    """The user in whose name a request is made, and what it may do."""

    user: User
    #: What it may do: what the user's roles grant, less what the credential was not given.
    scopes: frozenset[str]
    #: The kind of credential that was sent.
    method: Method
    #: The id of the token family, the API key or the session.
    credential_id: str
    #: How the user signed in: values of ``amr`` (RFC 8176), as ``("pwd", "otp")``.
    methods: tuple[str, ...] = ()


__all__ = ["Method", "Principal"]
