"""Lists as pipelines: conditions, orders, and what comes after a position."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from vivace.crud import Order, Selection
from vivace.crud.collection import Filter
from vivace.crud.errors import invalid
from vivace.mongo.lookup import Stage, stored_name

Condition = dict[str, Any]

#: Bytes that a regular expression may have (PCRE, as MongoDB has it built).
LONGEST_PATTERN = 32_764

_CONDITIONS: dict[str, Callable[[Any], Condition]] = {
    "eq": lambda value: {"$eq": value},
    # A field that is null or not there is not equal either, and is not meant.
    "ne": lambda value: {"$nin": [value, None]},
    "gt": lambda value: {"$gt": value},
    "gte": lambda value: {"$gte": value},
    "lt": lambda value: {"$lt": value},
    "lte": lambda value: {"$lte": value},
    "in": lambda value: {"$in": value},
    "icontains": lambda value: {"$regex": re.escape(value), "$options": "i"},
    "istartswith": lambda value: {"$regex": f"^{re.escape(value)}", "$options": "i"},
    "is_null": lambda value: {"$eq": None} if value else {"$ne": None},
}


def condition(wanted: Filter) -> Condition:
    """What is true of the documents that ``wanted`` lets through.

    Raises:
        RequestValidationError: A text to look for is longer than the server takes.
    """
    made = _CONDITIONS[wanted.operator](wanted.value)
    if len(made.get("$regex", "").encode()) > LONGEST_PATTERN:
        place = ("query", f"{wanted.field}__{wanted.operator}")
        raise invalid("string_too_long", place, "The text is too long to look for", wanted.value)
    return {stored_name(wanted.field): made}


def conditions(filters: Sequence[Filter]) -> Condition:
    """What is true of the documents that all of ``filters`` let through."""
    return _all([condition(one) for one in filters])


def listed(selection: Selection, wanted: Condition, nullable: Collection[str]) -> list[Stage]:
    """The stages that give what ``selection`` wants, in its order, or in reverse if backward.

    They give one document more, by which it is known whether there are more.

    Args:
        wanted: What is true of the documents, their position aside.
        nullable: Fields of which null comes last, where the server has it first. That takes it a
            sort in memory: an index is in its own order.
    """
    order = selection.order
    if selection.backward:
        order = tuple(Order(one.field, not one.descending) for one in order)
    if selection.position is not None:
        wanted = _all([wanted, _after(order, selection.position, nullable)])
    ranks = {
        f"__null_{index}": stored_name(one.field)
        for index, one in enumerate(order)
        if one.field in nullable
    }
    stages: list[Stage] = [{"$match": wanted}]
    if ranks:
        # A field that is not there is less than null.
        stages.append(
            {"$set": {rank: {"$lte": [f"${name}", None]} for rank, name in ranks.items()}}
        )
    stages.append({"$sort": _sort(order, nullable)})
    if selection.offset:
        stages.append({"$skip": selection.offset})
    stages.append({"$limit": selection.limit + 1})
    if ranks:
        stages.append({"$unset": [*ranks]})
    return stages


def _sort(order: Sequence[Order], nullable: Collection[str]) -> dict[str, int]:
    sort: dict[str, int] = {}
    for index, one in enumerate(order):
        direction = -1 if one.descending else 1
        if one.field in nullable:
            sort[f"__null_{index}"] = direction
        sort[stored_name(one.field)] = direction
    return sort


def _after(order: Sequence[Order], position: Sequence[Any], nullable: Collection[str]) -> Condition:
    """What is true of the documents that come after ``position``.

    They are after it in the first field; or equal in that, and after it in the second; and so on.
    """
    alternatives: list[Condition] = []
    equal: list[Condition] = []
    for one, value in zip(order, position):
        name = stored_name(one.field)
        beyond = _beyond(name, value, descending=one.descending, nullable=one.field in nullable)
        if beyond is not None:
            alternatives.append(_all([*equal, beyond]))
        equal.append({name: {"$eq": value}})
    return {"$or": alternatives}


def _beyond(name: str, value: Any, *, descending: bool, nullable: bool) -> Condition | None:
    """What is true of the values after ``value``; ``None`` where there can be none."""
    if value is None:
        return {name: {"$ne": None}} if descending else None
    if descending:
        return {name: {"$lt": value}}
    after = {name: {"$gt": value}}
    return {"$or": [after, {name: {"$eq": None}}]} if nullable else after


def _all(found: Sequence[Condition]) -> Condition:
    found = [one for one in found if one]
    return found[0] if len(found) == 1 else {"$and": found} if found else {}


__all__ = ["conditions", "listed"]
