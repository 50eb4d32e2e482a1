"""A database, as it is used in one event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase

from vivace.mongo.codec import CODEC
from vivace.mongo.collection import Collection
from vivace.mongo.documents import BaseDocument, D
from vivace.mongo.errors import TransactionsNotSupported

T = TypeVar("T")

#: The session of the transaction that the running code is part of.
_session: ContextVar[AsyncClientSession | None] = ContextVar("mongo_session", default=None)


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
        one it is part of that. What the block does has to come one after the other: a session is
        not made for several tasks at once.

        Raises:
            TransactionsNotSupported: The server has none.
            pymongo.errors.OperationFailure: Another one has written to the same documents; it is a
                409 in a request. See :meth:`run`.
        """
        session = _session.get()
        if session is not None:
            yield session
            return
        async with self._begin_session() as session, await session.start_transaction():
            yield session

    async def run(self, work: Callable[[AsyncClientSession], Awaitable[T]]) -> T:
        """Do ``work`` in a transaction, again where it had to give way to another one.

        What ``work`` does besides is done again too. Within another transaction it is part of that,
        and done once.

        Args:
            work: Called with the session, which need not be passed on.

        Raises:
            TransactionsNotSupported: The server has none.
        """
        session = _session.get()
        if session is not None:
            return await work(session)
        async with self._begin_session() as session:
            return await session.with_transaction(work)

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


__all__ = ["Documents"]
