"""API keys: credentials for programs, which are shown once and kept as hashes.

A key is ``vvc_<prefix>_<secret><checksum>``: what all keys of an app begin with, 16 characters by
which it is found, 52 characters that stand for 256 random bits, and the CRC-32 of all that in 8
hexadecimal digits. So scanners for leaked secrets know a key by its shape, and tell it from a text
that only looks like one without asking anybody.
"""

from __future__ import annotations

import re
from base64 import b32encode
from binascii import crc32
from collections.abc import Iterable
from datetime import datetime
from hmac import compare_digest
from secrets import token_bytes

from vivace.auth.credentials.last_use import note_use
from vivace.auth.errors import InsufficientScope, InvalidCredentials, TooManyKeys
from vivace.auth.principal import Principal
from vivace.auth.roles import Roles
from vivace.auth.settings import ApiKeySettings
from vivace.auth.stores.protocol import Store
from vivace.auth.stores.records import ApiKey, User, now
from vivace.auth.vault import digest


class ApiKeys:
    """Makes API keys, and tells whose they are."""

    def __init__(self, store: Store, roles: Roles, settings: ApiKeySettings) -> None:
        self._store = store
        self._roles = roles
        self._settings = settings
        self._shape = re.compile(
            rf"({re.escape(settings.prefix)}_([a-z2-7]{{16}})_[a-z2-7]{{52}})([0-9a-f]{{8}})"
        )

    async def make(
        self,
        user: User,
        *,
        name: str,
        scopes: Iterable[str] = (),
        expires_at: datetime | None = None,
        granted: frozenset[str],
    ) -> tuple[str, ApiKey]:
        """A new key for ``user``: what the client is given, this once, and what is kept of it.

        Args:
            name: What the user knows it by.
            scopes: What it may do, and nothing else: none asked for is none given. A role brings
                what it contains.
            expires_at: From when on it is not accepted any more; by default it always is.
            granted: What the credential may do with which the key is asked for.

        Raises:
            InsufficientScope: A scope is none of ``granted``.
            TooManyKeys: The user has as many as they may.
            ValueError: ``expires_at`` is in the past.
        """
        asked = frozenset(scopes)
        if not asked <= granted:
            # Only names that exist are named: others may not even fit into a header.
            raise InsufficientScope(asked & self._roles.descriptions.keys())
        if expires_at is not None and expires_at <= now():
            raise ValueError(f"The key would have expired already, at {expires_at}.")
        if sum(_is_accepted(one) for one in await self.of(user)) >= self._settings.most:
            raise TooManyKeys(self._settings.most)
        contained = self._roles.scopes_of(self._roles.roles_in(asked))
        prefix, secret = _random_text(10), _random_text(32)
        kept = ApiKey(
            user_id=user.id,
            name=name,
            prefix=prefix,
            secret_hash=digest(secret),
            scopes=tuple(sorted(asked | (contained & granted))),
            expires_at=expires_at,
        )
        await self._store.add(kept)
        key = f"{self._settings.prefix}_{prefix}_{secret}"
        return key + _checksum(key), kept

    async def verify(self, key: str) -> Principal:
        """Whose key it is, and what it may do: never more than its owner may at present.

        Raises:
            InvalidCredentials: There is no such key, it is revoked or has expired, or its owner is
                not active.
        """
        kept = await self._find(key)
        if kept is None or not _is_accepted(kept):
            raise InvalidCredentials
        user = await self._store.get(User, kept.user_id)
        if user is None or not user.is_active:
            raise InvalidCredentials
        await note_use(self._store, kept, self._settings.note_use_every)
        return Principal(
            user=user,
            scopes=self._roles.scopes_of(user.roles).intersection(kept.scopes),
            method="api_key",
            credential_id=kept.id,
        )

    async def of(self, user: User) -> list[ApiKey]:
        """All keys of ``user``, the oldest first; also those that are not accepted any more."""
        return await self._store.find(ApiKey, user_id=user.id)

    async def revoke(self, user: User, id: str) -> bool:
        """End a key of ``user``; ``False`` where they have none of this id."""
        # Its last use may be written down at the same time: then it is looked at once more.
        while kept := next((one for one in await self.of(user) if one.id == id), None):
            if kept.revoked_at is not None:
                return True
            if await self._store.replace(kept, revoked_at=now()) is not None:
                return True
        return False

    async def _find(self, key: str) -> ApiKey | None:
        parts = self._shape.fullmatch(key)
        if parts is None:
            return None
        body, prefix, checksum = parts.groups()
        if checksum != _checksum(body):
            return None
        secret_hash = digest(body[-52:])
        for kept in await self._store.find(ApiKey, prefix=prefix):
            if compare_digest(kept.secret_hash, secret_hash):
                return kept
        return None


def _is_accepted(key: ApiKey) -> bool:
    has_expired = key.expires_at is not None and key.expires_at <= now()
    return key.revoked_at is None and not has_expired


def _random_text(size: int) -> str:
    """``size`` random bytes in base 32 (RFC 4648, section 6), in lower case and unpadded."""
    return b32encode(token_bytes(size)).decode().rstrip("=").lower()


def _checksum(body: str) -> str:
    return f"{crc32(body.encode()):08x}"


__all__ = ["ApiKeys"]
