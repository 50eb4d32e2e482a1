"""Engines: what users may set, and what is set for them."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from vivace.sql import Database, DatabaseSettings, SyncDatabase


def test_options_of_sqlalchemy_s_own_win(sqlite: str) -> None:
    options = {"pool_size": 2, "connect_args": {"timeout": 1}, "hide_parameters": False}
    settings = DatabaseSettings(pool_size=3, max_overflow=1, engine_options=options)
    db = SyncDatabase(sqlite, settings=settings)
    assert db.engine.pool.size() == 2  # type: ignore[attr-defined]
    with db.begin() as session:
        assert session.scalar(text("PRAGMA busy_timeout")) == 1000
    db.close()


@pytest.mark.anyio
async def test_what_people_entrust_to_the_app_is_not_logged(
    sqlite: str, caplog: pytest.LogCaptureFixture
) -> None:
    db = Database(sqlite, settings=DatabaseSettings(echo=True))
    caplog.set_level(logging.INFO)
    with pytest.raises(DBAPIError) as caught:
        async with db.begin() as session:
            await session.execute(text("SELECT :word"), {"word": "hush"})
            await session.execute(text("SELECT nothing, :word"), {"word": "hush"})
    await db.close()
    assert "SELECT ?" in caplog.text
    assert "hush" not in caplog.text + str(caught.value)


def test_there_may_be_no_limit(url: str) -> None:
    db = SyncDatabase(url, settings=DatabaseSettings(statement_timeout=None))
    with db.begin() as session:
        assert session.scalar(text("SELECT 1")) == 1
    db.close()
