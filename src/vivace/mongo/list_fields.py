"""What lists of documents are filtered and sorted by, and found by in paths."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import bson
from pydantic import BaseModel, Field as ModelField
from pydantic.fields import FieldInfo

from vivace.crud import Field, Operator
from vivace.crud.resource import COMPARISON, EQUALITY, PRESENCE, SEARCH
from vivace.mongo.documents import BaseDocument
from vivace.mongo.lookup import is_lookup

#: What BSON has integers for.
Integer = Annotated[int, ModelField(ge=-(2**63), le=2**63 - 1)]
#: ... and decimal numbers.
Number = Annotated[Decimal, ModelField(max_digits=34, allow_inf_nan=False)]
Real = Annotated[float, ModelField(allow_inf_nan=False)]

#: What values of a type are compared as, and what can be asked of them.
COMPARABLE: dict[Any, tuple[Any, frozenset[Operator]]] = {
    bool: (bool, EQUALITY),
    int: (Integer, EQUALITY | COMPARISON),
    float: (Real, EQUALITY | COMPARISON),
    Decimal: (Number, EQUALITY | COMPARISON),
    str: (str, EQUALITY | COMPARISON | SEARCH),
    datetime: (datetime, EQUALITY | COMPARISON),
    date: (date, EQUALITY | COMPARISON),
    UUID: (UUID, EQUALITY),
}


def key_type(model: type[BaseDocument]) -> Any:
    """The type of ids in paths."""
    field = model.model_fields["id"]
    bare: Any = Integer if field.annotation is int else field.annotation
    for metadata in field.metadata:
        bare = Annotated[bare, metadata]
    return bare


def list_fields(
    model: type[BaseDocument],
    shown: type[BaseModel],
    *,
    filters: Collection[str] | None = None,
    sortable: Collection[str] | None = None,
) -> tuple[Field, ...]:
    """What lists are filtered and sorted by: never what is not shown, as that would show it.

    A scalar is sorted by, too. Of an embedded model its scalars are filtered by, as
    ``album.title``; of an array of scalars, whether it has one.

    Args:
        shown: What is shown of a document.
        filters, sortable: Names to choose, where not all that are possible are wanted.

    Raises:
        ValueError: A name is none of those that are possible.
    """
    possible = [
        made
        for name, field in model.model_fields.items()
        if name in shown.model_fields and not is_lookup(field)
        for made in _fields_of(name, field, shown.model_fields[name])
    ]
    filters = _chosen(model, "filters", filters, [one.name for one in possible])
    sorted_by = [one.name for one in possible if one.sortable]
    sortable = _chosen(model, "sortable", sortable, sorted_by)
    return tuple(
        replace(
            one,
            operators=one.operators if one.name in filters else frozenset(),
            sortable=one.name in sortable,
        )
        for one in possible
    )


def _chosen(
    model: type[BaseDocument], option: str, wanted: Collection[str] | None, possible: list[str]
) -> Collection[str]:
    if wanted is None:
        return possible
    for name in wanted:
        if name not in possible:
            raise ValueError(
                f"{model.__name__}.{name} is none of what lists can have for `{option}`: "
                f"{', '.join(possible)}."
            )
    return wanted


def _fields_of(name: str, field: FieldInfo, shown: FieldInfo) -> Iterator[Field]:
    bare, nullable = _without_null(field.annotation)
    found = _scalar(bare)
    if found is not None:
        kind, operators = found
        asked = operators | PRESENCE if nullable else operators
        yield Field(name, kind, asked, sortable=True, nullable=nullable)
    elif get_origin(bare) in (list, set, frozenset, tuple):
        found = _scalar(get_args(bare)[0])
        if found is not None:
            yield Field(name, found[0], EQUALITY)
    elif _is_model(bare) and shown.annotation == field.annotation:
        yield from _fields_within(name, bare, nullable=nullable)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _fields_within(name: str, model: type[BaseModel], *, nullable: bool) -> Iterator[Field]:
    for inner, field in model.model_fields.items():
        bare, inner_nullable = _without_null(field.annotation)
        found = _scalar(bare)
        if found is not None:
            kind, operators = found
            asked = operators | PRESENCE if nullable or inner_nullable else operators
            yield Field(f"{name}.{inner}", kind, asked, nullable=nullable or inner_nullable)


def _scalar(annotation: Any) -> tuple[Any, frozenset[Operator]] | None:
    """What values of this type are compared as, and what can be asked; ``None`` for no scalar."""
    if get_origin(annotation) is Annotated:
        return _scalar(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return annotation, EQUALITY
    if isinstance(annotation, type) and issubclass(annotation, (Enum, bson.ObjectId)):
        return annotation, EQUALITY
    return COMPARABLE.get(annotation)


def _without_null(annotation: Any) -> tuple[Any, bool]:
    """``annotation`` without ``None``, and whether that was in it."""
    if get_origin(annotation) not in (Union, UnionType):
        return annotation, False
    others = tuple(one for one in get_args(annotation) if one is not type(None))
    nullable = len(others) < len(get_args(annotation))
    return (others[0] if len(others) == 1 else Union[others]), nullable  # noqa: UP007


__all__ = ["key_type", "list_fields"]
