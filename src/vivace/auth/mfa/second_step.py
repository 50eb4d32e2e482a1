"""The second step of a sign-in, and what a user sets it up with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from vivace.auth.accounts.back_off import BackOff
from vivace.auth.errors import InvalidChallenge, InvalidCode, MfaConflict
from vivace.auth.mfa.challenges import Challenges
from vivace.auth.mfa.recovery_codes import RecoveryCodes
from vivace.auth.mfa.totp import Enrolment, TotpDevices
from vivace.auth.settings import MfaSettings
from vivace.auth.stores.protocol import Store
from vivace.auth.stores.records import Challenge, TotpDevice, User, now
from vivace.auth.vault import Vault

#: How a code counts in ``amr``: ``otp`` is of RFC 8176; it has no word for recovery codes.
CodeMethod = Literal["otp", "rc"]

#: What wrong codes count for.
_PURPOSE = "code"


@dataclass(frozen=True)
class MfaState:
    """How far a user has come with the second step."""

    #: ``unconfirmed`` means that an app has been enrolled and no code of it been seen yet: sign-in
    #: does not ask for one.
    state: Literal["disabled", "unconfirmed", "enabled"]
    recovery_codes_left: int = 0


class Mfa:
    """Sign-in in two steps: one-time codes of an authenticator app, or recovery codes.

    Wrong codes count for the account, apart from wrong passwords: otherwise whoever has the
    password could take the count back between guesses, by signing in up to the second step.
    """

    def __init__(
        self, store: Store, vault: Vault, back_off: BackOff, settings: MfaSettings
    ) -> None:
        self._store = store
        self._back_off = back_off
        self._devices = TotpDevices(store, vault, settings)
        self._recovery_codes = RecoveryCodes(store, settings.recovery_codes)
        self._challenges = Challenges(store, settings)

    async def state(self, user: User) -> MfaState:
        """Whether sign-in asks for a code, and how many recovery codes are left."""
        device = await self._devices.of(user)
        if device is None:
            return MfaState("disabled")
        if device.confirmed_at is None:
            return MfaState("unconfirmed")
        left = await self._recovery_codes.unused(user, device.recovery_batch)
        return MfaState("enabled", len(left))

    async def is_enabled(self, user: User) -> bool:
        """Whether a sign-in of this user needs a second step."""
        device = await self._devices.of(user)
        return device is not None and device.confirmed_at is not None

    async def enrol(self, user: User) -> Enrolment:
        """A secret for an authenticator app; it counts once a code of it has been seen.

        An enrolment that has not been confirmed is replaced.

        Raises:
            MfaConflict: The second step is enabled already.
        """
        return await self._devices.enrol(user)

    async def confirm(self, user: User, code: str, *, address: str | None = None) -> list[str]:
        """Enable the second step; the recovery codes, which are shown once.

        The code is used up: the next sign-in takes the one after it.

        Raises:
            InvalidCode: The app does not show this code.
            MfaConflict: Nothing has been enrolled, or the second step is enabled already.
            TooManyAttempts: Too many codes were wrong.
        """
        async with self._attempt(user, address):
            while True:
                device, step = await self._confirmable(user, code)
                codes = await self._give_codes(user, device, confirmed_at=now(), last_step=step)
                if codes is not None:
                    return codes

    async def challenge(
        self,
        user: User,
        *,
        purpose: str,
        scopes: Iterable[str] = (),
        methods: tuple[str, ...] = ("pwd",),
    ) -> str:
        """The token for the second step, for a user whose first step was right.

        Args:
            purpose: What the sign-in is for: ``token`` or ``session``.
            scopes: Those that were asked for.
            methods: How the user passed the first step: values of ``amr`` (RFC 8176).
        """
        return await self._challenges.make(user, purpose=purpose, scopes=scopes, methods=methods)

    async def answer(
        self, token: str, code: str, *, purpose: str, address: str | None = None
    ) -> tuple[User, Challenge, tuple[str, ...]]:
        """Complete a sign-in: the user, what was asked for, and how they signed in (``amr``).

        Args:
            token: What :meth:`challenge` gave.
            code: A code of the app, or a recovery code.
            purpose: What this sign-in is for; the challenge has to be for the same.

        Raises:
            InvalidChallenge: The sign-in has to begin anew.
            InvalidCode: The code is wrong or used up.
            TooManyAttempts: Too many codes were wrong.
        """
        challenge, user = await self._challenges.open(token, purpose=purpose)
        if not await self.is_enabled(user):
            raise InvalidChallenge
        async with self._attempt(user, address):
            await self._challenges.count_try(challenge)
            method = await self._use_up(user, code)
        await self._challenges.use_up(challenge)
        return user, challenge, (*challenge.methods, method)

    async def verify(self, user: User, code: str, *, address: str | None = None) -> CodeMethod:
        """Use up a code of the app, or a recovery code; which of the two it was.

        Raises:
            InvalidCode: The code is wrong or used up. It counts as a failed sign-in of the account.
            MfaConflict: The second step is not enabled.
            TooManyAttempts: Too many codes were wrong.
        """
        await self._enabled(user)
        async with self._attempt(user, address):
            return await self._use_up(user, code)

    async def new_recovery_codes(self, user: User) -> list[str]:
        """Recovery codes in place of those there are; shown once. Re-authenticate before.

        Raises:
            MfaConflict: The second step is not enabled.
        """
        while True:
            device = await self._enabled(user)
            codes = await self._give_codes(user, device)
            if codes is not None:
                await self._recovery_codes.forget(user, device.recovery_batch)
                return codes

    async def disable(self, user: User) -> None:
        """Forget the app, the recovery codes and open sign-ins. Re-authenticate before.

        Raises:
            MfaConflict: The second step is not enabled.
        """
        device = await self._enabled(user)
        while not await self._store.remove(TotpDevice, id=device.id, version=device.version):
            device = await self._enabled(user)
        await self._recovery_codes.forget(user, device.recovery_batch)
        await self._challenges.forget(user)

    async def renew_secrets(self) -> int:
        """Encrypt what was encrypted under an older secret of the service under the present one.

        Once it is done the older one can be dropped. The next code that a user gives does the same
        for that user.

        Returns:
            For how many users there was something to do.
        """
        devices = await self._store.find(TotpDevice)
        return sum([await self._renew(device) for device in devices])

    async def _renew(self, device: TotpDevice | None) -> bool:
        while device is not None:
            secret = self._devices.renewed(device)
            if secret == device.secret:
                return False
            if await self._store.replace(device, secret=secret) is not None:
                return True
            device = await self._store.get(TotpDevice, device.id)
        return False

    async def _give_codes(self, user: User, device: TotpDevice, **changes: Any) -> list[str] | None:
        """New recovery codes, with further changes of the app; ``None`` if it has changed since."""
        batch, codes = await self._recovery_codes.make(user, self._devices.recovery_key(device))
        if await self._store.replace(device, recovery_batch=batch, **changes) is not None:
            return codes
        await self._recovery_codes.forget(user, batch)
        return None

    async def _confirmable(self, user: User, code: str) -> tuple[TotpDevice, int]:
        """The app that waits for its first code, and the time step of this one."""
        device = await self._devices.of(user)
        if device is None:
            raise MfaConflict("There is no authenticator app to confirm. Enrol one first.")
        if device.confirmed_at is not None:
            raise MfaConflict("The authenticator app has been confirmed already.")
        step = self._devices.find_step(device, code)
        if step is None:
            raise InvalidCode
        return device, step

    async def _use_up(self, user: User, code: str) -> CodeMethod:
        device = await self._enabled(user)
        while (step := self._devices.find_step(device, code)) is not None:
            secret = self._devices.renewed(device)
            if await self._store.replace(device, last_step=step, secret=secret) is not None:
                return "otp"
            device = await self._enabled(user)  # It may have been this code that came between.
        key = self._devices.recovery_key(device)
        found = await self._recovery_codes.find(user, key, device.recovery_batch, code)
        if found is not None and await self._recovery_codes.use(found):
            return "rc"
        raise InvalidCode

    async def _enabled(self, user: User) -> TotpDevice:
        device = await self._devices.of(user)
        if device is None or device.confirmed_at is None:
            raise MfaConflict("There is no authenticator app.")
        return device

    @asynccontextmanager
    async def _attempt(self, user: User, address: str | None) -> AsyncIterator[None]:
        """Counts as failed from its beginning, until its block has ended without an error.

        So of many guesses at once no more are looked at than of guesses one after the other.
        """
        account = user.name
        attempt = await self._back_off.begin(account=account, address=address, purpose=_PURPOSE)
        yield
        await self._back_off.succeeded(account=account, attempt=attempt, purpose=_PURPOSE)


__all__ = ["CodeMethod", "Mfa", "MfaState"]
