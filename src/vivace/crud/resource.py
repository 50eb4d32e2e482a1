"""What a router needs to know of the items of a collection: names, schemas and fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from vivace.crud.collection import Operator

#: What can be asked of any value.
EQUALITY: frozenset[Operator] = frozenset({"eq", "ne", "in"})
#: What can be asked of values that have an order.
COMPARISON: frozenset[Operator] = frozenset({"gt", "gte", "lt", "lte"})
#: What can be asked of text.
SEARCH: frozenset[Operator] = frozenset({"icontains", "istartswith"})
#: What can be asked of a value that may be missing.
PRESENCE: frozenset[Operator] = frozenset({"is_null"})


@dataclass(frozen=True)
class Field:
    """A field that lists are filtered or sorted by.

    Args:
        name: Its name, which is the attribute of items too.
        type: What its values are, null aside. Every value of it has to be one that the store can
            compare: a text without the characters that it refuses, a number within its range.
        operators: What may be asked of it.
        sortable: Whether lists may be sorted by it.
        nullable: Whether it may be null.
    """

    name: str
    type: Any
    operators: frozenset[Operator] = frozenset()
    sortable: bool = False
    nullable: bool = False


@dataclass(frozen=True)
class Resource:
    """One kind of items.

    Args:
        name: Of one item, as ``book``: for the names of functions and in messages.
        plural: Of several, as ``books``: for paths too.
        key: The fields that an item is found by, with their types, in the order in which they stand
            in the path.
        read: What is shown of an item. It is made of the attributes of one.
        create: What is sent to make an item; ``None`` where none is made.
        replace: What is sent to replace one: everything that can be changed.
        patch: What is sent to change a part; by default it is derived from ``replace``, and
            what comes of a patch has to be valid as a whole.
        fields: What lists are filtered and sorted by.
    """

    name: str
    plural: str
    key: Mapping[str, Any]
    read: type[BaseModel]
    create: type[BaseModel] | None = None
    replace: type[BaseModel] | None = None
    patch: type[BaseModel] | None = None
    fields: tuple[Field, ...] = field(default=())

    @property
    def title(self) -> str:
        """What the names of schemas that are made for it begin with, as ``OrderLine``."""
        return "".join(word.title() for word in self.name.split("_"))

    @property
    def noun(self) -> str:
        """The name in a sentence, as ``order line``."""
        return self.name.replace("_", " ")

    @property
    def one(self) -> str:
        """The name of one that is not named before, as ``an order line``."""
        return f"{'an' if self.name[:1].lower() in set('aeiou') else 'a'} {self.noun}"

    def key_of(self, item: Any) -> tuple[Any, ...]:
        """The key of an item."""
        return tuple(getattr(item, name) for name in self.key)


__all__ = ["COMPARISON", "EQUALITY", "PRESENCE", "SEARCH", "Field", "Resource"]
