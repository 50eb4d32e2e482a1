"""What has to be loaded so that a schema can be made of an item without a further statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, get_args

from pydantic import BaseModel
from sqlalchemy.orm import Mapper, load_only, selectinload, undefer
from sqlalchemy.orm.interfaces import ORMOption

from vivace.sql.crud.relations import key_names
from vivace.sql.crud.schemas import Shown


def load_shown(mapper: Mapper[Any], schema: type[BaseModel]) -> list[ORMOption]:
    """Options that load what ``schema`` shows: its columns, and one statement for each relation."""
    return [*_load_relations(mapper, schema), *_load_columns(mapper, schema)]


def load_changed(
    mapper: Mapper[Any], schema: type[BaseModel], written: Iterable[str]
) -> list[ORMOption]:
    """Options that load all columns, what ``schema`` shows, and the relations in ``written``."""
    shown = set(attribute_names(schema))
    names = [name for name in written if name in mapper.relationships and name not in shown]
    deferred = [name for name, one in mapper.column_attrs.items() if one.deferred]
    needed = [name for name in deferred if name in shown or name in {*written}]
    return [
        *_load_relations(mapper, schema),
        *(selectinload(_attribute(mapper, name)) for name in names),
        *(undefer(_attribute(mapper, name)) for name in needed),
    ]


def attribute_names(schema: type[BaseModel]) -> Iterator[str]:
    """The names of the attributes that ``schema`` is made of."""
    for name, field in schema.model_fields.items():
        yield field.validation_alias if isinstance(field.validation_alias, str) else name


def _attribute(mapper: Mapper[Any], name: str) -> Any:
    return getattr(mapper.class_, name)


def _load_relations(mapper: Mapper[Any], schema: type[BaseModel]) -> Iterator[ORMOption]:
    for name, field in zip(attribute_names(schema), schema.model_fields.values()):
        if name not in mapper.relationships:
            continue
        option: Any = selectinload(_attribute(mapper, name))
        target = mapper.relationships[name].mapper
        inner = _model_in(field.annotation)
        if inner is not None:
            yield option.options(*load_shown(target, inner))
        elif issubclass(schema, Shown):
            # Derived, so that it shows keys.
            yield option.load_only(*(_attribute(target, key) for key in key_names(target)))
        else:
            yield option


def _load_columns(mapper: Mapper[Any], schema: type[BaseModel]) -> Iterator[ORMOption]:
    names = set(attribute_names(schema))
    if not names <= {*mapper.column_attrs.keys(), *mapper.relationships.keys()}:
        # A property, which may need any of them.
        return
    columns = [_attribute(mapper, name) for name, _ in mapper.column_attrs.items() if name in names]
    version = mapper.version_id_col
    if version is not None:
        columns.append(_attribute(mapper, mapper.get_property_by_column(version).key))
    if columns:
        yield load_only(*columns)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(argument) for argument in get_args(annotation))
    return next((one for one in found if one is not None), None)


__all__ = ["attribute_names", "load_changed", "load_shown"]
