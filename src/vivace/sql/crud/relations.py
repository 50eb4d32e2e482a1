"""Relations of a model: shown nested or as ids, and written through ids."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy.orm import Mapper, RelationshipDirection, RelationshipProperty

Show = Literal["nested", "ids"]
#: Ways of loading by which a relation is no attribute that can be read.
UNREADABLE = ("dynamic", "write_only", "noload")


@dataclass(frozen=True)
class Relation:
    """How a router shows a relation, and whether it sets it.

    Args:
        show: ``nested`` shows the columns of what it leads to, ``ids`` their keys.
        writable: Whether it is set, by keys. A many-to-one that is shown nested is set through the
            column of its foreign key instead.
        hidden: Columns of what it leads to that are not shown.
        relations: Relations of what it leads to, shown within.
        max_ids: How many keys are taken at most.
    """

    show: Show = "nested"
    writable: bool = True
    hidden: Collection[str] = ()
    relations: Mapping[str, Relation | Show] = field(default_factory=dict)
    max_ids: int = 1000


@dataclass(frozen=True)
class RelationField:
    """A relation that a router shows.

    Args:
        name: The attribute.
        setting: How it is shown.
        relationship: SQLAlchemy's description of it.
    """

    name: str
    setting: Relation
    relationship: RelationshipProperty[Any] = field(repr=False)

    @property
    def target(self) -> Mapper[Any]:
        """What it leads to."""
        return self.relationship.mapper

    @property
    def is_many(self) -> bool:
        return bool(self.relationship.uselist)

    @property
    def is_nullable(self) -> bool:
        """Whether it may lead nowhere."""
        if self.relationship.direction is RelationshipDirection.MANYTOONE:
            return all(column.nullable for column in self.relationship.local_columns)
        return True

    @property
    def is_by_column(self) -> bool:
        """Whether its foreign key is in a column of the model itself."""
        return self.relationship.direction is RelationshipDirection.MANYTOONE

    @property
    def is_key(self) -> bool:
        """Whether it is a part of the primary key, which is set once."""
        columns = self.relationship.local_columns
        return self.is_by_column and any(one.primary_key for one in columns)

    @property
    def is_writable(self) -> bool:
        if self.relationship.viewonly or not self.setting.writable:
            return False
        return self.setting.show == "ids" or not self.is_by_column

    @property
    def collect(self) -> Any:
        """The class of its collections."""
        return self.relationship.collection_class or list

    @property
    def is_sorted(self) -> bool:
        """Whether the relation itself says in which order things are."""
        return bool(self.relationship.order_by)

    def key_names(self) -> tuple[str, ...]:
        """The attributes that are the key of what it leads to."""
        return key_names(self.target)

    def stands_for(self) -> set[str]:
        """The columns of the model that it is shown instead of."""
        if self.setting.show != "ids" or not self.is_by_column:
            return set()
        mapper = self.relationship.parent
        return {mapper.get_property_by_column(one).key for one in self.relationship.local_columns}


def stood_for(relations: Mapping[str, RelationField]) -> dict[str, str]:
    """The columns that are shown as relations, each with the name of its relation."""
    return {column: name for name, one in relations.items() for column in one.stands_for()}


def key_names(mapper: Mapper[Any]) -> tuple[str, ...]:
    """The attributes that are the primary key, in the order of its columns."""
    return tuple(mapper.get_property_by_column(one).key for one in mapper.primary_key)


def relation_fields(
    mapper: Mapper[Any], wanted: Mapping[str, Relation | Show]
) -> dict[str, RelationField]:
    """The relations of ``mapper`` that are wanted.

    Raises:
        ValueError: One of them is none, or cannot be shown.
    """
    found = {}
    for name, setting in wanted.items():
        place = f"{mapper.class_.__name__}.{name}"
        known = mapper.relationships.keys()
        if name not in known:
            raise ValueError(
                f"There is no relation {place}. There are: {', '.join(known) or 'none'}."
            )
        if not isinstance(setting, Relation):
            setting = Relation(setting)
        if setting.show not in ("nested", "ids"):
            raise ValueError(f"{place} is to be shown as {setting.show!r}: say 'nested' or 'ids'.")
        relation = mapper.relationships[name]
        if relation.lazy in UNREADABLE:
            raise ValueError(
                f"{place} is loaded as {relation.lazy!r}, which is for reading bit by bit and "
                "cannot be shown in an item. Take another `lazy`, or leave the relation out."
            )
        made = RelationField(name, setting, relation)
        if made.is_many and made.is_writable and made.collect not in (list, set):
            raise ValueError(
                f"{place} is a collection of a kind that cannot be set by keys alone. Show it with "
                "Relation(writable=False)."
            )
        found[name] = made
    return found


__all__ = ["Relation", "RelationField", "Show", "key_names", "relation_fields", "stood_for"]
