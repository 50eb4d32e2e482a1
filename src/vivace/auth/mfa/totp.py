"""Authenticator apps: their secrets, and the codes that they show (RFC 6238)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from logging import getLogger
from re import ASCII, compile as compile_pattern
from urllib.parse import quote

import pyotp

from vivace.auth.errors import InvalidCode, MfaConflict
from vivace.auth.mfa.qr import make_qr_svg
from vivace.auth.settings import MfaSettings
from vivace.auth.stores.protocol import Duplicate, Store
from vivace.auth.stores.records import TotpDevice, User, now
from vivace.auth.vault import Vault
from vivace.concurrency import run_in_threadpool

logger = getLogger(__name__)

_CODE = compile_pattern(r"\d{6}", ASCII)
#: In the characters of a URI: the more there are, the finer the QR code, and the harder to scan.
_LONGEST_NAME = 120


@dataclass(frozen=True)
class Enrolment:
    """What an authenticator app is set up with. It is shown once."""

    #: 160 random bits in base 32 (RFC 4648, section 6), for those who type it in.
    secret: str = field(repr=False)
    #: The same with names, as ``otpauth://totp/...``.
    uri: str = field(repr=False)
    #: The URI as a QR code.
    svg: str = field(repr=False)


class TotpDevices:
    """The authenticator apps of users, one of each.

    Args:
        vault: Encrypts the secrets, each for its user only.
    """

    def __init__(self, store: Store, vault: Vault, settings: MfaSettings) -> None:
        self._store = store
        self._vault = vault
        self._settings = settings

    async def of(self, user: User) -> TotpDevice | None:
        """The user's app, confirmed or not."""
        found = await self._store.find(TotpDevice, user_id=user.id)
        return found[0] if found else None

    async def enrol(self, user: User) -> Enrolment:
        """A new secret. It takes the place of one that has not been confirmed.

        Raises:
            MfaConflict: There is one that has been confirmed.
        """
        secret = pyotp.random_base32()
        encrypted = self._vault.encrypt(secret, _purpose(user.id))
        while not await self._keep(user, encrypted):
            pass  # Another enrolment was faster; what it made is replaced.
        totp = pyotp.TOTP(secret, name=_shortened(user.name), issuer=self._settings.issuer)
        uri = totp.provisioning_uri()
        # Drawing takes some milliseconds, in which nobody else should have to wait.
        svg = await run_in_threadpool(make_qr_svg, uri)
        return Enrolment(secret=secret, uri=uri, svg=svg)

    async def _keep(self, user: User, encrypted: str) -> bool:
        device = await self.of(user)
        if device is None:
            try:
                await self._store.add(TotpDevice(user_id=user.id, secret=encrypted))
            except Duplicate:
                return False
            return True
        if device.confirmed_at is not None:
            raise MfaConflict("There is an authenticator app already. Disable it first.")
        return await self._store.replace(device, secret=encrypted, last_step=-1) is not None

    def find_step(self, device: TotpDevice, code: str) -> int | None:
        """The time step that ``code`` belongs to; ``None`` where it is wrong or used up.

        Steps within the drift count, and of those the ones after the last that was used (RFC 6238,
        section 5.2). Every one of them is compared, each in constant time, so that nothing can be
        told from how long it takes.
        """
        code = "".join(code.split())
        secret = self._secret_of(device)
        if secret is None or not _CODE.fullmatch(code):
            return None
        totp = pyotp.TOTP(secret)
        current = totp.timecode(now())
        drift = self._settings.drift
        found = None
        for step in range(current - drift, current + drift + 1):
            right = hmac.compare_digest(totp.generate_otp(step), code)
            # Should two steps have the same code, the later one is used up, and so both are.
            found = step if right and step > device.last_step else found
        return found

    def recovery_key(self, device: TotpDevice) -> bytes:
        """What the recovery codes that go with an app are hashed under.

        It comes from the app's own secret, which is kept encrypted: so whoever has the store alone
        cannot try codes, and a new secret of the service changes nothing.

        Raises:
            InvalidCode: The secret cannot be read, and so no code be checked.
        """
        secret = self._secret_of(device)
        if secret is None:
            raise InvalidCode
        return hmac.digest(secret.encode(), b"recovery codes", "sha256")

    def renewed(self, device: TotpDevice) -> str:
        """The secret, encrypted under the present one of the service."""
        renewed = self._vault.renewed(device.secret, _purpose(device.user_id))
        return device.secret if renewed is None else renewed

    def _secret_of(self, device: TotpDevice) -> str | None:
        secret = self._vault.decrypt(device.secret, _purpose(device.user_id))
        if secret is None:
            logger.error(
                "The secret of the authenticator app of user %s cannot be read. "
                "Is the app's secret that it was encrypted under still among those configured?",
                device.user_id,
            )
        return secret


def _shortened(name: str) -> str:
    """As much of a name as there is room for."""
    if len(quote(name)) <= _LONGEST_NAME:
        return name
    cut = (f"{name[:end]}…" for end in range(len(name), 0, -1))
    return next((one for one in cut if len(quote(one)) <= _LONGEST_NAME), "…")


def _purpose(user_id: str) -> str:
    """Binds a secret to its user: moved to another's record it cannot be read."""
    return f"totp secret of {user_id}"


__all__ = ["Enrolment", "TotpDevices"]
