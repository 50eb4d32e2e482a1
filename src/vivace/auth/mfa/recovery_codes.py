"""Recovery codes: for a sign-in without the authenticator app, once each."""

from __future__ import annotations

import hmac
from re import compile as compile_pattern
from secrets import choice

from vivace.auth.stores.protocol import Store
from vivace.auth.stores.records import RecoveryCode, User, new_id, now

#: Crockford's base 32: what is easily misread is left out, and read as what it looks like.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LOOKALIKES = str.maketrans("ilo", "110")
#: 60 bits, in groups of four.
_LENGTH = 12
_CODE = compile_pattern(f"[{_ALPHABET}]{{{_LENGTH}}}")


class RecoveryCodes:
    """The recovery codes of users, in batches.

    A batch counts when the user's device names it: so new codes take the place of old ones at one
    stroke. They are hashed under a key of that device, :meth:`TotpDevices.recovery_key`.
    """

    def __init__(self, store: Store, number: int) -> None:
        self._store = store
        self._number = number

    async def make(self, user: User, key: bytes) -> tuple[str, list[str]]:
        """A new batch, which does not count yet, and its codes, as ``abcd-efgh-jkmn``."""
        batch, codes = new_id(), [_new_code() for _ in range(self._number)]
        for code in codes:
            hashed = _hash(user, key, code)
            await self._store.add(RecoveryCode(user_id=user.id, batch=batch, code_hash=hashed))
        return batch, [_grouped(code) for code in codes]

    async def find(self, user: User, key: bytes, batch: str, code: str) -> RecoveryCode | None:
        """The record of ``code``; ``None`` where it is wrong or used.

        Spaces, hyphens and case are of no account.
        """
        code = _normalized(code)
        if not _CODE.fullmatch(code):
            return None
        hashed = _hash(user, key, code)
        found = None
        for record in await self.unused(user, batch):
            # All are compared, each in constant time.
            right = hmac.compare_digest(record.code_hash, hashed)
            found = record if right else found
        return found

    async def use(self, record: RecoveryCode) -> bool:
        """Use a code up; ``False`` where somebody was faster."""
        return await self._store.replace(record, used_at=now()) is not None

    async def unused(self, user: User, batch: str) -> list[RecoveryCode]:
        """The codes of a batch that are left."""
        records = await self._store.find(RecoveryCode, user_id=user.id, batch=batch)
        return [record for record in records if record.used_at is None]

    async def forget(self, user: User, batch: str) -> None:
        """Remove the codes of a batch."""
        await self._store.remove(RecoveryCode, user_id=user.id, batch=batch)


def _hash(user: User, key: bytes, code: str) -> str:
    return hmac.digest(key, f"{user.id} {code}".encode(), "sha256").hex()


def _new_code() -> str:
    return "".join(choice(_ALPHABET) for _ in range(_LENGTH))


def _grouped(code: str) -> str:
    return "-".join(code[start : start + 4] for start in range(0, _LENGTH, 4))


def _normalized(code: str) -> str:
    return "".join(code.split()).replace("-", "").lower().translate(_LOOKALIKES)


__all__ = ["RecoveryCodes"]
