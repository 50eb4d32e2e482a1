"""A database of documents, as an app declares it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConnectionFailure
from pymongo.uri_parser import parse_uri

from vivace import Depends
from vivace.mongo.collection import Collection
from vivace.mongo.documents import BaseDocument, D, joins_of
from vivace.mongo.errors import translated
from vivace.mongo.indexes import create_indexes
from vivace.mongo.lookup import Join
from vivace.mongo.settings import MongoSettings
from vivace.mongo.store import Documents
from vivace.per_loop import PerLoop


class Mongo:
    """A database of documents.

    It is made once, at import; connections are made when they are needed, in each process and for
    each event loop, and closed when the app shuts down.

    .. code-block:: python

        mongo = Mongo("mongodb://localhost:27017/music")
        Songs = Annotated[Collection[Song], mongo.collection(Song)]


        @app.get("/songs/{id}")
        async def read_song(id: ObjectId, songs: Songs) -> Song:
            return await songs.get(id)

    Args:
        url: The address, as ``mongodb://user:password@host/name`` or ``mongodb+srv://...``.
        database: The name of the database, where the address does not say.
        create_indexes: Make the indexes that are not there when the app starts, and do not start
            where that fails. Without it an app starts while the database is away.
        settings: Limits on connections and operations.

    Attributes:
        documents: A dependency that gives the :class:`~vivace.mongo.Documents`: all collections.
        database: One that gives PyMongo's ``AsyncDatabase``.
        transaction: One that begins a transaction, and gives PyMongo's ``AsyncClientSession``. All
            that the request does is part of it. It is committed when the endpoint has returned,
            before the response is sent, and aborted where the endpoint fails.

    Raises:
        ValueError: The address names no database, and nothing else does.
        pymongo.errors.InvalidURI, pymongo.errors.ConfigurationError: The address is none.
    """

    def __init__(
        self,
        url: str,
        *,
        database: str | None = None,
        create_indexes: bool = True,
        settings: MongoSettings | None = None,
    ) -> None:
        self.settings = settings or MongoSettings()
        self._create_indexes = create_indexes
        #: In the order in which they were asked for.
        self._models: dict[type[BaseDocument], None] = {}
        self._collections: dict[type[BaseDocument], Any] = {}
        self._connected = self._connect_to(url, database)
        opened = Depends(self._open_and_close, scope="app")
        self.documents: Any = _documents_dependency(self, opened)
        self.database: Any = _database_dependency(self.documents)
        self.transaction: Any = _transaction_dependency(self)

    def collection(self, model: type[BaseDocument]) -> Any:
        """A dependency that gives the :class:`~vivace.mongo.Collection` of a model.

        Raises:
            TypeError: The model has no collection, or a lookup contradicts it.
        """
        if model not in self._collections:
            self._register(model, joins_of(model))
            self._collections[model] = _collection_dependency(model, self.documents)
        return self._collections[model]

    def _register(self, model: type[BaseDocument], joins: Iterable[Join]) -> None:
        self._models[model] = None
        for join in joins:
            self._register(join.model, join.inner)

    @property
    def current(self) -> Documents:
        """The collections for the event loop that is running: for tasks and scripts.

        Raises:
            RuntimeError: No event loop is running.
        """
        return self._connected.get()

    async def open(self) -> Documents:
        """What the app does when it starts: make the indexes, if they are to be made.

        Raises:
            IndexConflict: One contradicts what is in the database.
            pymongo.errors.ConnectionFailure: The database is away.
        """
        documents = self.current
        if self._create_indexes:
            try:
                await create_indexes(documents.database, self._models)
            except ConnectionFailure as error:
                error.add_note(
                    "The indexes are made when the app starts, which therefore needs the database. "
                    "With Mongo(..., create_indexes=False) it starts without."
                )
                raise
        return documents

    async def close(self) -> None:
        """Close the connections of the event loop that is running; new ones are made if needed."""
        await self._connected.close()

    async def __aenter__(self) -> Documents:
        """Use the database outside of an app, as in scripts: opened, and closed afterwards."""
        try:
            return await self.open()
        except BaseException:
            await self.close()
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @contextmanager
    def override(self, url: str, *, database: str | None = None) -> Iterator[None]:
        """Use another database within the block; for tests.

        Apps that are used in it have to be started in it.
        """
        before = self._connected
        self._connected = self._connect_to(url, database)
        try:
            yield
        finally:
            self._connected = before

    def _connect_to(self, url: str, database: str | None) -> PerLoop[Documents]:
        _check_url(url, database)
        said = {name.lower() for name, _ in parse_qsl(urlsplit(url).query)}
        limits = self.settings.limits().items()
        options = {
            **{name: value for name, value in limits if name.lower() not in said},
            **self.settings.client_options,
        }

        def connect() -> Documents:
            return Documents(AsyncMongoClient(url, **options), database)

        async def close(documents: Documents) -> None:
            await documents.client.close()

        return PerLoop(connect, close)

    def translated_errors(self) -> AbstractContextManager[None]:
        """Around what uses PyMongo: has its errors become HTTP errors, if that is wanted."""
        if self.settings.translate_errors:
            return translated(self.settings.retry_after)
        return nullcontext()

    async def _open_and_close(self) -> AsyncIterator[None]:
        async with self:
            yield


def _check_url(url: str, database: str | None) -> None:
    """See that ``url`` is one, before anything is served.

    Raises:
        ValueError: There is no name of a database.
    """
    if url.startswith("mongodb+srv://"):
        # PyMongo would ask the DNS.
        named = urlsplit(url).path.strip("/")
    else:
        named = parse_uri(url)["database"]
    if not named and database is None:
        raise ValueError(
            "The address names no database. Add it, as in mongodb://localhost:27017/music, or say "
            'Mongo(..., database="music").'
        )


def _documents_dependency(mongo: Mongo, opened: Any) -> Any:
    async def documents(ready: None = opened) -> AsyncIterator[Documents]:
        with mongo.translated_errors():
            yield mongo.current

    return Depends(documents)


def _database_dependency(documents: Any) -> Any:
    async def database(documents: Documents = documents) -> AsyncDatabase[dict[str, Any]]:
        return documents.database

    return Depends(database)


def _collection_dependency(model: type[D], documents: Any) -> Any:
    async def collection(documents: Documents = documents) -> Collection[D]:
        return documents[model]

    return Depends(collection)


def _transaction_dependency(mongo: Mongo) -> Any:
    async def transaction(
        documents: Documents = mongo.documents,
    ) -> AsyncIterator[AsyncClientSession]:
        with mongo.translated_errors():
            async with documents.transaction() as session:
                yield session

    return Depends(transaction, scope="function")


__all__ = ["Mongo"]
