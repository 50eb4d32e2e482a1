"""The engines of a database: one for reading and writing, and one for reading only.

They connect when they are used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Lock
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session

from vivace.sql.address import Address
from vivace.sql.engine import make_async_engine, make_sync_engine
from vivace.sql.settings import DatabaseSettings
from vivace.sql.tables import take_turn

#: What a response is made of after a commit must not be read again from the database.
OPTIONS: dict[str, Any] = {"expire_on_commit": False}
#: For sessions on a connection whose transaction is not theirs.
SHARED: dict[str, Any] = {**OPTIONS, "join_transaction_mode": "create_savepoint"}


class AsyncEngines:
    """Those of one event loop.

    Args:
        rolls_back: Have everything go over one connection whose transaction is never committed.
    """

    def __init__(self, address: Address, settings: DatabaseSettings, *, rolls_back: bool) -> None:
        self.primary = make_async_engine(address.url, settings)
        self._reading = make_async_engine(
            address.url, settings, replicas=address.replicas, read_only=True
        )
        self._for_migrations = make_async_engine(address.url, settings, for_migrations=True)
        self._rolls_back = rolls_back
        self._connecting = asyncio.Lock()
        self._connection: AsyncConnection | None = None

    async def make_session(self, *, read_only: bool = False) -> AsyncSession:
        if self._rolls_back:
            return AsyncSession(await self._shared_connection(), **SHARED)
        return AsyncSession(self._reading if read_only else self.primary, **OPTIONS)

    async def change_tables(self, work: Callable[[Connection], None]) -> None:
        """Change tables by ``work``, after others who do."""
        if self._rolls_back:
            await (await self._shared_connection()).run_sync(work)
            return
        async with self._for_migrations.connect() as connection:
            await connection.run_sync(take_turn)
            await connection.run_sync(work)
            await connection.commit()

    async def dispose(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
        await self.primary.dispose()
        await self._reading.dispose()

    async def _shared_connection(self) -> AsyncConnection:
        async with self._connecting:
            if self._connection is None:
                self._connection = await self.primary.connect()
                await self._connection.begin()
            return self._connection


class SyncEngines:
    """Those of a process, for all of its threads.

    Args:
        rolls_back: Have everything go over one connection whose transaction is never committed.
    """

    def __init__(self, address: Address, settings: DatabaseSettings, *, rolls_back: bool) -> None:
        self.primary = make_sync_engine(address.url, settings)
        self._reading = make_sync_engine(
            address.url, settings, replicas=address.replicas, read_only=True
        )
        self._for_migrations = make_sync_engine(address.url, settings, for_migrations=True)
        self._rolls_back = rolls_back
        self._connecting = Lock()
        self._connection: Connection | None = None

    def make_session(self, *, read_only: bool = False) -> Session:
        if self._rolls_back:
            return Session(self._shared_connection(), **SHARED)
        return Session(self._reading if read_only else self.primary, **OPTIONS)

    def change_tables(self, work: Callable[[Connection], None]) -> None:
        """Change tables by ``work``, after others who do."""
        if self._rolls_back:
            work(self._shared_connection())
            return
        with self._for_migrations.connect() as connection:
            take_turn(connection)
            work(connection)
            connection.commit()

    def dispose(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self.primary.dispose()
        self._reading.dispose()

    def _shared_connection(self) -> Connection:
        with self._connecting:
            if self._connection is None:
                self._connection = self.primary.connect()
                self._connection.begin()
            return self._connection


__all__ = ["AsyncEngines", "SyncEngines"]
