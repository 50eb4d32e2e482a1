"""Lists as statements: conditions, orders, and what comes after a position."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import InstrumentedAttribute

from vivace.crud import Filter, Order, Selection

Attribute = InstrumentedAttribute[Any]

_CONDITIONS: dict[str, Callable[[Attribute, Any], ColumnElement[bool]]] = {
    "eq": lambda attribute, value: attribute == value,
    "ne": lambda attribute, value: attribute != value,
    "gt": lambda attribute, value: attribute > value,
    "gte": lambda attribute, value: attribute >= value,
    "lt": lambda attribute, value: attribute < value,
    "lte": lambda attribute, value: attribute <= value,
    "in": lambda attribute, value: attribute.in_(value),
    "icontains": lambda attribute, value: attribute.icontains(value, autoescape=True),
    "istartswith": lambda attribute, value: attribute.istartswith(value, autoescape=True),
    "is_null": lambda attribute, value: attribute.is_(None) if value else attribute.is_not(None),
}


def condition(attributes: Mapping[str, Attribute], wanted: Filter) -> ColumnElement[bool]:
    """What is true of the rows that ``wanted`` lets through."""
    attribute = attributes[wanted.field]
    value = wanted.value
    if wanted.operator == "in" and isinstance(attribute.type, sa.Float):
        value = [_bound(attribute, one) for one in value]
    elif wanted.operator not in ("in", "is_null", "icontains", "istartswith"):
        value = _bound(attribute, value)
    return _CONDITIONS[wanted.operator](attribute, value)


def _bound(attribute: Attribute, value: Any) -> ColumnElement[Any]:
    """``value`` as a parameter of the attribute's type, also where it is true or false."""
    parameter = sa.literal(value, attribute.type)
    if isinstance(attribute.type, sa.Float):
        # MariaDB compares its numbers of single precision with those of double precision, and a
        # tenth is another number there.
        return sa.cast(parameter, attribute.type)
    return parameter


def listed(
    statement: Select[Any],
    attributes: Mapping[str, Attribute],
    selection: Selection,
    *,
    null_is_last: bool = False,
) -> Select[Any]:
    """``statement`` with the order, the position and the limit of ``selection``.

    It gives one row more than is wanted, by which it is known whether there are more.

    Args:
        null_is_last: Whether the database itself has null after everything else, as PostgreSQL
            does: then an index has it there too.
    """
    order = selection.order
    if selection.backward:
        order = tuple(Order(one.field, not one.descending) for one in order)
    if selection.position is not None:
        statement = statement.where(_after(attributes, order, selection.position))
    return (
        statement.order_by(*_ordered(attributes, order, null_is_last=null_is_last))
        .limit(selection.limit + 1)
        .offset(selection.offset or None)
    )


def _ordered(
    attributes: Mapping[str, Attribute], order: Sequence[Order], *, null_is_last: bool
) -> list[ColumnElement[Any]]:
    """Null comes last, wherever the database itself would have it; and first in reverse."""
    clauses: list[ColumnElement[Any]] = []
    for one in order:
        attribute = attributes[one.field]
        if _is_nullable(attribute) and not null_is_last:
            is_null = attribute.is_(None)
            clauses.append(is_null.desc() if one.descending else is_null.asc())
        clauses.append(attribute.desc() if one.descending else attribute.asc())
    return clauses


def _after(
    attributes: Mapping[str, Attribute], order: Sequence[Order], position: Sequence[Any]
) -> ColumnElement[bool]:
    """What is true of the rows that come after ``position``.

    They are after it in the first field; or equal in that, and after it in the second; and so on.
    """
    alternatives = []
    equal: list[ColumnElement[bool]] = []
    for one, value in zip(order, position):
        attribute = attributes[one.field]
        beyond = _beyond(attribute, value, descending=one.descending)
        if beyond is not None:
            alternatives.append(sa.and_(*equal, beyond))
        equal.append(
            attribute.is_(None) if value is None else attribute == _bound(attribute, value)
        )
    if not alternatives:
        return sa.false()
    first, value = attributes[order[0].field], position[0]
    if value is None or _is_nullable(first):
        return sa.or_(*alternatives)
    # Implied, but an index on the first field serves this and not the alternatives.
    bound = _bound(first, value)
    start = first <= bound if order[0].descending else first >= bound
    return sa.and_(start, sa.or_(*alternatives))


def _beyond(attribute: Attribute, value: Any, *, descending: bool) -> ColumnElement[bool] | None:
    """What is true of the values after ``value``; ``None`` where there can be none."""
    if value is None:
        return attribute.is_not(None) if descending else None
    if descending:
        return attribute < _bound(attribute, value)
    after = attribute > _bound(attribute, value)
    return sa.or_(after, attribute.is_(None)) if _is_nullable(attribute) else after


def _is_nullable(attribute: Attribute) -> bool:
    return bool(getattr(attribute.expression, "nullable", True))


__all__ = ["Attribute", "condition", "listed"]
