"""Routers that list, create, read, change and delete items, whatever they are stored in.

A store gives a :class:`Collection` and describes its items as a :class:`Resource`;
:func:`make_router` makes the routes.
"""

from __future__ import annotations

from vivace.crud.collection import (
    Change,
    Check,
    Collection,
    Filter,
    Key,
    Operator,
    Order,
    Selection,
    Slice,
    Values,
)
from vivace.crud.errors import (
    Conflict,
    already_exists,
    changed_meanwhile,
    still_referenced,
    unknown_reference,
)
from vivace.crud.hooks import Hooks
from vivace.crud.options import CrudOptions, Limits, Operation
from vivace.crud.resource import Field, Resource
from vivace.crud.router import make_router

__all__ = [
    "Change",
    "Check",
    "Collection",
    "Conflict",
    "CrudOptions",
    "Field",
    "Filter",
    "Hooks",
    "Key",
    "Limits",
    "Operation",
    "Operator",
    "Order",
    "Resource",
    "Selection",
    "Slice",
    "Values",
    "already_exists",
    "changed_meanwhile",
    "make_router",
    "still_referenced",
    "unknown_reference",
]
