"""Sign-in for APIs: passwords, tokens, roles, one-time codes, API keys, sessions, OpenID Connect.

Everything starts with :class:`Auth`.
"""

from __future__ import annotations

from vivace.auth.drivers import brought_by

with brought_by("auth"):
    from vivace.auth.errors import AuthError, InsufficientScope, InvalidCredentials, NotSignedIn
    from vivace.auth.keys import Keys, SigningKey
    from vivace.auth.kit import Auth
    from vivace.auth.openid import Provider
    from vivace.auth.principal import Principal
    from vivace.auth.records import User
    from vivace.auth.roles import Roles
    from vivace.auth.settings import AuthSettings
    from vivace.auth.store import MemoryStore, Store

__all__ = [
    "Auth",
    "AuthError",
    "AuthSettings",
    "InsufficientScope",
    "InvalidCredentials",
    "Keys",
    "MemoryStore",
    "NotSignedIn",
    "Principal",
    "Provider",
    "Roles",
    "SigningKey",
    "Store",
    "User",
]
