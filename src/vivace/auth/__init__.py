"""Sign-in for APIs: passwords, tokens, roles, one-time codes, API keys, sessions, OpenID Connect.

Everything starts with :class:`Auth`, and all that an app needs is here. Inside, a part imports from
those before it::

    errors, settings, vault -> stores -> principal, roles -> accounts
        -> credentials, expiry, mfa, openid -> guards -> routes -> kit
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vivace.extras import brought_by

with brought_by("auth"):
    from vivace.auth.credentials.signing_keys import Keys, SigningKey
    from vivace.auth.errors import (
        AuthError,
        InsufficientScope,
        InvalidCredentials,
        NotAcceptable,
        NotSignedIn,
    )
    from vivace.auth.kit import Auth
    from vivace.auth.openid.provider import Provider
    from vivace.auth.principal import Principal
    from vivace.auth.roles import Roles
    from vivace.auth.settings import (
        ApiKeySettings,
        AuthSettings,
        BackOffSettings,
        MfaSettings,
        PasswordSettings,
        SessionSettings,
        TokenSettings,
    )
    from vivace.auth.stores.memory import MemoryStore
    from vivace.auth.stores.protocol import Duplicate, Store
    from vivace.auth.stores.records import (
        ApiKey,
        Attempts,
        Challenge,
        Identity,
        PasswordReset,
        Record,
        RecoveryCode,
        RefreshToken,
        Session,
        TokenFamily,
        TotpDevice,
        User,
    )
    from vivace.auth.stores.split import SplitStore

# Imported when they are first used: not every app has their packages, or should wait for them.
_HOMES = {"RedisStore": "vivace.auth.stores.redis", "SQLStore": "vivace.auth.stores.sql"}

__all__ = [
    "ApiKey",
    "ApiKeySettings",
    "Attempts",
    "Auth",
    "AuthError",
    "AuthSettings",
    "BackOffSettings",
    "Challenge",
    "Duplicate",
    "Identity",
    "InsufficientScope",
    "InvalidCredentials",
    "Keys",
    "MemoryStore",
    "MfaSettings",
    "NotAcceptable",
    "NotSignedIn",
    "PasswordReset",
    "PasswordSettings",
    "Principal",
    "Provider",
    "Record",
    "RecoveryCode",
    "RedisStore",
    "RefreshToken",
    "Roles",
    "SQLStore",
    "Session",
    "SessionSettings",
    "SigningKey",
    "SplitStore",
    "Store",
    "TokenFamily",
    "TokenSettings",
    "TotpDevice",
    "User",
]

if TYPE_CHECKING:
    from vivace.auth.stores.redis import RedisStore
    from vivace.auth.stores.sql import SQLStore
else:
    # Type checkers would take any name for one that is here.

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
