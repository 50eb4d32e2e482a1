"""Accounts: making them, signing in to them with a password, changing and resetting it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from enum import Enum
from typing import Any

from vivace.auth.accounts.back_off import Attempt, BackOff
from vivace.auth.accounts.names import LONGEST, checked_email, checked_name, folded, is_name
from vivace.auth.accounts.passwords import Passwords
from vivace.auth.errors import (
    InvalidCredentials,
    InvalidReset,
    InvalidSignIn,
    NotAcceptable,
    TooManyAttempts,
    WrongPassword,
)
from vivace.auth.roles import scope_name
from vivace.auth.settings import PasswordSettings
from vivace.auth.stores import records
from vivace.auth.stores.protocol import Store
from vivace.auth.stores.records import ApiKey, Identity, PasswordReset, User
from vivace.auth.vault import digest, new_token

#: Sends a user the token by which a new password can be set, in a link to their email address.
#: Whoever comes back with the token is taken for the owner of that address.
SendReset = Callable[[User, str], Awaitable[None]]

#: What is changed of a user, as of now; it may raise where it may not be any more.
Change = Callable[[User], Mapping[str, Any]]


class Accounts:
    """The accounts of a kit.

    Args:
        store: Where they are kept.
        passwords: Hashes and verifies.
        back_off: Makes guessing slow.
        settings: How long a reset token can be used.
        send_reset: Sends reset tokens; ``None`` where passwords cannot be reset.
    """

    def __init__(
        self,
        store: Store,
        passwords: Passwords,
        back_off: BackOff,
        settings: PasswordSettings,
        send_reset: SendReset | None,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._back_off = back_off
        self._settings = settings
        self._send_reset = send_reset
        self._watchers: list[Callable[[User], None]] = []

    @property
    def can_reset(self) -> bool:
        """Whether there is a way for reset tokens to be sent."""
        return self._send_reset is not None

    def watch(self, watcher: Callable[[User], None]) -> None:
        """Have ``watcher`` called with each user whom this process has changed, as they are then.

        For what remembers users as they were. Once is enough, and more change nothing.
        """
        if watcher not in self._watchers:
            self._watchers.append(watcher)

    async def register(
        self,
        name: str,
        password: str,
        *,
        email: str | None = None,
        roles: Iterable[Enum | str] = (),
    ) -> User:
        """Make an account.

        That the email address is the user's own is not known by this. Do not take it for proof of
        who somebody is.

        Raises:
            NotAcceptable: No account can have this name, password or address; a
                :class:`ValueError`.
            Duplicate: There is an account of this name or address, of which one is named.
        """
        name = checked_name(name)
        email = None if email is None else checked_email(email)
        self._passwords.check(password, name=name)
        if email is not None:
            self._passwords.check(password, name=email)
        user = User(
            name=name,
            email=email,
            password_hash=await self._passwords.hash(password),
            roles=tuple(map(scope_name, roles)),
        )
        # Of two at once one gets the name: the store sees to that, so nobody asks before.
        await self._store.add(user)
        return user

    async def find(self, name: str) -> User | None:
        """The user of this name, however it is written; ``None`` where there is none."""
        return await self._find(folded(name[: LONGEST + 1]))

    async def sign_in(self, name: str, password: str, *, address: str | None) -> User:
        """The user of this name and password.

        What is done, and how long it takes, is the same whether there is such a user or not, and
        whether they have a password and are active.

        Args:
            address: The address of the client, where it is known.

        Raises:
            InvalidSignIn: There is none; or the password is wrong; or the account is not active.
            TooManyAttempts: Too many attempts have failed, of the account or from the address.
        """
        # What is longer is no name in any case.
        name = folded(name[: LONGEST + 1])
        attempt = await self._back_off.begin(account=name, address=address)
        user = await self._find(name)
        right, new_hash = await self._passwords.verify(
            password, user.password_hash if user else None
        )
        if user is None or not right or not user.is_active:
            raise InvalidSignIn
        await self._back_off.succeeded(account=name, attempt=attempt)
        if new_hash is None:
            return user
        # Where somebody has changed the user meanwhile, the next sign-in will do.
        return await self._store.replace(user, password_hash=new_hash) or user

    async def reauthenticate(
        self, user: User, password: str, *, address: str | None = None
    ) -> User:
        """The user as they are now, if ``password`` is theirs: before what needs more than a token.

        Raises:
            WrongPassword: It is not.
            TooManyAttempts: Too many attempts have failed, of the account or from the address.
            InvalidCredentials: The account is gone, or not active.
        """
        # Counted apart from signing in: strangers who try that do not keep the user from this.
        account = {"account": user.id, "purpose": "reauthentication"}
        attempt = await self._back_off.begin(**account, address=address)
        current = await self._store.get(User, user.id)
        right, _ = await self._passwords.verify(
            password, current.password_hash if current else None
        )
        if current is None or not current.is_active:
            raise InvalidCredentials
        if not right:
            raise WrongPassword
        await self._back_off.succeeded(**account, attempt=attempt)
        return current

    async def change_password(
        self, user: User, old: str, new: str, *, address: str | None = None
    ) -> User:
        """Set another password, which ends all tokens and sessions of the user.

        Raises:
            NotAcceptable: ``new`` is no good password.
            WrongPassword: ``old`` is wrong.
            TooManyAttempts: Too many attempts have failed, of the account or from the address.
            InvalidCredentials: The account is gone, or not active.
        """
        self._check_new(new, user)
        current = await self.reauthenticate(user, old, address=address)
        new_hash = await self._passwords.hash(new)

        def change(now: User) -> Mapping[str, Any]:
            if now.epoch != current.epoch and now.password_hash != current.password_hash:
                raise WrongPassword  # Somebody has just set another one.
            if not now.is_active:
                raise InvalidCredentials
            return {"password_hash": new_hash, "epoch": now.epoch + 1}

        changed = await self._change(current, change)
        await self._store.remove(PasswordReset, user_id=user.id)
        return changed

    async def request_reset(self, name_or_email: str, *, address: str | None = None) -> None:
        """Send a reset token to the user of this name, and to the one of this email address.

        Nothing is given back whether there is such a user or not. Only the time that it takes
        tells: call it in the background, when the client has had its answer.

        Nothing is sent to those who are not active or have no password, nor again and again: see
        :class:`~vivace.auth.accounts.back_off.BackOff`. Whoever is waiting for that has been sent
        several tokens already.

        Args:
            address: The address of the client, where it is known.

        Raises:
            RuntimeError: There is no ``send_reset``. What that raises is raised as well.
        """
        send = self._send_reset
        if send is None:
            raise RuntimeError("There is no way to send a token: give the kit a send_reset.")
        name_or_email = name_or_email[: LONGEST + 1]
        if await self._begin_reset(folded(name_or_email), address) is None:
            return
        for user in await self._find_all(name_or_email):
            if user.is_active and user.password_hash is not None:
                await send(user, await self._new_reset(user))

    async def reset(self, token: str, new_password: str) -> User:
        """Set a password by a token, which ends all tokens and sessions of the user.

        All other reset tokens of the user are void then. The account waits no more for failed
        attempts. The email address is known to be the user's own from now on; if it was not before,
        somebody else may have made the account, so its API keys and identities at providers go.

        Raises:
            InvalidReset: The token is unknown, expired, used or void.
            NotAcceptable: ``new_password`` is no good password; the token can be used again.
        """
        record = await self._find_reset(token)
        user = await self._store.get(User, record.user_id)
        if user is None or not user.is_active:
            raise InvalidReset
        self._check_new(new_password, user)
        new_hash = await self._passwords.hash(new_password)
        # Of several that come with one token, one gets past this.
        if await self._store.replace(record, used_at=records.now()) is None:
            raise InvalidReset

        def change(now: User) -> Mapping[str, Any]:
            if now.epoch != user.epoch or not now.is_active:
                raise InvalidReset  # Another token has just been used.
            return {"password_hash": new_hash, "epoch": now.epoch + 1}

        changed = await self._change(user, change)
        await self._store.remove(PasswordReset, user_id=user.id)
        await self._forgive(changed)
        return await self._verify_email(changed)

    async def sign_out_everywhere(self, user: User) -> User:
        """End all tokens and sessions of the user, who has to sign in again.

        Raises:
            InvalidCredentials: The account is gone.
        """
        return await self._change(user, lambda now: {"epoch": now.epoch + 1})

    async def set_roles(self, user: User, roles: Iterable[Enum | str]) -> User:
        """Give the user these roles and no others, from the next request on.

        Raises:
            InvalidCredentials: The account is gone.
        """
        values = tuple(map(scope_name, roles))
        return await self._change(user, lambda now: {"roles": values})

    async def deactivate(self, user: User) -> User:
        """Refuse the user from now on, whatever they come with; reset tokens are void.

        Raises:
            InvalidCredentials: The account is gone.
        """
        changed = await self._change(user, lambda now: {"is_active": False, "epoch": now.epoch + 1})
        await self._store.remove(PasswordReset, user_id=user.id)
        return changed

    async def activate(self, user: User) -> User:
        """Let a user in again who was deactivated, with the same password.

        Raises:
            InvalidCredentials: The account is gone.
        """
        return await self._change(user, lambda now: {"is_active": True})

    async def _change(self, user: User, change: Change) -> User:
        """Replace the user, over whatever others change meanwhile."""
        current: User | None = user
        while current is not None:
            changed = await self._store.replace(current, **change(current))
            if changed is not None:
                for watcher in self._watchers:
                    watcher(changed)
                return changed
            current = await self._store.get(User, user.id)
        raise InvalidCredentials

    async def _find(self, name: str) -> User | None:
        # A store is asked only for what it can have: not every database takes every character.
        found = await self._store.find(User, name=name) if is_name(name) else []
        return found[0] if found else None

    async def _find_all(self, name_or_email: str) -> list[User]:
        """Who has it as a name, and who as an address, which may be two: each has their own."""
        named = await self._find(folded(name_or_email))
        found = [] if named is None else [named]
        try:
            found += await self._store.find(User, email=checked_email(name_or_email))
        except NotAcceptable:
            return found
        return list({user.id: user for user in found}.values())

    async def _begin_reset(self, name: str, address: str | None) -> Attempt | None:
        try:
            return await self._back_off.begin(account=name, address=address, purpose="reset")
        except TooManyAttempts:
            return None

    async def _new_reset(self, user: User) -> str:
        token = new_token()
        expires_at = records.now() + self._settings.reset_lifetime
        await self._store.remove_expired(PasswordReset)
        await self._store.add(
            PasswordReset(id=digest(token), user_id=user.id, expires_at=expires_at)
        )
        return token

    async def _find_reset(self, token: str) -> PasswordReset:
        try:
            record = await self._store.get(PasswordReset, digest(token))
        except UnicodeEncodeError:
            raise InvalidReset from None
        if record is None or record.used_at is not None or record.expires_at <= records.now():
            raise InvalidReset
        return record

    async def _verify_email(self, user: User) -> User:
        if user.email is None or user.email_verified:
            return user
        # Before it is written down, so that whoever stops half-way begins again.
        await self._store.remove(ApiKey, user_id=user.id)
        await self._store.remove(Identity, user_id=user.id)
        return await self._change(user, lambda now: {"email_verified": True})

    async def _forgive(self, user: User) -> None:
        """Whoever has the mailbox is no stranger: no more waiting for what strangers did."""
        await self._back_off.succeeded(account=user.name)
        for name in filter(None, (user.name, user.email)):
            await self._back_off.succeeded(account=folded(name), purpose="reset")

    def _check_new(self, password: str, user: User) -> None:
        for name in (user.name, user.email or ""):
            self._passwords.check(password, name=name)


__all__ = ["Accounts", "SendReset"]
