"""A database, as it is used in one event loop."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError, ServerSelectionTimeoutError

from vivace.mongo.codec import CODEC
from vivace.mongo.collection import Collection
from vivace.mongo.documents import BaseDocument, D
from vivace.mongo.errors import TransactionsNotSupported

T = TypeVar("T")

#: The session of the transaction that the running code is part of.
_session: ContextVar[AsyncClientSession | None] = ContextVar("mongo_session", default=None)

#: The longest pause before a second try, in seconds; each further one may be twice as long.
PAUSE = 0.02


class Documents:
    """Collections by their models, and transactions over them.

    .. code-block:: python

        song = await documents[Song].get(id)

    Attributes:
        client: PyMongo's.
        database: PyMongo's. What is read and written by it has the same types as in documents.
    """

    def __init__(self, client: AsyncMongoClient[dict[str, Any]], database: str | None) -> None:
        self.client = client
        self.database: AsyncDatabase[dict[str, Any]] = (
            client.get_default_database(codec_options=CODEC)
            if database is None
            else client.get_database(database, codec_options=CODEC)
        )
        self._collections: dict[type[BaseDocument], Collection[Any]] = {}
        self._has_transactions: bool | None = None

    def __getitem__(self, model: type[D]) -> Collection[D]:
        found = self._collections.get(model)
        if found is None:
            found = self._collections[model] = Collection(model, self)
        return found

    async def supports_transactions(self) -> bool:
        """Whether the server has transactions: if it belongs to a replica set or is ``mongos``."""
        if self._has_transactions is None:
            hello = await self.client.admin.command("hello")
            self._has_transactions = "setName" in hello or hello.get("msg") == "isdbgrid"
        return self._has_transactions

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncClientSession]:
        """A transaction around the block: of everything that goes to the database in it.

        It is committed at the end of the block, and aborted where the block fails. Within another
        one it is part of that. What the block does has to come one after the other, as a session is
        not made for several tasks at once, and PyMongo lets it use no other client.

        Raises:
            TransactionsNotSupported: The server has none.
            pymongo.errors.OperationFailure: Another one has written to the same documents; it is a
                409 in a request. See :meth:`run`.
        """
        running = self._running_session()
        if running is not None:
            yield running
            return
        async with self._begin_session() as session, await session.start_transaction():
            yield session

    async def run(
        self, work: Callable[[AsyncClientSession], Awaitable[T]], *, attempts: int = 3
    ) -> T:
        """Do ``work`` in a transaction, again where it had to give way to another one.

        What ``work`` does besides is done again too. Within another transaction it is part of that,
        and done once. PyMongo's ``with_transaction`` would go on for two minutes, also while the
        server is away.

        Args:
            work: Called with the session, which need not be passed on.
            attempts: How often it is tried at most.

        Raises:
            TransactionsNotSupported: The server has none.
            pymongo.errors.OperationFailure: It had to give way each time.
        """
        if self._running_session() is not None:
            attempts = 1
        for attempt in range(1, attempts + 1):
            try:
                async with self.transaction() as session:
                    return await work(session)
            except PyMongoError as error:
                if attempt == attempts or not _may_succeed(error):
                    raise
            await asyncio.sleep(random.uniform(0, PAUSE * 2**attempt))
        raise ValueError(f"attempts={attempts} is not a positive number.")

    def _running_session(self) -> AsyncClientSession | None:
        session = _session.get()
        return session if session is not None and session.client is self.client else None

    @asynccontextmanager
    async def _begin_session(self) -> AsyncIterator[AsyncClientSession]:
        if not await self.supports_transactions():
            raise TransactionsNotSupported
        async with self.client.start_session() as session, session.bind():
            token = _session.set(session)
            try:
                yield session
            finally:
                _session.reset(token)


def _may_succeed(error: PyMongoError) -> bool:
    """Whether the transaction that has failed with ``error`` may succeed if it is done again."""
    is_away = isinstance(error, ServerSelectionTimeoutError)
    return error.has_error_label("TransientTransactionError") and not is_away


__all__ = ["Documents"]
