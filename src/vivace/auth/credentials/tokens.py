"""Access tokens, and the refresh tokens by which a client gets new ones.

An access token is a JWT (RFC 9068) and lives for minutes. A refresh token is a random value of
which the store has the SHA-256; it is good for one use, and gives a new one (RFC 9700, section
4.14.2). All that come of one sign-in are a family, and end together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import jwt

from vivace.auth.credentials.family_cache import FamilyCache
from vivace.auth.credentials.signing_keys import LONGEST_TOKEN, Keys
from vivace.auth.errors import InvalidCredentials, OAuthError
from vivace.auth.principal import Principal
from vivace.auth.roles import Roles
from vivace.auth.settings import TokenSettings
from vivace.auth.stores.protocol import Store
from vivace.auth.stores.records import RefreshToken, TokenFamily, User, new_id, now
from vivace.auth.vault import digest, new_token


@dataclass(frozen=True)
class TokenPair:
    """What a client is given (RFC 6749, section 5.1)."""

    access_token: str
    refresh_token: str
    #: Seconds until the access token expires.
    expires_in: int
    #: What the access token is good for, with spaces between.
    scope: str
    token_type: str = "bearer"


@dataclass(frozen=True)
class _Claims:
    """What an access token says, once it has been verified."""

    user_id: str
    family_id: str
    epoch: int
    scopes: frozenset[str]


class Tokens:
    """Gives tokens out, renews them, takes them back, and says whose they are."""

    def __init__(self, store: Store, keys: Keys, roles: Roles, settings: TokenSettings) -> None:
        self._store = store
        self._keys = keys
        self._roles = roles
        self._settings = settings
        self._cache = FamilyCache(settings.trust)

    def scopes_for(self, user: User, asked: Iterable[str]) -> frozenset[str]:
        """What a user who asks for these scopes is given: them, or all where none are asked for.

        Raises:
            OAuthError: ``invalid_scope``: one of them is not the user's to have.
        """
        return _granted(asked, self._roles.scopes_of(user.roles))

    async def start(
        self, user: User, *, scopes: Iterable[str] = (), methods: tuple[str, ...]
    ) -> TokenPair:
        """The first tokens of a new family, for one who has just signed in.

        Args:
            user: Who.
            scopes: What for; nothing stands for all that the user may do.
            methods: How they have signed in: values of ``amr`` (RFC 8176).

        Raises:
            OAuthError: ``invalid_scope``: a scope is not the user's to have; ``invalid_grant``:
                the user has been made inactive.
        """
        granted = self.scopes_for(user, scopes)
        if not user.is_active:
            raise OAuthError("invalid_grant", "The user may not sign in")
        family = TokenFamily(
            user_id=user.id,
            epoch=user.epoch,
            scopes=tuple(sorted(granted)),
            methods=tuple(methods),
            expires_at=now() + self._settings.absolute_lifetime,
        )
        await self._store.add(family)
        return await self._issue(family, granted)

    async def refresh(self, refresh_token: str, *, scopes: Iterable[str] = ()) -> TokenPair:
        """New tokens for a refresh token, which is used up by it (RFC 6749, section 6).

        One that comes a second time ends the family: it has been stolen, and nobody can say
        whether the thief was first. Nothing else happens where a client lost the answer and tries
        again, or uses one token twice at a time, for that looks the same; a time of grace for it
        would be the thief's as well. The user then signs in again.

        Args:
            refresh_token: What the client has.
            scopes: Some of those of the sign-in, for an access token that can do less. The refresh
                token still has them all.

        Raises:
            OAuthError: ``invalid_grant``: the token is not good, whatever the reason;
                ``invalid_scope``: a scope is not among those of the sign-in, or the user has lost
                it. The token can still be used.
        """
        token = await self._find_refresh_token(refresh_token)
        if token is None:
            raise _invalid_grant()
        if token.used_at is not None:
            await self._end(token.family_id)
            raise _invalid_grant()
        found = await self._look_up(token.family_id)
        if found is None or token.expires_at <= now():
            raise _invalid_grant()
        user, family = found
        granted = _granted(scopes, self._scopes_of(user, family))
        if await self._store.replace(token, used_at=now()) is None:
            await self._end(family.id)
            raise _invalid_grant()
        return await self._issue(family, granted)

    async def revoke(self, token: str) -> None:
        """End the family of a token, of either kind (RFC 7009, section 2.1).

        Nothing happens where there is no such token, or it is an access token that does not count
        any more (section 2.2).
        """
        try:
            # A refresh token has no dots in it.
            family_id = self._read(token).family_id if "." in token else None
        except InvalidCredentials:
            return
        if family_id is None:
            found = await self._find_refresh_token(token)
            if found is None:
                return
            family_id = found.family_id
        await self._end(family_id)

    async def end_all(self, user: User) -> None:
        """End all families of a user."""
        for family in await self._store.find(TokenFamily, user_id=user.id):
            if family.ended_at is None:
                await self._end(family.id)
        self.forget(user)

    def forget(self, user: User) -> None:
        """To be called when the store has the user with another epoch or other roles.

        Other processes see that once their trust has run out; this one sees it at once.
        """
        self._cache.forget_user(user.id)

    async def verify(self, token: str) -> Principal:
        """Who sent this access token, and what they may do by it.

        Raises:
            InvalidCredentials: It is not good, whatever the reason.
        """
        claims = self._read(token)
        found = self._cache.get(claims.family_id)
        if found is None:
            forgotten = self._cache.forgotten
            found = await self._look_up(claims.family_id)
            if found is None:
                raise InvalidCredentials
            self._cache.keep(*found, forgotten=forgotten)
        user, family = found
        if family.expires_at <= now() or (claims.user_id, claims.epoch) != (user.id, user.epoch):
            raise InvalidCredentials
        scopes = claims.scopes & self._scopes_of(user, family)
        return Principal(user, scopes, "token", family.id, family.methods)

    async def _look_up(self, family_id: str) -> tuple[User, TokenFamily] | None:
        """User and family, where both are in good standing."""
        family = await self._store.get(TokenFamily, family_id)
        if family is None or family.ended_at is not None or family.expires_at <= now():
            return None
        user = await self._store.get(User, family.user_id)
        if user is None or not user.is_active or user.epoch != family.epoch:
            return None
        return user, family

    def _scopes_of(self, user: User, family: TokenFamily) -> frozenset[str]:
        """What the family was given, less what the user has lost since."""
        return self._roles.scopes_of(user.roles) & frozenset(family.scopes)

    async def _find_refresh_token(self, token: str) -> RefreshToken | None:
        if len(token) > LONGEST_TOKEN or not token.isascii():
            return None
        return await self._store.get(RefreshToken, digest(token))

    async def _issue(self, family: TokenFamily, scopes: frozenset[str]) -> TokenPair:
        time, scope = now(), " ".join(sorted(scopes))
        refresh_token = new_token()
        expires_at = min(time + self._settings.refresh_lifetime, family.expires_at)
        await self._store.add(
            RefreshToken(id=digest(refresh_token), family_id=family.id, expires_at=expires_at)
        )
        issued_at = int(time.timestamp())
        expires = int(min(time + self._settings.access_lifetime, family.expires_at).timestamp())
        access_token = self._keys.encode(
            {
                "iss": self._settings.issuer,
                "aud": self._settings.audience,
                "sub": family.user_id,
                "sid": family.id,
                "epoch": family.epoch,
                "scope": scope,
                "amr": list(family.methods),
                "jti": new_id(),
                "iat": issued_at,
                "nbf": issued_at,
                "exp": expires,
            }
        )
        return TokenPair(access_token, refresh_token, expires - issued_at, scope)

    async def _end(self, family_id: str) -> None:
        while True:
            family = await self._store.get(TokenFamily, family_id)
            if family is None or family.ended_at is not None:
                break
            if await self._store.replace(family, ended_at=now()) is not None:
                break
        # Only now: what was read before it is kept by nobody.
        self._cache.forget(family_id)

    def _read(self, token: str) -> _Claims:
        settings = self._settings
        try:
            claims = self._keys.decode(
                token,
                issuer=settings.issuer,
                audience=settings.audience,
                leeway=settings.leeway,
            )
        except jwt.InvalidTokenError:
            raise InvalidCredentials from None
        return _checked(claims)


def _checked(claims: dict[str, Any]) -> _Claims:
    """The claims, where they are as this module writes them.

    Another app may sign with the same key.
    """
    family_id, epoch, scope = claims.get("sid"), claims.get("epoch"), claims.get("scope")
    if not (isinstance(family_id, str) and type(epoch) is int and isinstance(scope, str)):
        raise InvalidCredentials
    return _Claims(claims["sub"], family_id, epoch, frozenset(scope.split()))


def _granted(asked: Iterable[str], most: frozenset[str]) -> frozenset[str]:
    """What is given to one who may have ``most`` (RFC 6749, section 3.3)."""
    scopes = frozenset(asked)
    if not scopes <= most:
        raise OAuthError("invalid_scope", "A scope is unknown, or may not be granted here")
    return scopes or most


def _invalid_grant() -> OAuthError:
    return OAuthError("invalid_grant", "The refresh token is not valid")


__all__ = ["TokenPair", "Tokens"]
