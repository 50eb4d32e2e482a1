"""Schemas derived from a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Optional

from annotated_types import Len
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticUndefined
from sqlalchemy.orm import Mapper

from vivace.crud.schemas import Definitions, Sent, make_schema
from vivace.sql.crud.columns import (
    ColumnField,
    Overrides,
    column_fields,
    constant_default,
    key_fields,
)
from vivace.sql.crud.relations import RelationField, relation_fields, stood_for


class Shown(BaseModel):
    """Made of the attributes of an item."""

    model_config = ConfigDict(from_attributes=True, protected_namespaces=())


def read_schema(
    title: str,
    mapper: Mapper[Any],
    columns: Mapping[str, ColumnField],
    relations: Mapping[str, RelationField],
) -> type[BaseModel]:
    """What is shown of an item.

    Args:
        title: The name of the schema.
    """
    instead = stood_for(relations)
    fields: Definitions = {
        name: (_nullable(column.type.read, column.nullable), Field(description=column.description))
        for name, column in columns.items()
        if column.is_shown and name not in instead
    }
    for name, relation in relations.items():
        fields[name] = (
            _shown_relation(title, relation),
            Field(description=relation.relationship.doc),
        )
    return _make(title, Shown, mapper, fields)


def _shown_relation(title: str, relation: RelationField) -> Any:
    if relation.setting.show == "ids":
        one = _shown_key(relation)
    else:
        one = _nested_schema(f"{title}{_camel(relation.name)}", relation)
    if not relation.is_many:
        return _nullable(one, relation.is_nullable)
    return Annotated[list[one], BeforeValidator(_in_order(relation))]  # type: ignore[valid-type]


def _nested_schema(title: str, relation: RelationField) -> type[BaseModel]:
    target, setting = relation.target, relation.setting
    hidden = Overrides(hidden=frozenset(setting.hidden))
    inner = relation_fields(target, setting.relations)
    return read_schema(title, target, column_fields(target, hidden), inner)


def _in_order(relation: RelationField) -> Callable[[Any], Any]:
    """Things in an order of their own, by which a representation is the same each time."""
    key_of = key_getter(relation)

    def in_order(things: Any) -> Any:
        listed = [*(things.values() if isinstance(things, dict) else things)]
        return listed if relation.is_sorted else sorted(listed, key=key_of)

    return in_order


def key_getter(relation: RelationField) -> Callable[[Any], tuple[Any, ...]]:
    """A function that gives the key of what ``relation`` leads to."""
    names = relation.key_names()
    return lambda thing: tuple(getattr(thing, name) for name in names)


def _shown_key(relation: RelationField) -> Any:
    """The type of a key that is shown: of a single value, or an object of several."""
    columns = key_fields(relation.target)
    if len(columns) > 1:
        fields: Definitions = {name: (one.type.read, ...) for name, one in columns.items()}
        return _make(f"{relation.target.class_.__name__}Key", Shown, relation.target, fields)
    [(name, column)] = columns.items()
    return Annotated[column.type.read, BeforeValidator(lambda thing: getattr(thing, name))]


def _sent_key(relation: RelationField) -> Any:
    """The type of a key that is sent. An object with the key is taken too, as it may be shown."""
    columns = key_fields(relation.target)
    if len(columns) > 1:
        fields: Definitions = {name: (one.type.compare, ...) for name, one in columns.items()}
        return _make(f"{relation.target.class_.__name__}Ref", BaseModel, relation.target, fields)
    [(name, column)] = columns.items()

    def key_of(given: Any) -> Any:
        return given.get(name, given) if isinstance(given, dict) else given

    return Annotated[column.type.compare, BeforeValidator(key_of)]


def create_schema(
    title: str,
    mapper: Mapper[Any],
    columns: Mapping[str, ColumnField],
    relations: Mapping[str, RelationField],
) -> type[BaseModel]:
    """What is sent to make an item: what is left out takes the default of the database."""
    instead = stood_for(relations)
    fields: Definitions = {
        name: (
            _nullable(column.type.write, column.nullable),
            _said(column, optional=column.nullable or column.is_generated),
        )
        for name, column in columns.items()
        if column.is_settable and name not in instead
    }
    fields.update(_sent_relations(relations.values()))
    return _make(title, Sent, mapper, fields)


def replace_schema(
    title: str,
    mapper: Mapper[Any],
    columns: Mapping[str, ColumnField],
    relations: Mapping[str, RelationField],
    shown: type[BaseModel],
) -> type[BaseModel]:
    """What is sent to replace an item: what is left out takes its default, if there is one.

    Where only the database has one, or a function that gives another each time, it has to be sent:
    the same request made twice is to do the same as if it were made once.
    """
    instead = stood_for(relations)
    fields: Definitions = {
        name: (
            _nullable(column.type.write, column.nullable),
            _said(column, optional=column.nullable and not column.is_generated),
        )
        for name, column in columns.items()
        if column.is_replaceable and name not in instead
    }
    fields.update(_sent_relations(one for one in relations.values() if not one.is_key))
    made = _make(title, Sent, mapper, fields)
    made.shown_only = frozenset(shown.model_fields) - frozenset(fields)  # type: ignore[attr-defined]
    return made


def _said(column: ColumnField, *, optional: bool) -> Any:
    """What is said of a field beside its type.

    Args:
        optional: Whether it may be left out though no default is known.
    """
    default = constant_default(column.column)
    if default is not PydanticUndefined:
        return Field(default, description=column.description)
    if optional:
        return Field(default_factory=_nothing, description=column.description)
    return Field(description=column.description)


def _nothing() -> None:
    return None


def _sent_relations(relations: Iterable[RelationField]) -> Definitions:
    fields: Definitions = {}
    for relation in relations:
        if not relation.is_writable:
            continue
        name = relation.name
        key = _sent_key(relation)
        said: dict[str, Any] = {"description": relation.relationship.doc}
        if relation.is_many:
            fields[name] = (
                Annotated[list[key], Len(0, relation.setting.max_ids)],  # type: ignore[valid-type]
                Field(default_factory=list, **said),
            )
        elif relation.is_nullable:
            fields[name] = (_nullable(key), Field(default_factory=_nothing, **said))
        else:
            fields[name] = (key, Field(**said))
    return fields


def _nullable(kind: Any, nullable: bool = True) -> Any:
    return Optional[kind] if nullable else kind  # noqa: UP045 - a type made at run time


def _camel(name: str) -> str:
    return "".join(word.title() for word in name.split("_"))


def _make(
    title: str, base: type[BaseModel], mapper: Mapper[Any], fields: Definitions
) -> type[BaseModel]:
    return make_schema(title, fields, base=base, module=mapper.class_.__module__)


__all__ = ["create_schema", "key_getter", "read_schema", "replace_schema"]
