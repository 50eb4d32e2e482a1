"""A model as a resource: names, schemas, and what lists are filtered and sorted by."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from pydantic import BaseModel
from sqlalchemy.orm import Mapper

from vivace.crud import Field, Resource
from vivace.crud.resource import PRESENCE
from vivace.sql.crud.columns import ColumnField, Overrides, column_fields, key_fields
from vivace.sql.crud.loading import attribute_names
from vivace.sql.crud.relations import Relation, RelationField, Show, relation_fields
from vivace.sql.crud.schemas import create_schema, read_schema, replace_schema


class ResourceOptions(TypedDict, total=False):
    """What is said of a model beside what it says itself.

    Keys:
        name, plural: What one item, and several, are called; by default after the model.
        hidden: Columns that are neither shown nor set.
        read_only: Columns that are shown and not set.
        write_only: Columns that are set and not shown.
        relations: Relations that are shown, and how.
        filters: Columns that lists are filtered by; by default all for which that makes sense.
        sortable: Columns that lists are sorted by; likewise.
        read, create, replace, patch: Schemas instead of those that are derived.
    """

    name: str
    plural: str
    hidden: Collection[str]
    read_only: Collection[str]
    write_only: Collection[str]
    relations: Mapping[str, Relation | Show]
    filters: Collection[str]
    sortable: Collection[str]
    read: type[BaseModel]
    create: type[BaseModel]
    replace: type[BaseModel]
    patch: type[BaseModel]


@dataclass(frozen=True)
class Derived:
    """What is derived of a model."""

    resource: Resource
    columns: Mapping[str, ColumnField]
    relations: Mapping[str, RelationField]


def derive(mapper: Mapper[Any], options: ResourceOptions) -> Derived:
    """Describe a model as a resource.

    Raises:
        ValueError: Something cannot be derived, or an option names what the model does not have.
    """
    overrides = Overrides(
        hidden=frozenset(options.get("hidden", ())),
        read_only=frozenset(options.get("read_only", ())),
        write_only=frozenset(options.get("write_only", ())),
    )
    columns = column_fields(mapper, overrides)
    relations = relation_fields(mapper, options.get("relations", {}))
    name = options.get("name") or snake_case(mapper.class_.__name__)
    named = Resource(name, options.get("plural") or plural_of(name), key={}, read=BaseModel)
    read = options.get("read") or read_schema(named.title, mapper, columns, relations)
    resource = Resource(
        named.name,
        named.plural,
        key={one: _key_type(mapper, column) for one, column in key_fields(mapper).items()},
        read=read,
        create=options.get("create")
        or create_schema(f"{named.title}Create", mapper, columns, relations),
        replace=options.get("replace")
        or replace_schema(f"{named.title}Replace", mapper, columns, relations, read),
        patch=options.get("patch"),
        fields=tuple(_list_fields(mapper, columns, set(attribute_names(read)), options)),
    )
    return Derived(resource, columns, relations)


def _key_type(mapper: Mapper[Any], column: ColumnField) -> Any:
    if column.type.compare is None:
        raise ValueError(
            f"{mapper.class_.__name__}.{column.name} is part of the primary key, and of a type "
            "that no path can hold. Take another key."
        )
    return column.type.compare


def _list_fields(
    mapper: Mapper[Any],
    columns: Mapping[str, ColumnField],
    names: set[str],
    options: ResourceOptions,
) -> list[Field]:
    """What lists are filtered and sorted by: never what is not shown, as that would show it."""
    shown = [one for one in columns.values() if one.is_shown and one.name in names]
    filters = {column.name for column in shown if column.type.operators}
    sortable = {column.name for column in shown if column.type.sortable}
    filters = _chosen(mapper, "filters", options.get("filters"), filters)
    sortable = _chosen(mapper, "sortable", options.get("sortable"), sortable)
    return [_list_field(column, filters, sortable) for column in shown]


def _list_field(column: ColumnField, filters: set[str], sortable: set[str]) -> Field:
    operators = column.type.operators | (PRESENCE if column.nullable else frozenset())
    return Field(
        column.name,
        column.type.compare,
        operators if column.name in filters else frozenset(),
        sortable=column.name in sortable,
        nullable=column.nullable,
    )


def _chosen(
    mapper: Mapper[Any], option: str, wanted: Collection[str] | None, possible: set[str]
) -> set[str]:
    if wanted is None:
        return possible
    for name in wanted:
        if name not in possible:
            raise ValueError(
                f"{mapper.class_.__name__}.{name} is none of what lists can have for `{option}`: "
                f"{', '.join(sorted(possible))}."
            )
    return set(wanted)


_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake_case(name: str) -> str:
    """``OrderLine`` as ``order_line``."""
    return _WORDS.sub("_", name).lower()


def plural_of(name: str) -> str:
    """The plural of an English word, as far as it is regular."""
    if re.search(r"[^aeiou]y$", name):
        return f"{name[:-1]}ies"
    return f"{name}es" if re.search(r"(s|x|z|ch|sh)$", name) else f"{name}s"


__all__ = ["Derived", "ResourceOptions", "derive", "plural_of", "snake_case"]
