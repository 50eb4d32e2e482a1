"""What a router needs of a store: the protocol of a collection, and the records that pass."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

Item = TypeVar("Item")
#: The values of the parts of a key, in the order in which the resource names them.
Key = tuple[Any, ...]
#: By the names of fields; values are as the schemas have made them.
Values = dict[str, Any]
#: Makes of the present item the values that it is to get. Raises what the client is to be told.
Change = Callable[[Item], Awaitable[Values]]
#: Raises where the present item must not be deleted.
Check = Callable[[Item], Awaitable[None]]

Operator = Literal[
    "eq", "ne", "gt", "gte", "lt", "lte", "in", "icontains", "istartswith", "is_null"
]


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on one field.

    Args:
        field: Its name.
        operator: ``eq`` and ``ne`` are never true of null; ``in`` takes a list, ``is_null`` a bool;
            ``icontains`` and ``istartswith`` look for a text in upper or lower case.
        value: Of the type of the field.
    """

    field: str
    operator: Operator
    value: Any


@dataclass(frozen=True, slots=True)
class Order:
    """A field to sort by. Null comes after everything else, and so first where descending."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """Which items of a collection are wanted.

    Args:
        filters: All have to be true.
        order: It ends with the key, so that no two items are equal in it.
        limit: How many items at most.
        offset: How many items to leave out at the beginning.
        position: The values that an item has, or had, for the fields of ``order``: wanted is what
            comes after it.
        backward: Wanted are the last items before ``position`` instead, still in ``order``.
        total: Whether to count all items that ``filters`` let through.
    """

    filters: tuple[Filter, ...]
    order: tuple[Order, ...]
    limit: int
    offset: int = 0
    position: tuple[Any, ...] | None = None
    backward: bool = False
    total: bool = False


@dataclass(frozen=True, slots=True)
class Slice(Generic[Item]):
    """Items of a collection.

    Args:
        items: In the order that was asked for.
        more: Whether there are further ones in the direction that was asked for.
        total: How many there are in all; ``None`` where that was not asked.
    """

    items: Sequence[Item]
    more: bool
    total: int | None = None


class Collection(Protocol[Item]):
    """Items of one kind, as one request may see them.

    An item is an object with the fields of the resource as attributes. What a method has written is
    kept if the endpoint succeeds, and only then.
    """

    async def select(self, selection: Selection) -> Slice[Item]:
        """The items that are asked for."""

    async def read(self, key: Key) -> Item | None:
        """The item with this key; ``None`` where there is none."""

    async def create(self, values: Values) -> Item:
        """Make an item, as a later :meth:`read` shows it.

        Raises:
            Conflict: It contradicts what is there.
        """

    async def create_many(self, values: Sequence[Values]) -> Sequence[Item]:
        """Make several items, or none.

        Raises:
            Conflict: One of them contradicts what is there; its place begins with the index.
        """

    async def update(self, key: Key, change: Change[Item]) -> Item | None:
        """Give an item the values that ``change`` makes of it; ``None`` where there is none.

        Nobody else changes the item between the two. A store that cannot lock it writes only if it
        is as it was, and otherwise calls ``change`` again with what it is now.

        Raises:
            Conflict: The change contradicts what is there.
        """

    async def delete(self, key: Key, check: Check[Item]) -> bool:
        """Delete an item of which ``check`` raises nothing; false where there is none.

        Nobody else changes the item between the two.

        Raises:
            Conflict: Something else needs it.
        """

    def values(self, item: Item) -> Values:
        """The present values of all fields that can be replaced, as the schema for that takes them.

        It is what a patch is merged with.
        """

    def version(self, item: Item) -> object:
        """What changes whenever the item does, also where that is not seen; ``None`` for nothing.

        It is part of the ETag, beside the representation.
        """


__all__ = [
    "Change",
    "Check",
    "Collection",
    "Filter",
    "Item",
    "Key",
    "Operator",
    "Order",
    "Selection",
    "Slice",
    "Values",
]
