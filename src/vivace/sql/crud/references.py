"""From the keys that clients send for relations to what they lead to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.interfaces import ORMOption

from vivace.crud import Key, Values, unknown_reference
from vivace.sql.crud.plan import Plan, has_key
from vivace.sql.crud.relations import RelationField
from vivace.sql.crud.schemas import key_getter


async def resolve(
    session: AsyncSession, plan: Plan, items: Sequence[Values], options: Iterable[ORMOption]
) -> list[Values]:
    """``items`` with what their relations lead to instead of keys: one statement for each relation.

    Args:
        options: For these statements, such as the criteria of a tenant.

    Raises:
        Conflict: A key leads nowhere.
    """
    resolved = [dict(values) for values in items]
    for name, relation in plan.relations.items():
        wanted = {
            key for values in items if name in values for key in _keys(relation, values[name])
        }
        found = await _load(session, relation, wanted, options) if wanted else {}
        for values in resolved:
            if name in values:
                values[name] = _targets(relation, values[name], found)
    return resolved


def _keys(relation: RelationField, value: Any) -> list[Key]:
    """The keys in the value of a relation, each once."""
    sent = value if relation.is_many else [] if value is None else [value]
    return [*dict.fromkeys(_key(relation, one) for one in sent)]


def _key(relation: RelationField, sent: Any) -> Key:
    if isinstance(sent, BaseModel):
        return tuple(getattr(sent, name) for name in relation.key_names())
    return (sent,)


async def _load(
    session: AsyncSession,
    relation: RelationField,
    keys: set[Key],
    options: Iterable[ORMOption],
) -> dict[Key, Any]:
    model = relation.target.class_
    attributes = [getattr(model, name) for name in relation.key_names()]
    statement = sa.select(model).where(has_key(attributes, [*keys])).options(*options)
    key_of = key_getter(relation)
    return {key_of(one): one for one in await session.scalars(statement)}


def _targets(relation: RelationField, value: Any, found: dict[Key, Any]) -> Any:
    keys = _keys(relation, value)
    for position, key in enumerate(keys):
        if key not in found:
            place = (relation.name, position) if relation.is_many else (relation.name,)
            raise unknown_reference(place)
    targets = [found[key] for key in keys]
    return relation.collect(targets) if relation.is_many else next(iter(targets), None)


__all__ = ["resolve"]
