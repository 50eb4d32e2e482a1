from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta

import pytest

from vivace.auth import (
    ApiKey,
    Attempts,
    Challenge,
    MemoryStore,
    PasswordReset,
    Record,
    RefreshToken,
    Session,
    TokenFamily,
    expiry as module,
)
from vivace.auth.expiry import EXPIRING, Expiry
from vivace.auth.stores.records import KINDS, now

pytestmark = pytest.mark.anyio


def records(seconds: int) -> Iterator[Record]:
    """One record of each kind that expires, in so many seconds."""
    at = now() + timedelta(seconds=seconds)
    yield TokenFamily(user_id="ada", epoch=0, expires_at=at)
    yield RefreshToken(family_id="it", expires_at=at)
    yield PasswordReset(user_id="ada", expires_at=at)
    yield Challenge(user_id="ada", purpose="token", expires_at=at)
    yield Session(user_id="ada", epoch=0, expires_at=at)
    yield Attempts(expires_at=at)


async def test_what_has_expired_is_removed_and_nothing_else() -> None:
    store = MemoryStore()
    old, new = list(records(-1)), list(records(60))
    for record in (*old, *new):
        await store.add(record)
    key = ApiKey(user_id="ada", name="a", prefix="a", secret_hash="", expires_at=now())
    await store.add(key)
    assert await Expiry(store).remove_expired() == len(old)
    for record in old:
        assert await store.get(type(record), record.id) is None
    for record in (*new, key):
        assert await store.get(type(record), record.id) == record


def test_every_kind_that_expires_is_among_them() -> None:
    expire = {kind for kind in KINDS if "expires_at" in {field.name for field in fields(kind)}}
    assert {type(record) for record in records(0)} == set(EXPIRING) == expire - {ApiKey}


async def test_that_is_done_once_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds, done = 7.0, 0

    async def remove_expired() -> int:
        nonlocal done
        done += 1
        return 0

    expiry = Expiry(MemoryStore())
    monkeypatch.setattr(expiry, "remove_expired", remove_expired)
    monkeypatch.setattr(module, "monotonic", lambda: seconds)
    for later, so_often in ((0, 1), (0, 1), (3599, 1), (1, 2), (10, 2)):
        seconds += later
        await expiry.remove_expired_if_due()
        assert done == so_often
