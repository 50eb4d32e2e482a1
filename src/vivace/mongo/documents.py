"""Models of what collections hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import BaseModel, Field, PrivateAttr, ValidationError
from pymongo import IndexModel

from vivace.mongo.lookup import Join, as_values, find_joins
from vivace.mongo.objectid import ObjectId

D = TypeVar("D", bound="BaseDocument")


class Stored:
    """A document as it was when it was read; ``None`` for one that was not.

    It plays no part in whether two documents are equal.
    """

    __slots__ = ("document",)

    def __init__(self, document: Mapping[str, Any] | None = None) -> None:
        self.document = document

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stored)


class BaseDocument(BaseModel):
    """A document whose id is a field of your own: see :class:`Document`.

    .. code-block:: python

        class Country(BaseDocument, collection="countries"):
            id: str
            name: str
    """

    __collection__: ClassVar[str] = ""
    __indexes__: ClassVar[tuple[IndexModel, ...]] = ()
    _stored: Stored = PrivateAttr(default_factory=Stored)

    if TYPE_CHECKING:
        id: Any

    def __init_subclass__(
        cls,
        *,
        collection: str | None = None,
        indexes: Iterable[IndexModel] | None = None,
        **config: Any,
    ) -> None:
        super().__init_subclass__(**config)
        if collection is not None:
            cls.__collection__ = collection
        if indexes is not None:
            cls.__indexes__ = tuple(indexes)

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        if cls.__collection__ and "id" not in cls.model_fields:
            raise TypeError(
                f"{cls.__name__} has no id. Give it a field `id`, or make it a Document, whose "
                "ids are ObjectIds."
            )
        if cls.model_config.get("extra") != "allow":
            for index in cls.__indexes__:
                _check_index(cls, index)


def _check_index(model: type[BaseDocument], index: IndexModel) -> None:
    for path in index.document["key"]:
        name = path.partition(".")[0]
        if name not in model.model_fields and not name.startswith(("_id", "$")):
            raise TypeError(
                f"{model.__name__} has an index on {path!r}, which is no field of it. There are: "
                f"{', '.join(model.model_fields)}."
            )


class Document(BaseDocument):
    """What a collection holds.

    .. code-block:: python

        class Song(Document, collection="songs", indexes=[IndexModel("title", unique=True)]):
            title: str
            album: Album

    In the collection the fields have the names that they have here, whatever their aliases are,
    and ``id`` is ``_id``. Computed fields and lookups are not stored. What a model does not know
    stays as it is when one is replaced.

    Args:
        collection: The name of the collection. A model without one is a base for others.
        indexes: What is to be there when the app starts: PyMongo's ``IndexModel``.

    Attributes:
        id: It is made when the document is.

    Raises:
        TypeError: An index is on what is no field.
    """

    id: ObjectId = Field(default_factory=ObjectId)


def joins_of(model: type[BaseDocument]) -> tuple[Join, ...]:
    """The lookups of ``model``, which are found once.

    Raises:
        TypeError: The model has no collection, or a lookup contradicts it.
    """
    if not model.__collection__:
        raise TypeError(
            f"{model.__name__} belongs to no collection. Name it: "
            f'class {model.__name__}(Document, collection="...").'
        )
    return find_joins(model)


def dump(document: BaseDocument, joins: Iterable[Join] = ()) -> dict[str, Any]:
    """What is stored of ``document``."""
    values = document.model_dump(
        exclude={one.field for one in joins}, by_alias=False, round_trip=True, warnings="error"
    )
    return {"_id": values.pop("id"), **values}


def load(model: type[D], stored: dict[str, Any], joins: tuple[Join, ...] = ()) -> D:
    """The document that was read as ``stored``, which is kept, without what was looked up.

    Raises:
        ValidationError: It does not fit the model.
    """
    try:
        document = model.model_validate(as_values(stored, joins), by_alias=False, by_name=True)
    except ValidationError as error:
        error.add_note(f"It is {stored['_id']!r} of the collection {model.__collection__!r}.")
        raise
    for join in joins:
        del stored[join.field]
    document._stored = Stored(stored)
    return document


__all__ = ["BaseDocument", "D", "Document", "dump", "joins_of", "load"]
