"""What a router knows of a model before there is any request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper

from vivace.crud import Key, Resource
from vivace.crud.merge_patch import client_name
from vivace.sql.crud.columns import ColumnField
from vivace.sql.crud.conflicts import Refusals
from vivace.sql.crud.loading import load_changed, load_shown
from vivace.sql.crud.relations import RelationField, key_names, stood_for
from vivace.sql.crud.resource import Derived
from vivace.sql.crud.statements import Attribute


@dataclass(frozen=True)
class Plan:
    """A model, and what of it is read and written.

    Args:
        mapper: SQLAlchemy's description of the model.
        columns, relations: Its fields.
        written: The names of the fields that are replaced, as far as the model has them.
        attributes: The columns, to make conditions of.
        shown: Selects what is shown: one statement, and one for each relation.
        shown_by_key: The same of one row; its parameters are those of a key.
        changed_by_key: Selects what is shown and what is written of one row.
        version: The attribute that changes with every write, where there is one.
        refusals: What is told of errors of the database.
    """

    mapper: Mapper[Any]
    columns: Mapping[str, ColumnField]
    relations: Mapping[str, RelationField]
    written: tuple[str, ...]
    attributes: Mapping[str, Attribute] = field(repr=False)
    shown: sa.Select[Any] = field(repr=False)
    shown_by_key: sa.Select[Any] = field(repr=False)
    changed_by_key: sa.Select[Any] = field(repr=False)
    version: str | None
    refusals: Refusals = field(repr=False)

    def key_of(self, item: Any) -> Key:
        """The key of a row that is in the database."""
        return tuple(sa.inspect(item).identity)

    def parameters(self, key: Key) -> dict[str, Any]:
        """Those of a statement for one row."""
        return {f"key_{index}": part for index, part in enumerate(key)}

    def shown_by_keys(self, keys: list[Key]) -> sa.Select[Any]:
        """Selects what is shown of the rows with one of ``keys``."""
        attributes = [self.attributes[name] for name in key_names(self.mapper)]
        return self.shown.where(has_key(attributes, keys))


def make_plan(mapper: Mapper[Any], derived: Derived) -> Plan:
    """The plan of a model of which ``derived`` has been derived."""
    resource = derived.resource
    select = sa.select(mapper.class_)
    version = mapper.version_id_col
    written = tuple(_written(derived))
    names = _client_names(resource)
    attributes = {name: getattr(mapper.class_, name) for name in derived.columns}
    # Made once, as it takes as long to make a statement as to send it to a database nearby.
    by_key = [
        attributes[name] == sa.bindparam(f"key_{index}", type_=attributes[name].type)
        for index, name in enumerate(key_names(mapper))
    ]
    shown = select.options(*load_shown(mapper, resource.read))
    changed = select.options(*load_changed(mapper, resource.read, written))
    return Plan(
        mapper,
        derived.columns,
        derived.relations,
        written,
        attributes=attributes,
        shown=shown,
        shown_by_key=shown.where(*by_key),
        changed_by_key=changed.where(*by_key),
        version=None if version is None else mapper.get_property_by_column(version).key,
        refusals=Refusals(mapper, stood_for(derived.relations), names),
    )


def _written(derived: Derived) -> Iterator[str]:
    resource = derived.resource
    schema = resource.replace or resource.patch
    for name in schema.model_fields if schema is not None else ():
        if name in derived.columns or name in derived.relations:
            yield name


def _client_names(resource: Resource) -> dict[str, str]:
    """What clients call the fields that they send."""
    schemas = (resource.create, resource.replace, resource.patch)
    return {
        name: client_name(name, one)
        for schema in schemas
        if schema is not None
        for name, one in schema.model_fields.items()
    }


def has_key(attributes: list[Attribute], keys: list[Key]) -> sa.ColumnElement[bool]:
    """What is true of the rows with one of ``keys``, the values of ``attributes``."""
    if len(attributes) == 1:
        return attributes[0].in_([key[0] for key in keys])
    return sa.tuple_(*attributes).in_(keys)


__all__ = ["Plan", "has_key", "make_plan"]
