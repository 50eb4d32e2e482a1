"""Whose account an identity at a provider is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from secrets import token_hex

from vivace.auth.accounts.names import checked_email, folded, is_name
from vivace.auth.errors import NotAcceptable
from vivace.auth.openid.provider import Claims, Provider, SignInFailed
from vivace.auth.roles import Roles, scope_name
from vivace.auth.stores.protocol import Duplicate, Store
from vivace.auth.stores.records import ApiKey, Identity, User

#: How often a change is tried again when others were faster.
_TRIES = 10
_LONGEST_NAME = 32


class OpenIDAccounts:
    """Finds, links and registers the accounts of those who come from a provider.

    An identity is its issuer and its subject (OpenID Connect Core, section 5.7): neither a name nor
    an e-mail address, which can change hands.
    """

    def __init__(self, store: Store, roles: Roles) -> None:
        self._store = store
        self._roles = roles

    async def sign_in(self, provider: Provider, claims: Claims) -> User:
        """The user who has this identity; registered, where nobody has it yet.

        Raises:
            SignInFailed: 403 for a user who is not active, or where nobody may register;
                409 where others keep being faster.
        """
        for _ in range(_TRIES):
            user = await self._owner(subject_of(claims)) or await self._new_owner(provider, claims)
            if user is None:
                continue
            _check_active(user)
            return await self._with_roles(user, provider, claims)
        raise _busy()

    async def link(self, user: User, claims: Claims) -> None:
        """Let ``user`` sign in with this identity from now on.

        Raises:
            SignInFailed: 409 where it is somebody else's.
        """
        subject = subject_of(claims)
        for _ in range(_TRIES):
            owner = await self._owner(subject)
            if owner is not None:
                if owner.id != user.id:
                    raise SignInFailed("This identity belongs to another account", 409)
                return
            if await self._add_identity(user, subject):
                return
        raise _busy()

    async def _owner(self, subject: str) -> User | None:
        for identity in await self._store.find(Identity, subject=subject):
            user = await self._store.get(User, identity.user_id)
            if user is not None:
                return user
            # The account is no more: whoever comes back is new.
            await self._store.remove(Identity, id=identity.id)
        return None

    async def _new_owner(self, provider: Provider, claims: Claims) -> User | None:
        """The account that the identity now belongs to; ``None`` where somebody was faster."""
        email = _trusted_email(provider, claims)
        known = await self._store.find(User, email=email) if email is not None else []
        if known:
            _check_active(known[0])
            user = await self._claimed(known[0])
            if user is None or not await self._add_identity(user, subject_of(claims)):
                return None
            return user
        if not provider.allow_registration:
            raise SignInFailed("There is no account for this identity", 403)
        user = await self._registered(claims, email)
        if user is not None and not await self._add_identity(user, subject_of(claims)):
            await self._store.remove(User, id=user.id)
            return None
        return user

    async def _claimed(self, user: User) -> User | None:
        """``user`` without anything by which another than the owner of the address gets in.

        Nobody has shown yet that the address is theirs. One who registered with it before its owner
        came would else share the account with them. One-time codes stay: they let nobody in alone.
        """
        if user.email_verified:
            return user
        reset = await self._store.replace(user, password_hash=None, epoch=user.epoch + 1)
        if reset is None:
            return None
        # Only when these are gone: whoever stops half-way begins again.
        await self._store.remove(ApiKey, user_id=user.id)
        await self._store.remove(Identity, user_id=user.id)
        return await self._store.replace(reset, email_verified=True)

    async def _registered(self, claims: Claims, email: str | None) -> User | None:
        for name in _names(claims):
            user = User(name=name, email=email, email_verified=email is not None)
            try:
                await self._store.add(user)
            except Duplicate as taken:
                if taken.name == "email":
                    return None
            else:
                return user
        return None

    async def _add_identity(self, user: User, subject: str) -> bool:
        try:
            await self._store.add(Identity(user_id=user.id, subject=subject))
        except Duplicate:
            return False
        return True

    async def _with_roles(self, user: User, provider: Provider, claims: Claims) -> User:
        """``user`` with the roles that the provider's claims give, where they give any."""
        if provider.roles is None:
            return user
        named = map(scope_name, provider.roles(claims))
        roles = tuple(sorted(self._roles.roles_in(named)))
        for _ in range(_TRIES):
            if tuple(sorted(user.roles)) == roles:
                return user
            changed = await self._store.replace(user, roles=roles)
            if changed is not None:
                return changed
            current = await self._store.get(User, user.id)
            if current is None:
                break
            _check_active(current)
            user = current
        raise _busy()


def subject_of(claims: Claims) -> str:
    """The identity as it is kept: issuer and subject. An issuer has no space in it."""
    return f"{claims['iss']} {claims['sub']}"


def _trusted_email(provider: Provider, claims: Claims) -> str | None:
    """The user's address, where the provider is believed that it is.

    Without that, none is kept: else anybody could put another's address on an account of their own,
    and wait for its owner to come.
    """
    verified = claims.get("email_verified")
    # Some providers send the text "true".
    if not provider.trust_email or not (verified is True or verified == "true"):
        return None
    email = claims.get("email")
    # Folding may make one address of two where there are letters beyond ASCII.
    if not isinstance(email, str) or not email.isascii():
        return None
    try:
        return checked_email(email)
    except NotAcceptable:
        return None


def _names(claims: Claims) -> Iterator[str]:
    """What a new account might be called: first what its owner would expect."""
    base = _base_name(claims)
    yield base
    for _ in range(_TRIES):
        yield f"{base}-{token_hex(3)}"


def _base_name(claims: Claims) -> str:
    for claim in ("preferred_username", "nickname", "email", "name", "given_name"):
        value = claims.get(claim)
        if not isinstance(value, str):
            continue
        # Never an address: passwords are reset by it, and it may be another's.
        name = re.sub(r"[^\w.]+", "-", folded(value.partition("@")[0]))
        name = name[:_LONGEST_NAME].strip("-._")
        if is_name(name):
            return name
    return "user"


def _check_active(user: User) -> None:
    if not user.is_active:
        raise SignInFailed("This account is not active", 403)


def _busy() -> SignInFailed:
    return SignInFailed("The account is being changed: try again", 409)


__all__ = ["OpenIDAccounts", "subject_of"]
