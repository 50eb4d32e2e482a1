"""Has processes that only deliver look at once, on PostgreSQL, by ``LISTEN`` and ``NOTIFY``.

A process that delivers wakes itself. One that does not tells the others, in the transaction of the
change. Nothing depends on it: what nobody was told of is found by looking.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from vivace.sql import Database
from vivace.waiting import end
from vivace.webhooks.store.transactions import AnyDatabase

logger = logging.getLogger("vivace.webhooks")

CHANNEL = "vivace_webhooks"
#: Seconds until it is listened again, over another connection.
PAUSE = 5.0


def notify(session: Session) -> None:
    """Tell others of what ``session`` has written, as soon as it is committed."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"NOTIFY {CHANNEL}"))


@asynccontextmanager
async def listening(database: AnyDatabase, ring: Callable[[], None]) -> AsyncIterator[None]:
    """Ring within the block when others tell of something, where the driver can listen."""
    if not isinstance(database, Database) or not database.address.url.drivername.startswith(
        "postgresql"
    ):
        yield
        return
    task = asyncio.create_task(_listen(database, ring))
    try:
        yield
    finally:
        await end(task)


async def _listen(database: Database, ring: Callable[[], None]) -> None:
    # It has no pool, whose connections others wait for, and which would keep one that listens.
    engine = database.migration_engine()
    while True:
        try:
            async with engine.connect() as connection:
                driver: Any = (await connection.get_raw_connection()).driver_connection
                await _follow(driver, ring)
        except Exception as error:
            logger.info("Nobody can be listened to now, and the database is looked at: %s", error)
        await asyncio.sleep(PAUSE)


async def _follow(driver: Any, ring: Callable[[], None]) -> None:
    """Ring for as long as the connection lasts."""
    if hasattr(driver, "add_listener"):  # asyncpg
        lost = asyncio.Event()
        driver.add_termination_listener(lambda connection: lost.set())
        await driver.add_listener(CHANNEL, lambda *notification: ring())
        await lost.wait()
    else:  # psycopg
        await driver.set_autocommit(True)
        await driver.execute(f"LISTEN {CHANNEL}")
        async for _ in driver.notifies():
            ring()


__all__ = ["CHANNEL", "listening", "notify"]
