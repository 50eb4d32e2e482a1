from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import create_async_engine

from vivace.auth import Record, Session, SQLStore, User
from vivace.auth.stores.records import now

pytestmark = pytest.mark.anyio


def test_a_store_is_shown_without_its_password() -> None:
    shown = repr(SQLStore("postgresql://ada:hush@localhost/app"))
    assert shown == "SQLStore('postgresql+asyncpg://ada:***@localhost/app')"


async def test_sqlite_lets_readers_and_a_writer_work_at_once(sqlite: str) -> None:
    store = SQLStore(sqlite)
    await store.open()
    await store.close()
    engine = create_async_engine(store.url)
    async with engine.connect() as connection:
        mode = (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar_one()
    await engine.dispose()
    assert mode == "wal"


async def test_sqlite_waits_for_another_writer(sqlite: str) -> None:
    store = SQLStore(sqlite)
    await store.open()
    engine = create_async_engine(store.url)
    async with engine.connect() as other:
        await other.exec_driver_sql("BEGIN IMMEDIATE")
        adding = asyncio.create_task(store.add(User(name="ada")))
        reading = await store.find(User)
        assert reading == []
        assert not adding.done()
        await other.exec_driver_sql("COMMIT")
        await adding
    await engine.dispose()
    await store.close()


async def test_errors_and_logs_do_not_show_what_was_to_be_kept(
    sqlite: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = SQLStore(sqlite, options={"echo": True})
    caplog.set_level(logging.INFO)
    await store.open()
    await store.add(User(name="ada", password_hash="hush"))
    with pytest.raises((DBAPIError, StatementError)) as caught:
        await store.add(User(name="bob", password_hash="hush", is_active=None))  # type: ignore[arg-type]
    assert "hush" not in str(caught.value)
    assert "INSERT" in caplog.text
    assert "hush" not in caplog.text
    await store.close()


async def test_a_time_without_a_zone_is_refused(sqlite: str) -> None:
    store = SQLStore(sqlite)
    naive = datetime(2031, 1, 1)
    with pytest.raises(StatementError, match="without a zone"):
        await store.add(Session(user_id="ada", epoch=0, seen_at=naive, expires_at=now()))
    await store.close()


async def test_only_the_kinds_of_the_kit_have_tables(sqlite: str) -> None:
    with pytest.raises(TypeError, match="no table for Record"):
        await SQLStore(sqlite).get(Record, "one")


async def test_a_query_is_cancelled_without_harm(postgresql: str) -> None:
    store = SQLStore(postgresql, options={"pool_size": 1, "max_overflow": 0})
    await store.open()
    for _ in range(5):
        task = asyncio.create_task(store.find(User))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        # SQLAlchemy 2.0 goes on where it is cancelled while it connects for the first time.
        with suppress(asyncio.CancelledError):
            await task
    await store.add(User(name="ada"))
    assert len(await store.find(User)) == 1
    await store.close()


async def test_a_file_can_be_opened_that_is_not_there_yet(tmp_path: Path) -> None:
    store = SQLStore(f"sqlite:///{tmp_path}/new.db", create_tables=True)
    await store.open()
    await store.add(User(name="ada"))
    await store.close()
