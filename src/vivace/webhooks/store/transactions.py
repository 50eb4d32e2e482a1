"""Work on the database in transactions of its own, whichever kind the database is of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeAlias, TypeVar

from sqlalchemy.orm import Session

from vivace.concurrency import run_in_threadpool
from vivace.sql import Database, SyncDatabase

T = TypeVar("T")
AnyDatabase: TypeAlias = Database | SyncDatabase

#: How often a transaction is tried that has to give way to others.
ATTEMPTS = 6


async def transact(database: AnyDatabase, work: Callable[[Session], T]) -> T:
    """What ``work`` gives in a transaction, which is committed then.

    Raises:
        HTTPException: As in requests: the database is away, for example.
    """
    if isinstance(database, SyncDatabase):
        return await run_in_threadpool(partial(database.run, work, attempts=ATTEMPTS))
    return await database.run(lambda session: session.run_sync(work), attempts=ATTEMPTS)


def with_connections_of_its_own(database: AnyDatabase) -> AnyDatabase:
    """The same database over other connections than those that requests wait for."""
    kind: type[AnyDatabase] = SyncDatabase if isinstance(database, SyncDatabase) else Database
    return kind(database.address.url, metadata=database.metadata, settings=database.settings)


async def open_database(database: AnyDatabase) -> None:
    """What an app does at its start: make the tables, if they are to be made."""
    if isinstance(database, SyncDatabase):
        await run_in_threadpool(database.open)
    else:
        await database.open()


async def close_database(database: AnyDatabase) -> None:
    if isinstance(database, SyncDatabase):
        await run_in_threadpool(database.close)
    else:
        await asyncio.shield(database.close())


__all__ = [
    "AnyDatabase",
    "close_database",
    "open_database",
    "transact",
    "with_connections_of_its_own",
]
