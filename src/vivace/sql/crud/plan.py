"""What a router knows of a model before there is any request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.orm import Mapper

from vivace.sql.crud.columns import ColumnField
from vivace.sql.crud.conflicts import Refusals
from vivace.sql.crud.loading import load_changed, load_shown
from vivace.sql.crud.relations import RelationField, key_names, stood_for
from vivace.sql.crud.statements import Attribute


@dataclass(frozen=True)
class Plan:
    """A model, and what of it is read and written.

    Args:
        mapper: SQLAlchemy's description of the model.
        columns, relations: Its fields.
        read: What is shown.
        written: The names of the fields that are replaced, as far as the model has them.
        names: What clients call the fields that they send.

    Attributes:
        attributes: The columns, to make conditions of.
        key: The names of those that are the primary key.
        shown: Selects what is shown: one statement, and one for each relation.
        changed: Selects what is shown and what is written.
        refusals: What is told of errors of the database.
        version: The attribute that changes with every write, where there is one.
    """

    mapper: Mapper[Any]
    columns: Mapping[str, ColumnField]
    relations: Mapping[str, RelationField]
    read: type[BaseModel]
    written: tuple[str, ...]
    names: Mapping[str, str]
    attributes: Mapping[str, Attribute] = field(init=False)
    key: tuple[str, ...] = field(init=False)
    shown: sa.Select[Any] = field(init=False)
    changed: sa.Select[Any] = field(init=False)
    refusals: Refusals = field(init=False)
    version: str | None = field(init=False)

    def __post_init__(self) -> None:
        mapper, model = self.mapper, self.mapper.class_
        names = mapper.column_attrs.keys()
        select = sa.select(model)
        version = mapper.version_id_col
        made = {
            "attributes": {name: getattr(model, name) for name in names},
            "key": key_names(mapper),
            "shown": select.options(*load_shown(mapper, self.read)),
            "changed": select.options(*load_changed(mapper, self.read, self.written)),
            "refusals": Refusals(mapper, stood_for(self.relations), self.names),
            "version": None if version is None else mapper.get_property_by_column(version).key,
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)

    def key_of(self, item: Any) -> tuple[Any, ...]:
        """The key of a row that is in the database."""
        return tuple(sa.inspect(item).identity)

    def with_keys(self, keys: list[tuple[Any, ...]]) -> sa.ColumnElement[bool]:
        """What is true of the rows with one of ``keys``."""
        return has_key([self.attributes[name] for name in self.key], keys)


def has_key(attributes: list[Attribute], keys: list[tuple[Any, ...]]) -> sa.ColumnElement[bool]:
    """What is true of the rows with one of ``keys``, the values of ``attributes``."""
    if len(keys) == 1:
        return sa.and_(*(one == value for one, value in zip(attributes, keys[0])))
    if len(attributes) == 1:
        return attributes[0].in_([key[0] for key in keys])
    return sa.tuple_(*attributes).in_(keys)


__all__ = ["Plan", "has_key"]
