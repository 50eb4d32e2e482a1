from __future__ import annotations

from datetime import timedelta

import pytest

from vivace.auth import Attempts, MemoryStore, Session, SplitStore, User
from vivace.auth.stores.records import now

pytestmark = pytest.mark.anyio


class Noted(MemoryStore):
    """Notes when it is opened and closed."""

    def __init__(self, name: str, notes: list[str], error: Exception | None = None) -> None:
        super().__init__()
        self.name = name
        self.notes = notes
        self.error = error

    async def open(self) -> None:
        if self.error is not None:
            raise self.error
        self.notes.append(f"open {self.name}")

    async def close(self) -> None:
        self.notes.append(f"close {self.name}")


async def test_each_kind_is_in_its_store() -> None:
    rest, other = MemoryStore(), MemoryStore()
    store = SplitStore(rest, {Session: other})
    user = User(name="ada")
    session = Session(user_id=user.id, epoch=0, expires_at=now() + timedelta(hours=1))
    await store.add(user)
    await store.add(session)
    assert await rest.find(User) == [user]
    assert await other.find(Session) == [session]
    assert (await rest.find(Session), await other.find(User)) == ([], [])
    assert await store.remove(Session, user_id=user.id) == 1
    assert await other.find(Session) == []


async def test_each_store_is_opened_and_closed_once() -> None:
    notes: list[str] = []
    rest, other = Noted("rest", notes), Noted("other", notes)
    store = SplitStore(rest, {Session: other, Attempts: other})
    await store.open()
    await store.close()
    assert notes == ["open rest", "open other", "close other", "close rest"]


async def test_where_a_store_cannot_be_opened_those_before_it_are_closed() -> None:
    notes: list[str] = []
    rest, other = Noted("rest", notes), Noted("other", notes, ConnectionError("no server"))
    with pytest.raises(ConnectionError, match="no server"):
        await SplitStore(rest, {Session: other}).open()
    assert notes == ["open rest", "close rest"]
