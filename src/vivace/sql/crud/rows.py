"""One row: made, changed, locked, and seen as what a client may send."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import Any

from sqlalchemy.orm import Mapper
from sqlalchemy.orm.attributes import flag_modified, manager_of_class

from vivace.crud import Values
from vivace.sql.crud.plan import Plan
from vivace.sql.crud.relations import RelationField


def make_item(mapper: Mapper[Any], values: Values) -> Any:
    """An instance of the model with ``values``; what they leave out takes its default."""
    model = mapper.class_
    if not is_dataclass(model):
        return model(**values)
    # Its ``__init__`` asks for what has no default in Python, though the database may have one.
    item: Any = manager_of_class(model).new_instance()
    assign(item, values)
    return item


def assign(item: Any, values: Values) -> None:
    """Set attributes of an item.

    Raises:
        TypeError: There is no such attribute.
    """
    for name, value in values.items():
        if not hasattr(type(item), name):
            raise TypeError(
                f"{type(item).__name__} has no attribute {name!r}. Where the schemas of a router "
                "have other fields, `before_create` and `before_update` of its hooks have to "
                "replace them."
            )
        setattr(item, name, value)


def change_version(plan: Plan, item: Any) -> None:
    """Have the version of an item change although only its relations do, which are elsewhere."""
    # It changes with any column that is written, though the value be the same.
    loaded = (name for name, one in plan.columns.items() if one.is_replaceable)
    name = next((name for name in loaded if name in item.__dict__), None)
    if plan.version is not None and name is not None:
        flag_modified(item, name)


def present_values(plan: Plan, item: Any) -> Values:
    """The values of what can be replaced, as they are sent: relations as keys."""
    values: Values = {}
    for name in plan.written:
        value = getattr(item, name)
        if (relation := plan.relations.get(name)) is not None:
            values[name] = _keys(relation, value)
        elif value is not None and (load := plan.columns[name].type.load) is not None:
            values[name] = load(value)
        else:
            values[name] = value
    return values


def _keys(relation: RelationField, value: Any) -> Any:
    if relation.is_many:
        things = value.values() if isinstance(value, dict) else value
        return [_key(relation, thing) for thing in things]
    return None if value is None else _key(relation, value)


def _key(relation: RelationField, thing: Any) -> Any:
    parts = {name: getattr(thing, name) for name in relation.key_names()}
    return parts if len(parts) > 1 else next(iter(parts.values()))


__all__ = ["assign", "change_version", "make_item", "present_values"]
