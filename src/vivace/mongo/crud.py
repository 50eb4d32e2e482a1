"""Routers for the documents of a model."""

from __future__ import annotations

from collections.abc import Collection as Names, Sequence
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
from vivace.mongo.schemas import (
    Access,
    create_schema,
    read_schema,
    replace_schema,
    resource_name,
)
from vivace.mongo.scope import Scope, make_scope
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
    return make_router(resource, _items(mongo, Plan(model, reading, resource), scope), **options)


def _items(mongo: Mongo, plan: Plan, scope: Any) -> Any:
    """The dependency that gives the documents as a request may see them."""
    everything = Scope()

    async def items(documents: Documents = mongo.documents) -> Items:
        return Items(plan, documents, everything)

    async def scoped(given: Any = scope, documents: Documents = mongo.documents) -> Items:
        return Items(plan, documents, make_scope(plan.model, given))

    return Depends(items if scope is None else scoped)


def _reading_model(model: type[BaseDocument], read: type[BaseModel] | None) -> type[BaseDocument]:
    """The model that documents are read as."""
    if read is None or not issubclass(read, BaseDocument):
        return model
    if not issubclass(read, model):
        raise TypeError(
            f"{read.__name__} shows what {model.__name__} is, and has to be a subclass of it."
        )
    return read


class Plan:
    """What is known of a router's documents before there is a request.

    Args:
        model: What they are written as.
        reading: What they are read as.
        resource: What clients see and send.

    Attributes:
        nullable: Fields that may be null.
        looked_up: Fields that only ``reading`` has.
    """

    def __init__(
        self, model: type[BaseDocument], reading: type[BaseDocument], resource: Resource
    ) -> None:
        self.model = model
        self.reading = reading
        self.resource = resource
        self.nullable = frozenset(field.name for field in resource.fields if field.nullable)
        self.looked_up = reading.model_fields.keys() - model.model_fields.keys()


class Items:
    """The documents of a router, as a request may see them."""

    def __init__(self, plan: Plan, documents: Documents, scope: Scope) -> None:
        self._plan = plan
        self._written: Collection[Any] = documents[plan.model]
        self._read: Collection[Any] = documents[plan.reading]
        self._scope = scope

    async def select(self, selection: Selection) -> Slice[Any]:
        wanted = self._scope.of(conditions(selection.filters))
        pipeline = listed(selection, wanted, self._plan.nullable)
        found = await self._read.aggregate(pipeline, self._read.model)
        more = len(found) > selection.limit
        items = found[: selection.limit]
        if selection.backward:
            items.reverse()
        total = await self._written.count(wanted) if selection.total else None
        return Slice(items, more, total)

    async def read(self, key: Key) -> Any:
        return await self._find(self._read, key)

    async def _find(self, collection: Collection[Any], key: Key) -> Any:
        return await collection.find_one(self._scope.of({"_id": key[0]}))

    async def create(self, values: Values) -> Any:
        return await self._as_read(await self._written.insert(self._validate(values)))

    async def create_many(self, values: Sequence[Values]) -> Sequence[Any]:
        made = [self._validate(one, index) for index, one in enumerate(values)]
        written = await self._written.insert_many(made)
        if self._read is self._written:
            return written
        return await self._read.current.find_by_ids([one.id for one in written])

    async def update(self, key: Key, change: Change[Any]) -> Any:
        for _ in range(ATTEMPTS):
            item = await self._find(self._read.current, key)
            if item is None:
                return None
            present = {name: value for name, value in item if name not in self._plan.looked_up}
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
        replace = self._plan.resource.replace
        fields = replace.model_fields if replace else {}
        return {name: with_text_keys(value) for name, value in item if name in fields}

    def version(self, item: Any) -> object:
        """What is stored and not shown."""
        shown = self._plan.resource.read.model_fields
        stored = item._stored.document.items()
        unseen = {name: value for name, value in stored if name not in shown and name != "_id"}
        return encode(unseen) if unseen else None

    def _validate(self, values: Values, *place: int) -> Any:
        """The document that has ``values``, which the schemas have let through one by one."""
        try:
            return self._plan.model.model_validate(
                self._scope.fill(values), by_alias=False, by_name=True
            )
        except ValidationError as error:
            raise invalid_body(error, *place) from None

    async def _as_read(self, written: Any) -> Any:
        """What a later :meth:`read` gives of a document that was written."""
        return written if self._read is self._written else await self._read.current.get(written.id)


__all__ = ["crud_router"]
