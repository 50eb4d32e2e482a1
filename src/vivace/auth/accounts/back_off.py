"""Failed attempts, and how long the next one has to wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

from vivace.auth.errors import TooManyAttempts
from vivace.auth.settings import BackOffSettings
from vivace.auth.stores import records
from vivace.auth.stores.protocol import Duplicate, Store
from vivace.auth.stores.records import Attempts

#: A process looks for what can be forgotten whenever it has met so many new accounts or addresses.
SWEEP_EVERY = 256


@dataclass(frozen=True)
class Attempt:
    """An attempt that is under way, and counts as failed until it has succeeded."""

    #: The failures of its address, this one among them; ``None`` where no address is known.
    address: Attempts | None
    #: When there was the failure before this one.
    failed_at: datetime | None


class BackOff:
    """Makes guessing slow: by account, and by address.

    The first few failures cost nothing; then each doubles the wait, up to a limit. While an
    account or an address waits, no password is looked at, not even the right one. What is refused
    does not count, so that the wait ends also for an account that somebody keeps trying.

    All is kept in the store, so it holds over processes; under hashes, so that it does not say who
    signs in, or from where. Accounts that there are not wait as others do.

    Args:
        store: Where failures are kept.
        settings: How many are free, and how long the waits are.
    """

    def __init__(self, store: Store, settings: BackOffSettings) -> None:
        self._store = store
        self._settings = settings
        self._met = 0

    async def check(self, *, account: str, address: str | None, purpose: str = "sign-in") -> None:
        """Whether there may be an attempt now.

        Args:
            account: What stands for the account, as the folded name.
            address: The address of the client, where it is known. IPv6 addresses count by network
                of 64 bits, as one client has all of it.
            purpose: What is attempted; each is counted by itself.

        Raises:
            TooManyAttempts: There may not.
        """
        waits = [self._wait_of(await self._get(_account_key(account, purpose)), by_account=True)]
        if address is not None:
            waits.append(self._wait_of(await self._get(_address_key(address, purpose))))
        if max(waits) > timedelta(0):
            raise TooManyAttempts(max(waits).total_seconds())

    async def begin(
        self, *, account: str, address: str | None, purpose: str = "sign-in"
    ) -> Attempt:
        """Check, and count an attempt as failed until :meth:`succeeded` is called with it.

        That is one step for all processes: of many attempts that are made at once, no more pass
        than if they were made one after the other.

        Raises:
            TooManyAttempts: There may be none now.
        """
        await self.check(account=account, address=address, purpose=purpose)
        before = counted = None
        if address is not None:
            key = _address_key(address, purpose)
            before, counted = await self._count(key, self._refuse)
        refuse = partial(self._refuse, by_account=True)
        await self._count(_account_key(account, purpose), refuse)
        return Attempt(counted, before.last_at if before else None)

    async def failed(self, *, account: str, address: str | None, purpose: str = "sign-in") -> None:
        """Count a failure that did not :meth:`begin`."""
        await self._count(_account_key(account, purpose))
        if address is not None:
            await self._count(_address_key(address, purpose))

    async def succeeded(
        self, *, account: str, attempt: Attempt | None = None, purpose: str = "sign-in"
    ) -> None:
        """Forget the failures of the account, and that ``attempt`` was counted as one.

        Other failures from the address remain: whoever guesses may have an account as well.
        """
        await self._store.remove(Attempts, id=_account_key(account, purpose))
        if attempt is not None and attempt.address is not None:
            await self._take_back(attempt.address, attempt.failed_at)

    async def _count(
        self, key: str, refuse: Callable[[Attempts | None], None] | None = None
    ) -> tuple[Attempts | None, Attempts]:
        """Add a failure, unless ``refuse`` raises; what was known before, and what is now."""
        while True:  # Whenever this goes round again, somebody else has got on.
            known = await self._get(key)
            if refuse is not None:
                refuse(known)
            counted = await self._add_to(known, key)
            if counted is not None:
                return known, counted

    async def _add_to(self, known: Attempts | None, key: str) -> Attempts | None:
        """``None`` where somebody was faster."""
        time = records.now()
        expires_at = time + self._settings.memory
        if known is None:
            await self._sweep()
            first = Attempts(id=key, failures=1, last_at=time, expires_at=expires_at)
            try:
                await self._store.add(first)
            except Duplicate:
                return None
            return first
        failures = 1 if known.expires_at <= time else known.failures + 1
        return await self._store.replace(
            known, failures=failures, last_at=time, expires_at=expires_at
        )

    async def _take_back(self, counted: Attempts, failed_at: datetime | None) -> None:
        # Where nobody else was counted since, the address waits no longer than it did before.
        changes = {} if failed_at is None else {"last_at": failed_at}
        known: Attempts | None = counted
        while known is not None and known.failures > 0:
            if await self._store.replace(known, failures=known.failures - 1, **changes):
                return
            known, changes = await self._get(counted.id), {}

    def _refuse(self, known: Attempts | None, *, by_account: bool = False) -> None:
        wait = self._wait_of(known, by_account=by_account)
        if wait > timedelta(0):
            raise TooManyAttempts(wait.total_seconds())

    def _wait_of(self, known: Attempts | None, *, by_account: bool = False) -> timedelta:
        """How long it still is until the next attempt."""
        settings, time = self._settings, records.now()
        free = settings.free_by_account if by_account else settings.free_by_address
        if known is None or known.expires_at <= time or known.failures < free:
            return timedelta(0)
        # The exponent is bounded since the longest wait is reached long before.
        seconds = settings.first_wait.total_seconds() * 2.0 ** min(known.failures - free, 64)
        wait = min(seconds, settings.longest_wait.total_seconds())
        return known.last_at + timedelta(seconds=wait) - time

    async def _get(self, key: str) -> Attempts | None:
        return await self._store.get(Attempts, key)

    async def _sweep(self) -> None:
        self._met += 1
        if self._met % SWEEP_EVERY == 0:
            await self._store.remove_expired(Attempts)


def _account_key(account: str, purpose: str) -> str:
    return _key("account", purpose, account)


def _address_key(address: str, purpose: str) -> str:
    return _key("address", purpose, _network_of(address))


def _key(*parts: str) -> str:
    # Names may be of any characters, also such as UTF-8 does not have.
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _network_of(address: str) -> str:
    """What one client has of addresses (RFC 6177: 64 bits or more of IPv6)."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((int(parsed), 64), strict=False))


__all__ = ["Attempt", "BackOff"]
