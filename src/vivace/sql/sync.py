"""A database for synchronous code, which runs in threads."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import anyio.to_thread
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from vivace import Depends
from vivace.per_loop import PerLoop
from vivace.sql.address import Address
from vivace.sql.base import BaseDatabase, pause_before
from vivace.sql.database_url import check_directory
from vivace.sql.engine import make_sync_engine
from vivace.sql.engines import SyncEngines
from vivace.sql.gate import Gate
from vivace.sql.hints import add_hint

T = TypeVar("T")


class SyncDatabase(BaseDatabase[SyncEngines]):
    """A database for endpoints and dependencies that are ``def``, which run in threads.

    It is used as :class:`~vivace.sql.database.Database` is, with synchronous drivers:

    .. code-block:: python

        db = SyncDatabase("sqlite:///app.db")


        @app.post("/heroes")
        def create_hero(hero: HeroIn, session: Annotated[Session, db.session]) -> HeroOut: ...

    A request waits for a connection before it takes a thread, so that those that have one always
    find a thread to go on in.

    The arguments are those of :class:`~vivace.sql.database.Database`.

    Attributes:
        session: A dependency that gives a request its ``Session``. What was done by it is committed
            when the endpoint has returned, before the response is sent, and rolled back where the
            endpoint fails.
        read_session: The same for reading only, from a replica where there is one.

    Raises:
        ValueError: An address, or what else was given, makes no sense.
        MissingPackage: The driver is not installed; it says what to install.
    """

    _is_async = False

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine."""
        return self._engines.primary

    @contextmanager
    def begin(self, *, read_only: bool = False) -> Iterator[Session]:
        """A session outside of endpoints: in scripts and tasks.

        It is committed at the end of the block, and rolled back where the block fails.

        Raises:
            Conflict, InvalidValue, Unavailable: As in requests.
        """
        try:
            with self.make_session(read_only=read_only) as session, session.begin():
                yield session
        except SQLAlchemyError as error:
            self.raise_translated(error)
            raise

    def run(self, work: Callable[[Session], T], *, attempts: int = 3) -> T:
        """Do ``work`` in a transaction of its own, again where it had to give way to another.

        That is after a deadlock, a serialisation failure, or when an SQLite file was written
        meanwhile. What ``work`` does besides is done again too.

        Args:
            work: Called with a session.
            attempts: How often it is tried at most.

        Raises:
            Unavailable: It had to give way each time.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                with self.make_session() as session, session.begin():
                    return work(session)
            except SQLAlchemyError as error:
                pause = pause_before(attempt, attempts, error)
                if pause is None:
                    self.raise_translated(error)
                    raise
            time.sleep(pause)

    def make_session(self, *, read_only: bool = False) -> Session:
        """A session that the caller commits and closes."""
        return self._engines.make_session(read_only=read_only)

    def open(self) -> None:
        """What the app does when it starts: make the tables, if they are to be made.

        If not, the database need not be there yet.

        Raises:
            FileNotFoundError: The directory that an SQLite file is to be in is not there.
        """
        check_directory(self.address.url)
        if self._create_tables:
            self._engines.change_tables(self._make_tables)

    def close(self) -> None:
        """Close the connections; new ones are made if needed."""
        self._engines.dispose()

    def migration_engine(self) -> Engine:
        """An engine without a pool and without time-outs, to be disposed of by the caller."""
        check_directory(self.address.url)
        return make_sync_engine(self.address.url, self.settings, for_migrations=True)

    @contextmanager
    def _replaced(self, address: Address, *, rolls_back: bool = False) -> Iterator[None]:
        with super()._replaced(address, rolls_back=rolls_back):
            try:
                yield
            finally:
                self.close()

    async def _open_and_close(self) -> AsyncIterator[None]:
        await anyio.to_thread.run_sync(self.open)
        try:
            yield
        finally:
            await anyio.to_thread.run_sync(self.close)

    def _engines_at(self, address: Address, *, rolls_back: bool) -> SyncEngines:
        return SyncEngines(address, self.settings, rolls_back=rolls_back)

    def _dependency(self, opened: Any, *, read_only: bool) -> Any:
        """There are two, one in the other, as in :class:`~vivace.sql.database.Database`."""
        gates = PerLoop(lambda: Gate(self.settings))

        async def open_session(ready: None = opened) -> AsyncIterator[Session]:
            gate = gates.get()
            session = self.make_session(read_only=read_only)
            try:
                yield session
                # What was written since the response: by a stream, or by background tasks.
                if session.in_transaction():
                    await gate.run(session.commit)
            except SQLAlchemyError as error:
                self.raise_translated(error)
                raise
            finally:
                if session.in_transaction():
                    await gate.run(session.close)
                else:
                    # There is no connection to be given back, and so nothing that could block.
                    session.close()

        async def session(
            opened_session: Session = Depends(open_session),
        ) -> AsyncIterator[Session]:
            gate = await self._enter(gates.get())
            try:
                yield opened_session
                if opened_session.in_transaction():
                    await gate.run(opened_session.commit)
            except Exception as error:
                add_hint(error, opened_session)
                # A connection that is gone has nothing to roll back.
                with suppress(DBAPIError):
                    await gate.run(opened_session.rollback)
                self.raise_translated(error)
                raise
            finally:
                gate.leave()

        return Depends(session, scope="function")

    async def _enter(self, gate: Gate) -> Gate:
        try:
            await gate.enter()
        except PoolTimeout as error:
            self.raise_translated(error)
            raise
        return gate


__all__ = ["SyncDatabase"]
