"""Routers for the documents of a model."""

from __future__ import annotations

from collections.abc import Collection as Names, Mapping, Sequence
from typing import Any, Unpack

from pydantic import BaseModel, ValidationError

from vivace import APIRouter, Depends
from vivace.crud import (
    Change,
    Check,
    CrudOptions,
    Key,
    Resource,
    Selection,
    Slice,
    Values,
    changed_meanwhile,
    make_router,
)
from vivace.crud.errors import invalid_body
from vivace.mongo.codec import encode, with_text_keys
from vivace.mongo.collection import Collection
from vivace.mongo.database import Mongo
from vivace.mongo.documents import BaseDocument
from vivace.mongo.list_fields import key_type, list_fields
from vivace.mongo.lookup import stored_name
from vivace.mongo.schemas import (
    Access,
    create_schema,
    read_schema,
    replace_schema,
    resource_name,
)
from vivace.mongo.selecting import conditions, listed
from vivace.mongo.store import Documents

#: How often a change is tried that others keep coming before.
ATTEMPTS = 5


def crud_router(
    model: type[BaseDocument],
    mongo: Mongo,
    *,
    name: str | None = None,
    plural: str | None = None,
    read: type[BaseModel] | None = None,
    create: type[BaseModel] | None = None,
    replace: type[BaseModel] | None = None,
    patch: type[BaseModel] | None = None,
    hidden: Names[str] = (),
    read_only: Names[str] = (),
    write_only: Names[str] = (),
    filters: Names[str] | None = None,
    sortable: Names[str] | None = None,
    scope: Any = None,
    **options: Unpack[CrudOptions],
) -> APIRouter:
    """Make the routes that list, create, read, replace, patch and delete documents.

    .. code-block:: python

        app.include_router(crud_router(Song, mongo))
        app.include_router(crud_router(Playlist, mongo, read=PlaylistWithSongs))

    Args:
        model: What the documents are.
        mongo: Where they are.
        name: Of one, in names and messages; by default that of the model, as ``song``.
        plural: Of several, in paths too; by default the name of the collection.
        read: What is shown. A document of the same collection is read with its lookups.
        create, replace: What is sent; derived by default.
        patch: What is sent to change a part; by default, a part of ``replace``.
        hidden: Fields that clients neither see nor set.
        read_only: Those that they see and do not set.
        write_only: Those that they set and do not see.
        filters: What lists are filtered by; by default all scalars that are shown, those of
            embedded models as ``album.title``.
        sortable: What they are sorted by; by default all scalars that are shown.
        scope: A ``Depends`` that gives which documents a request may see: the values that they
            have, which those that it makes get, or a filter of MongoDB's.
        options: See :class:`~vivace.crud.CrudOptions`.

    Raises:
        TypeError: The model has no collection, or a lookup contradicts it.
        ValueError: A name is none of a field, or an option makes no sense.
    """
    access = Access(frozenset(hidden), frozenset(read_only), frozenset(write_only))
    access.check(model)
    shown = read or read_schema(model, access)
    reading = _reading_model(model, read)
    fields = list_fields(model, shown, filters=filters, sortable=sortable)
    resource = Resource(
        name=name or resource_name(model),
        plural=plural or model.__collection__,
        key={"id": key_type(model)},
        read=shown,
        create=create or create_schema(model, access),
        replace=replace or replace_schema(model, access, shown),
        patch=patch,
        fields=fields,
    )
    # So that their indexes are made.
    mongo.collection(model)
    mongo.collection(reading)
    return make_router(resource, _items(mongo, model, reading, resource, scope), **options)


def _items(
    mongo: Mongo,
    model: type[BaseDocument],
    reading: type[BaseDocument],
    resource: Resource,
    scope: Any,
) -> Any:
    """The dependency that gives the documents as a request may see them."""

    async def everything(documents: Documents = mongo.documents) -> Items:
        return Items(documents, model, reading, resource, {})

    async def scoped(given: Any = scope, documents: Documents = mongo.documents) -> Items:
        if not isinstance(given, Mapping):
            # Better no documents than all of them.
            raise TypeError(
                f"The scope of {model.__name__} is {given!r}. Give the values that its documents "
                "have, or a filter: a dictionary."
            )
        return Items(documents, model, reading, resource, given)

    return Depends(everything if scope is None else scoped)


