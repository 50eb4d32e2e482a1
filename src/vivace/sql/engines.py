"""The engines of a database, each made when it is first needed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cached_property
from threading import Lock

from sqlalchemy import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from vivace.sql.address import Address
from vivace.sql.engine import make_async_engine, make_sync_engine
from vivace.sql.settings import DatabaseSettings
from vivace.sql.tables import take_turn


class AsyncEngines:
    """Those of one event loop.

    Args:
        rolls_back: Have everything go over one connection whose transaction is never committed.
    """

    def __init__(self, address: Address, settings: DatabaseSettings, *, rolls_back: bool) -> None:
        self._address = address
        self._settings = settings
        self._rolls_back = rolls_back
        self._connecting = asyncio.Lock()
        self._connection: AsyncConnection | None = None

    @cached_property
    def primary(self) -> AsyncEngine:
        return make_async_engine(self._address.url, self._settings)

    @cached_property
    def reading(self) -> AsyncEngine:
        address = self._address
        return make_async_engine(
            address.url, self._settings, replicas=address.replicas, read_only=True
        )

    async def make_session(self, *, read_only: bool = False) -> AsyncSession:
        # What a response is made of after a commit must not be read again from the database.
        if self._rolls_back:
            return AsyncSession(
                await self._shared_connection(),
                expire_on_commit=False,
                join_transaction_mode="create_savepoint",
            )
        return AsyncSession(self.reading if read_only else self.primary, expire_on_commit=False)

    async def run_sync(self, work: Callable[[Connection], None]) -> None:
        """Change tables by ``work``, on a connection that can wait for others who do."""
        if self._rolls_back:
            await (await self._shared_connection()).run_sync(work)
            return
        engine = make_async_engine(self._address.url, self._settings, for_migrations=True)
        try:
            async with engine.connect() as connection:
                await connection.run_sync(take_turn)
                await connection.run_sync(work)
                await connection.commit()
        finally:
            await engine.dispose()

    async def dispose(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
        for name in ("primary", "reading"):
            engine: AsyncEngine | None = self.__dict__.pop(name, None)
            if engine is not None:
                await engine.dispose()

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
        self._address = address
        self._settings = settings
        self._rolls_back = rolls_back
        # Threads make and close them.
        self._lock = Lock()
        self._connection: Connection | None = None

    @cached_property
    def primary(self) -> Engine:
        return make_sync_engine(self._address.url, self._settings)

    @cached_property
    def reading(self) -> Engine:
        address = self._address
        return make_sync_engine(
            address.url, self._settings, replicas=address.replicas, read_only=True
        )

    def make_session(self, *, read_only: bool = False) -> Session:
        with self._lock:
            if self._rolls_back:
                return Session(
                    self._shared_connection(),
                    expire_on_commit=False,
                    join_transaction_mode="create_savepoint",
                )
            engine = self.reading if read_only else self.primary
        return Session(engine, expire_on_commit=False)

    def run(self, work: Callable[[Connection], None]) -> None:
        """Change tables by ``work``, on a connection that can wait for others who do."""
        if self._rolls_back:
            with self._lock:
                work(self._shared_connection())
            return
        engine = make_sync_engine(self._address.url, self._settings, for_migrations=True)
        try:
            with engine.connect() as connection:
                take_turn(connection)
                work(connection)
                connection.commit()
        finally:
            engine.dispose()

    def dispose(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            for name in ("primary", "reading"):
                engine: Engine | None = self.__dict__.pop(name, None)
                if engine is not None:
                    engine.dispose()

    def _shared_connection(self) -> Connection:
        if self._connection is None:
            self._connection = self.primary.connect()
            self._connection.begin()
        return self._connection


__all__ = ["AsyncEngines", "SyncEngines"]
