"""A database for asynchronous code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from vivace import Depends
from vivace.per_loop import PerLoop
from vivace.sql.address import Address
from vivace.sql.base import BaseDatabase, pause_before
from vivace.sql.database_url import check_directory
from vivace.sql.engine import make_async_engine
from vivace.sql.engines import AsyncEngines
from vivace.sql.hints import add_hint

T = TypeVar("T")


class Database(BaseDatabase[PerLoop[AsyncEngines]]):
    """A database, and the sessions of requests on it.

    It is made once, at import; connections are made when they are needed, in each process and for
    each event loop, and closed when the app shuts down.

    .. code-block:: python

        db = Database("sqlite:///app.db")
        Session = Annotated[AsyncSession, db.session]


        @app.post("/heroes")
        async def create_hero(hero: HeroIn, session: Session) -> HeroOut: ...

    Args:
        url: The address, as ``sqlite:///app.db``, ``postgresql://user:password@host/name`` or
            ``mariadb://...``. The driver need not be named: an installed one is taken.
        replicas: Addresses of copies that :attr:`read_session` reads from.
        metadata: The tables: SQLAlchemy's ``MetaData``, or several. ``vivace db`` compares them
            with the database.
        create_tables: Make those that are not there when the app starts. In production, migrations
            do so.
        settings: Limits on connections and statements.

    Attributes:
        session: A dependency that gives a request its ``AsyncSession``. What was done by it is
            committed when the endpoint has returned, before the response is sent, and rolled back
            where the endpoint fails.
        read_session: The same for reading only, from a replica where there is one.

    Raises:
        ValueError: An address, or what else was given, makes no sense.
        MissingPackage: The driver is not installed; it says what to install.
    """

    _is_async = True

    @property
    def engine(self) -> AsyncEngine:
        """SQLAlchemy's engine for the event loop that is running.

        Raises:
            RuntimeError: No event loop is running.
        """
        return self._engines.get().primary

    @asynccontextmanager
    async def begin(self, *, read_only: bool = False) -> AsyncIterator[AsyncSession]:
        """A session outside of endpoints: in scripts, tasks and WebSockets.

        It is committed at the end of the block, and rolled back where the block fails.

        Raises:
            Conflict, InvalidValue, Unavailable: As in requests.
        """
        try:
            async with await self.make_session(read_only=read_only) as session, session.begin():
                yield session
        except SQLAlchemyError as error:
            self.raise_translated(error)
            raise

    async def run(self, work: Callable[[AsyncSession], Awaitable[T]], *, attempts: int = 3) -> T:
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
                async with await self.make_session() as session, session.begin():
                    return await work(session)
            except SQLAlchemyError as error:
                pause = pause_before(attempt, attempts, error)
                if pause is None:
                    self.raise_translated(error)
                    raise
            await asyncio.sleep(pause)

    async def make_session(self, *, read_only: bool = False) -> AsyncSession:
        """A session that the caller commits and closes."""
        return await self._engines.get().make_session(read_only=read_only)

    async def open(self) -> None:
        """What the app does when it starts: make the tables, if they are to be made.

        If not, the database need not be there yet.

        Raises:
            FileNotFoundError: The directory that an SQLite file is to be in is not there.
        """
        check_directory(self.address.url)
        if self._create_tables:
            await self._engines.get().change_tables(self._make_tables)

    async def close(self) -> None:
        """Close the connections of the event loop that is running; new ones are made if needed."""
        await self._engines.close()

    def migration_engine(self) -> AsyncEngine:
        """An engine without a pool and without time-outs, to be disposed of by the caller."""
        check_directory(self.address.url)
        return make_async_engine(self.address.url, self.settings, for_migrations=True)

    async def _open_and_close(self) -> AsyncIterator[None]:
        await self.open()
        try:
            yield
        finally:
            await self.close()

    def _engines_at(self, address: Address, *, rolls_back: bool) -> PerLoop[AsyncEngines]:
        return PerLoop(
            lambda: AsyncEngines(address, self.settings, rolls_back=rolls_back),
            AsyncEngines.dispose,
        )

    def _dependency(self, opened: Any, *, read_only: bool) -> Any:
        """There are two, one in the other.

        The session is there until the request is over: a stream and background tasks still use
        it. Its transaction ends before the response is sent, and gives the connection back; what
        goes wrong in the commit becomes the reply.
        """

        async def open_session(ready: None = opened) -> AsyncIterator[AsyncSession]:
            session = await self.make_session(read_only=read_only)
            try:
                yield session
                # What was written since the response: by a stream, or by background tasks.
                if session.in_transaction():
                    await session.commit()
            except SQLAlchemyError as error:
                self.raise_translated(error)
                raise
            finally:
                if session.in_transaction():
                    await asyncio.shield(session.close())
                else:
                    # There is no connection to be given back, and so nothing to be awaited.
                    session.sync_session.close()

        async def session(
            opened_session: AsyncSession = Depends(open_session),
        ) -> AsyncIterator[AsyncSession]:
            try:
                yield opened_session
                if opened_session.in_transaction():
                    await opened_session.commit()
            except Exception as error:
                add_hint(error, opened_session.sync_session)
                # A connection that is gone has nothing to roll back.
                with suppress(DBAPIError):
                    await opened_session.rollback()
                self.raise_translated(error)
                raise

        return Depends(session, scope="function")


__all__ = ["Database"]