def _reading_model(model: type[BaseDocument], read: type[BaseModel] | None) -> type[BaseDocument]:
    """The model that documents are read as."""
    if read is None or not issubclass(read, BaseDocument):
        return model
    if not issubclass(read, model):
        raise TypeError(
            f"{read.__name__} shows what {model.__name__} is, and has to be a subclass of it."
        )
    return read


class Items:
    """The documents of a model, as the routes need them.

    Args:
        model: What they are written as.
        reading: What they are read as.
        scope: Which of them there are.
    """

    def __init__(
        self,
        documents: Documents,
        model: type[BaseDocument],
        reading: type[BaseDocument],
        resource: Resource,
        scope: Mapping[str, Any],
    ) -> None:
        self._model = model
        self._written: Collection[Any] = documents[model]
        self._read: Collection[Any] = documents[reading]
        self._looked_up = reading.model_fields.keys() - model.model_fields.keys()
        self._resource = resource
        self._scope = {stored_name(name): value for name, value in scope.items()}
        self._common = {name: value for name, value in scope.items() if _is_value(name, value)}

    async def select(self, selection: Selection) -> Slice[Any]:
        nullable = {field.name for field in self._resource.fields if field.nullable}
        scoped = [{"$match": self._scope}] if self._scope else []
        pipeline = [*scoped, *listed(selection, nullable)]
        found = await self._read.aggregate(pipeline, self._read.model)
        more = len(found) > selection.limit
        items = found[: selection.limit]
        if selection.backward:
            items.reverse()
        total = None
        if selection.total:
            wanted = {"$and": [self._scope, conditions(selection.filters)]}
            total = await self._written.count(wanted)
        return Slice(items, more, total)

    async def read(self, key: Key) -> Any:
        return await self._find(self._read, key)

    async def _find(self, collection: Collection[Any], key: Key) -> Any:
        scoped = {"$and": [self._scope]} if self._scope else {}
        return await collection.find_one({"_id": key[0], **scoped})

    async def create(self, values: Values) -> Any:
        return await self._as_read(await self._written.insert(self._validate(values)))

    async def create_many(self, values: Sequence[Values]) -> Sequence[Any]:
        made = [self._validate(one, index) for index, one in enumerate(values)]
        written = await self._written.insert_many(made)
        if self._read is self._written:
            return written
        ids = [one.id for one in written]
        found = {one.id: one for one in await self._read.current.find({"_id": {"$in": ids}})}
        return [found[id] for id in ids]

    async def update(self, key: Key, change: Change[Any]) -> Any:
        for _ in range(ATTEMPTS):
            item = await self._find(self._read.current, key)
            if item is None:
                return None
            present = {name: value for name, value in item if name not in self._looked_up}
            changed = self._validate({**present, **await change(item)})
            changed._stored = item._stored
            written = await self._written.replace_unchanged(changed)
            if written is not None:
                return await self._as_read(written)
        raise changed_meanwhile()

    async def delete(self, key: Key, check: Check[Any]) -> bool:
        for _ in range(ATTEMPTS):
            item = await self._find(self._read.current, key)
            if item is None:
                return False
            await check(item)
            if await self._written.delete_unchanged(item):
                return True
        raise changed_meanwhile()

    def values(self, item: Any) -> Values:
        assert self._resource.replace is not None
        fields = self._resource.replace.model_fields
        return {name: with_text_keys(value) for name, value in item if name in fields}

    def version(self, item: Any) -> object:
        """What is stored and not shown."""
        shown = self._resource.read.model_fields
        stored = item._stored.document
        unseen = {
            name: value for name, value in stored.items() if name not in shown and name != "_id"
        }
        return encode(unseen) if unseen else None

    def _validate(self, values: Values, *place: int) -> Any:
        """The document that has ``values``, which the schemas have let through one by one."""
        try:
            return self._model.model_validate(
                {**values, **self._common}, by_alias=False, by_name=True
            )
        except ValidationError as error:
            raise invalid_body(error, *place) from None

    async def _as_read(self, written: Any) -> Any:
        """What a later :meth:`read` gives of a document that was written."""
        return written if self._read is self._written else await self._read.current.get(written.id)


def _is_value(name: str, value: Any) -> bool:
    """Whether a part of a filter says what documents have, rather than what is true of them."""
    is_operator = isinstance(value, Mapping) and any(key.startswith("$") for key in value)
    return not name.startswith("$") and "." not in name and not is_operator


__all__ = ["crud_router"]
