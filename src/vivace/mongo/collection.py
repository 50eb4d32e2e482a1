"""A collection of documents of one model: PyMongo's, with documents for dictionaries."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from bson.raw_bson import RawBSONDocument
from pydantic import BaseModel
from pymongo import ReadPreference, ReturnDocument
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError, DocumentTooLarge

from vivace.crud import changed_meanwhile
from vivace.mongo.codec import UNSTORABLE, Unstorable, decode, encode
from vivace.mongo.documents import BaseDocument, D, dump, joins_of, load
from vivace.mongo.errors import NotFound
from vivace.mongo.lookup import Stage, stages
from vivace.mongo.schemas import resource_name

if TYPE_CHECKING:
    from vivace.mongo.store import Documents

M = TypeVar("M", bound=BaseModel)
Filter = Mapping[str, Any]
#: Names, with 1 for ascending and -1 for descending.
Sort = Mapping[str, Any]
Update = Mapping[str, Any] | Sequence[Mapping[str, Any]]

#: Compares texts byte by byte, whatever the collection's own collation takes for equal.
EXACTLY = {"locale": "simple"}


class Collection(Generic[D]):
    """The documents of one model.

    Filters, updates and pipelines are MongoDB's own, with the names that fields have in the
    collection: ``_id`` for the id. Errors are PyMongo's, apart from those that are named here. In
    a request both become replies: see :func:`vivace.mongo.errors.translate`.

    A document that was read is replaced and deleted only if it is still as it was then, so that
    what somebody else has written meanwhile is not lost.

    Attributes:
        raw: PyMongo's collection, for whatever else there is to do.
    """

    raw: AsyncCollection[dict[str, Any]]

    def __init__(self, model: type[D], documents: Documents) -> None:
        self.model = model
        self._joins = joins_of(model)
        self._stages = stages(self._joins)
        self._documents = documents
        self.raw = documents.database[model.__collection__]
        self._name = resource_name(model)

    @cached_property
    def current(self) -> Collection[D]:
        """The same, read where it is written, also if the address prefers other members."""
        current = copy(self)
        current.raw = self.raw.with_options(read_preference=ReadPreference.PRIMARY)
        return current

    # Reading.

    async def get(self, id: Any) -> D:
        """The document with this id.

        Raises:
            NotFound: There is none; it is a 404 in a request.
        """
        try:
            found = await self.find_one({"_id": id})
        except Unstorable:
            # Nothing can have an id that BSON has no place for.
            found = None
        if found is None:
            raise NotFound(self._name)
        return found

    async def find_one(self, filter: Filter, *, sort: Sort | None = None) -> D | None:
        """The first document that ``filter`` lets through; ``None`` where there is none."""
        found = await self.find(filter, sort=sort, limit=1)
        return found[0] if found else None

    async def find(
        self,
        filter: Filter | None = None,
        *,
        sort: Sort | None = None,
        skip: int = 0,
        limit: int = 0,
    ) -> list[D]:
        """The documents that ``filter`` lets through, with what they look up.

        Args:
            filter: All without one.
            sort: As ``{"year": -1, "title": 1}``.
            skip: How many to leave out at the beginning.
            limit: How many at most; 0 for all.
        """
        found = self.stream(filter, sort=sort, skip=skip, limit=limit)
        return [document async for document in found]

    async def find_by_ids(self, ids: Sequence[Any]) -> list[D]:
        """The documents with these ids, in their order; ids of none are left out."""
        found = {one.id: one for one in await self.find({"_id": {"$in": ids}})}
        return [found[id] for id in ids if id in found]

    async def stream(
        self,
        filter: Filter | None = None,
        *,
        sort: Sort | None = None,
        skip: int = 0,
        limit: int = 0,
    ) -> AsyncGenerator[D, None]:
        """The same as :meth:`find`, one by one: for more than should be in memory at once."""
        with filter_is_storable():
            if self._stages:
                pipeline = select(filter or {}, sort or {}, skip, limit)
                cursor: Any = await self.raw.aggregate([*pipeline, *self._stages])
            else:
                order = [*sort.items()] if sort else None
                cursor = self.raw.find(filter, sort=order, skip=skip, limit=limit)
            async with cursor:
                async for document in cursor:
                    yield load(self.model, document, self._joins)

    async def count(self, filter: Filter | None = None) -> int:
        """How many documents ``filter`` lets through."""
        with filter_is_storable():
            return await self.raw.count_documents(filter or {})

    @overload
    async def aggregate(self, pipeline: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]: ...

    @overload
    async def aggregate(self, pipeline: Iterable[Mapping[str, Any]], model: type[M]) -> list[M]: ...

    async def aggregate(
        self, pipeline: Iterable[Mapping[str, Any]], model: type[BaseModel] | None = None
    ) -> list[Any]:
        """What comes out of a pipeline.

        Args:
            pipeline: The stages.
            model: What is made of each result. A document has its lookups added to the pipeline.
        """
        if model is not None and issubclass(model, BaseDocument):
            read = self._documents[model]
            found = await self._run([*pipeline, *read._stages])
            return [load(model, one, read._joins) for one in found]
        found = await self._run(pipeline)
        return found if model is None else [model.model_validate(one) for one in found]

    async def _run(self, pipeline: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        with filter_is_storable():
            async with await self.raw.aggregate([*pipeline]) as cursor:
                return await cursor.to_list()

    # Writing.

    async def insert(self, document: D) -> D:
        """Add a document. What is returned is what a later :meth:`get` gives.

        Raises:
            Unstorable: BSON has no place for a value of it.
            pymongo.errors.DuplicateKeyError: Something that has to be unique is there already.
        """
        data = self._encode(document)
        await self.raw.insert_one(RawBSONDocument(data))
        return await self._as_read(data)

    async def insert_many(self, documents: Sequence[D]) -> list[D]:
        """Add several documents, or none of them.

        It is a transaction where the server has those. Where it has not, the documents are added
        in their order, and taken back if one is refused: others may see them until then, and if the
        connection breaks some of them stay.

        Raises:
            Unstorable: BSON has no place for a value of one; its place begins with the index.
            pymongo.errors.BulkWriteError: One of them is refused.
        """
        if not documents:
            return []
        encoded = [self._encode(one, index) for index, one in enumerate(documents)]
        if await self._documents.supports_transactions():
            await self._documents.run(lambda session: self._insert_all(encoded))
        else:
            await self._insert_or_take_back(encoded)
        if not self._joins:
            return [self._load(data) for data in encoded]
        ids = [decode(data)["_id"] for data in encoded]
        return await self.current.find_by_ids(ids)

    async def _insert_all(self, encoded: Sequence[bytes]) -> None:
        await self.raw.insert_many([RawBSONDocument(data) for data in encoded])

    async def _insert_or_take_back(self, encoded: Sequence[bytes]) -> None:
        try:
            await self._insert_all(encoded)
        except BulkWriteError as error:
            added = (error.details or {}).get("nInserted", 0)
            ids = [decode(data)["_id"] for data in encoded[:added]]
            await self.raw.delete_many({"_id": {"$in": ids}})
            raise

    async def replace(self, document: D) -> D:
        """Write a document anew. One that was made, not read, replaces whatever has its id.

        Raises:
            NotFound: There is none with this id; it is a 404 in a request.
            Conflict: Somebody else has changed it since it was read; it is a 409.
            Unstorable, pymongo.errors.DuplicateKeyError: As for :meth:`insert`.
        """
        written = await self.replace_unchanged(document)
        if written is None:
            raise await self._why_not(document)
        return written

    async def replace_unchanged(self, document: D) -> D | None:
        """The same as :meth:`replace`; ``None`` where it was changed, or is not there any more."""
        data = self._encode(document)
        result = await self.raw.replace_one(
            unchanged(document), RawBSONDocument(data), collation=EXACTLY
        )
        return await self._as_read(data) if result.matched_count else None

    async def update(self, id: Any, update: Update) -> D:
        """Change the document with this id, whatever state it is in.

        Args:
            id: The id.
            update: As ``{"$inc": {"plays": 1}}``. What comes of it is not validated before it is
                written.

        Raises:
            NotFound: There is none; it is a 404 in a request.
        """
        with filter_is_storable():
            found = await self.raw.find_one_and_update(
                {"_id": id}, update, return_document=ReturnDocument.AFTER
            )
        if found is None:
            raise NotFound(self._name)
        return await self.current.get(id) if self._joins else load(self.model, found)

    async def delete(self, which: D | Any) -> None:
        """Delete a document.

        Args:
            which: The document as it was read, or an id for whatever state it is in.

        Raises:
            NotFound: There is none; it is a 404 in a request.
            Conflict: Somebody else has changed it since it was read; it is a 409.
        """
        if isinstance(which, BaseDocument):
            if not await self.delete_unchanged(which):
                raise await self._why_not(which)
            return
        with filter_is_storable():
            result = await self.raw.delete_one({"_id": which})
        if not result.deleted_count:
            raise NotFound(self._name)

    async def delete_unchanged(self, document: BaseDocument) -> bool:
        """Delete a document; false where it was changed, or is not there any more."""
        result = await self.raw.delete_one(unchanged(document), collation=EXACTLY)
        return result.deleted_count > 0

    def _encode(self, document: D, *place: int) -> bytes:
        """A document as BSON, with what was stored of it that the model does not know."""
        values = dump(document, self._joins)
        if self.model.model_config.get("extra") != "allow":
            before = document._stored.document or {}
            for name in before.keys() - values.keys() - self.model.model_fields.keys():
                values[name] = before[name]
        try:
            return encode(values)
        except Unstorable as error:
            raise Unstorable([(*place, *one) for one in error.places]) from error.__cause__

    def _load(self, data: bytes) -> D:
        return load(self.model, decode(data))

    async def _as_read(self, data: bytes) -> D:
        """What :meth:`get` gives of the document that was written as ``data``."""
        return await self.current.get(decode(data)["_id"]) if self._joins else self._load(data)

    async def _why_not(self, document: BaseDocument) -> Exception:
        """Why there is no document like ``document``."""
        if await self.current.raw.find_one({"_id": document.id}, {"_id": 1}):
            return changed_meanwhile()
        return NotFound(self._name)


def select(filter: Filter, sort: Sort, skip: int, limit: int) -> list[Stage]:
    """The stages that stand for the parameters of ``find``."""
    found: list[Stage] = [{"$match": filter}]
    for name, value in (("$sort", sort), ("$skip", skip), ("$limit", limit)):
        if value:
            found.append({name: value})
    return found


def unchanged(document: BaseDocument) -> Filter:
    """A filter that lets ``document`` through while it is as it was when it was read.

    The server compares all of it, so that this needs no field for a version, which others who write
    to the collection would have to know of.
    """
    before = document._stored.document
    if before is None:
        return {"_id": document.id}
    return {"_id": before["_id"], "$expr": {"$eq": ["$$ROOT", {"$literal": before}]}}


@contextmanager
def filter_is_storable() -> Iterator[None]:
    """Around commands whose filters may hold anything.

    Raises:
        Unstorable: BSON has no place for a value.
    """
    try:
        yield
    except DocumentTooLarge:
        raise
    except UNSTORABLE as error:
        raise Unstorable([]) from error


__all__ = ["Collection", "Filter", "Sort", "Update"]
