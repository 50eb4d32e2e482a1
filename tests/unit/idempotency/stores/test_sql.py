"""Keys in the transaction of the change."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from vivace import HTTPException, Vivace
from vivace.answers import Answer
from vivace.idempotency import Held, Idempotency, SqlStore, StoreUnavailable
from vivace.idempotency.stores import sql as module
from vivace.responses import JSONResponse
from vivace.sql import Database
from vivace.testclient import TestClient


class Base(DeclarativeBase):
    pass


class Payment(Base):
    __tablename__ = "payments"

    id: Mapped[int] = mapped_column(primary_key=True)


class Shop:
    """An app that takes payments, and what goes wrong in it."""

    def __init__(self, directory: Path) -> None:
        self.db = Database(
            f"sqlite:///{directory}/shop.db",
            metadata=[Base.metadata, SqlStore.metadata],
            create_tables=True,
        )
        self.store = SqlStore(self.db)
        self.app = Vivace()
        self.client = TestClient(self.app, raise_server_exceptions=False)
        idempotency = Idempotency(self.store)
        idempotency.install(self.app)
        self.goes_wrong: Any = None

        @self.app.post("/payments", status_code=201)
        @idempotency.required
        async def pay(session: AsyncSession = self.db.session) -> Any:
            payment = Payment()
            session.add(payment)
            await session.flush()
            if isinstance(self.goes_wrong, Exception):
                raise self.goes_wrong
            return self.goes_wrong or {"id": payment.id}

        @self.app.get("/payments")
        async def count(session: AsyncSession = self.db.session) -> int:
            return len((await session.execute(select(Payment))).all())

    def pay(self, key: str) -> tuple[int, Any]:
        answer = self.client.post("/payments", headers={"Idempotency-Key": key})
        return answer.status_code, answer.json()

    @property
    def payments(self) -> int:
        count: int = self.client.get("/payments").json()
        return count


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    with shop.client:
        yield shop


def test_a_change_is_made_once(shop: Shop) -> None:
    assert [shop.pay("a"), shop.pay("a"), shop.pay("b")] == [
        (201, {"id": 1}), (201, {"id": 1}), (201, {"id": 2}),
    ]  # fmt: skip
    assert shop.payments == 2


def test_what_is_rolled_back_can_be_made_again(shop: Shop) -> None:
    shop.goes_wrong = ValueError()
    assert shop.client.post("/payments", headers={"Idempotency-Key": "a"}).status_code == 500
    assert shop.payments == 0
    shop.goes_wrong = None
    assert [shop.pay("a")[0], shop.pay("a")[0], shop.payments] == [201, 201, 1]


def test_a_refusal_is_kept_and_changes_nothing(shop: Shop) -> None:
    shop.goes_wrong = HTTPException(402)
    assert shop.pay("a")[0] == 402
    shop.goes_wrong = None
    assert [shop.pay("a")[0], shop.payments] == [402, 0]


def test_who_has_lost_the_key_cannot_commit(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lose(*given: Any) -> bool:
        return await SqlStore.mark(shop.store, given[0], given[1], "another token", given[3])

    monkeypatch.setattr(shop.store, "mark", lose)
    status, said = shop.pay("a")
    assert (status, shop.payments) == (409, 0)
    assert "being carried out" in said["detail"]


def test_a_process_that_dies_after_the_commit_has_made_the_change(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*given: Any) -> bool:
        raise SystemError  # Nothing comes of it: no answer is written, and the key is not freed.

    with monkeypatch.context() as patched:
        patched.setattr(shop.store, "finish", die)
        patched.setattr(shop.store, "free", die)
        shop.client.post("/payments", headers={"Idempotency-Key": "a"})
    status, said = shop.pay("a")
    assert (status, shop.payments) == (409, 1)
    assert "was carried out" in said["detail"]


def test_a_change_that_is_committed_is_not_freed(shop: Shop) -> None:
    async def mark_and_free() -> Held | None:
        await shop.store.begin("a", "f", "1", 60)
        async with shop.db.begin() as session:
            assert await shop.store.mark(session, "a", "1", 60)
        await shop.store.free("a", "1")
        held = await shop.store.begin("a", "f", "2", 60)
        await shop.db.close()
        return held

    assert asyncio.run(mark_and_free()) == Held("f", is_running=False)


def test_a_response_that_asks_for_another_try_is_not_final(shop: Shop) -> None:
    shop.goes_wrong = JSONResponse({}, 429)
    assert shop.pay("a")[0] == 429
    shop.goes_wrong = None
    assert shop.pay("a")[0] == 201


def test_what_is_over_is_deleted(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SWEEP_EVERY", 3)

    async def fill() -> list[str]:
        for name in ("a", "b"):
            await shop.store.begin(name, "f", "1", 60)
            await shop.store.finish(name, "f", "1", Answer(200, (), b""), 0.001)
        await asyncio.sleep(0.01)
        await shop.store.begin("c", "f", "1", 60)
        async with shop.db.begin() as session:
            names = (await session.execute(select(module._keys.c.name))).scalars().all()
        await shop.db.close()
        return [*names]

    assert asyncio.run(fill()) == ["c"]


def test_where_there_is_no_table_the_store_is_away(tmp_path: Path) -> None:
    async def begin() -> None:
        store = SqlStore(Database(f"sqlite:///{tmp_path}/empty.db"))
        with pytest.raises(StoreUnavailable):
            await store.begin("a", "f", "1", 60)
        await store._database.close()

    asyncio.run(begin())


def test_another_database_is_refused() -> None:
    with pytest.raises(TypeError, match=r"is no vivace\.sql\.Database"):
        SqlStore("sqlite://")  # type: ignore[arg-type]  # as it says
