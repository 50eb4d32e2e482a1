"""The columns of a model, as fields of schemas."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import sqlalchemy as sa
from pydantic_core import PydanticUndefined
from sqlalchemy.orm import ColumnProperty, Mapper

from vivace.sql.crud.annotations import type_hints
from vivace.sql.crud.column_types import ColumnType, type_of_column

Access = Literal["read-write", "read-only", "write-only", "hidden"]
#: Where ``info`` of a column says who may see and set it.
INFO = "crud"


@dataclass(frozen=True)
class Overrides:
    """What a router says of columns, which otherwise they say themselves."""

    hidden: frozenset[str] = frozenset()
    read_only: frozenset[str] = frozenset()
    write_only: frozenset[str] = frozenset()

    @property
    def all(self) -> dict[str, Access]:
        return {
            **dict.fromkeys(self.write_only, "write-only"),
            **dict.fromkeys(self.read_only, "read-only"),
            **dict.fromkeys(self.hidden, "hidden"),
        }


@dataclass(frozen=True)
class ColumnField:
    """A column, or an expression over columns, that is an attribute of a model.

    Args:
        name: The attribute.
        type: What its values are.
        column: The column; ``None`` for an expression.
        access: Who may see and set it.
        nullable: Whether it may be null.
        is_key: Whether it is a part of the primary key, which is set once.
        is_generated: Whether it gets a value by itself where none is given.
    """

    name: str
    type: ColumnType = field(repr=False)
    column: sa.Column[Any] | None
    access: Access
    nullable: bool
    is_key: bool
    is_generated: bool

    @property
    def is_shown(self) -> bool:
        return self.access in ("read-write", "read-only")

    @property
    def is_settable(self) -> bool:
        """Whether clients give it a value when they make an item."""
        return self.access in ("read-write", "write-only")

    @property
    def is_replaceable(self) -> bool:
        """Whether clients give it another value later."""
        return self.is_settable and not self.is_key

    @property
    def description(self) -> str | None:
        return None if self.column is None else self.column.doc or self.column.comment


def column_fields(mapper: Mapper[Any], overrides: Overrides) -> dict[str, ColumnField]:
    """The columns of ``mapper`` by the names of their attributes.

    Raises:
        ValueError: Of a column that is not hidden it is not known what its values are, or an
            override names what there is not.
    """
    hints = type_hints(mapper.class_)
    _check_names(mapper, overrides.all)
    return {
        name: _field(mapper, attribute, overrides, hints.get(name))
        for name, attribute in mapper.column_attrs.items()
    }


def key_fields(mapper: Mapper[Any]) -> dict[str, ColumnField]:
    """The columns of the primary key by the names of their attributes, in their order.

    Raises:
        ValueError: It is not known what the values of one are.
    """
    hints, said = type_hints(mapper.class_), Overrides()
    attributes: list[Any] = [mapper.get_property_by_column(one) for one in mapper.primary_key]
    return {one.key: _field(mapper, one, said, hints.get(one.key)) for one in attributes}


def _check_names(mapper: Mapper[Any], named: Collection[str]) -> None:
    for name in named:
        if name not in mapper.column_attrs:
            raise ValueError(
                f"{mapper.class_.__name__} has no column {name!r}. It has: "
                f"{', '.join(mapper.column_attrs.keys())}."
            )


def _field(
    mapper: Mapper[Any], attribute: ColumnProperty[Any], overrides: Overrides, hint: Any
) -> ColumnField:
    name, expression = attribute.key, attribute.columns[0]
    columns = [one for one in attribute.columns if isinstance(one, sa.Column)]
    column = columns[0] if columns else None
    access = overrides.all.get(name) or _access(mapper, name, columns)
    return ColumnField(
        name,
        type=_type(mapper, name, expression, hint, is_needed=access != "hidden"),
        column=column,
        access=access,
        nullable=column is None or bool(column.nullable),
        is_key=any(one in mapper.primary_key for one in attribute.columns),
        is_generated=any(map(is_generated, columns)),
    )


def _type(
    mapper: Mapper[Any], name: str, expression: Any, hint: Any, *, is_needed: bool
) -> ColumnType:
    try:
        return type_of_column(expression.type, hint)
    except TypeError:
        if not is_needed:
            return ColumnType(Any, Any, Any)
        raise ValueError(
            f"What {mapper.class_.__name__}.{name} holds is not known of its type "
            f"{expression.type!r}. Say so in its annotation, as Mapped[str]; or hide it, by "
            f"info={{{INFO!r}: 'hidden'}}."
        ) from None


def _access(mapper: Mapper[Any], name: str, columns: Sequence[sa.Column[Any]]) -> Access:
    said = next((column.info[INFO] for column in columns if INFO in column.info), None)
    if said is not None:
        if said not in get_args(Access):
            raise ValueError(
                f"{mapper.class_.__name__}.{name} has {said!r} for {INFO!r} in its info. It is one "
                f"of: {', '.join(get_args(Access))}."
            )
        return said  # type: ignore[no-any-return]
    if name.startswith("_"):
        return "hidden"
    if not columns or any(_is_set_by_itself(mapper, column) for column in columns):
        return "read-only"
    if columns[0].primary_key and any(map(is_generated, columns)):
        return "read-only"
    return "read-write"


def _is_set_by_itself(mapper: Mapper[Any], column: sa.Column[Any]) -> bool:
    """Whether the database, or the mapper, sets the column by itself whenever a row is written."""
    return (
        column.computed is not None
        or (column.identity is not None and column.identity.always)
        or column.onupdate is not None
        or column.server_onupdate is not None
        or column is mapper.version_id_col
        or column is mapper.polymorphic_on
    )


def is_generated(column: sa.Column[Any]) -> bool:
    """Whether a row gets a value here though none is given, null aside."""
    return (
        column.default is not None
        or column.server_default is not None
        or column.identity is not None
        or column.computed is not None
        or getattr(column.table, "autoincrement_column", None) is column
    )


def constant_default(column: sa.Column[Any] | None) -> Any:
    """What a column is set to where nothing is said, if it is always the same.

    Returns:
        ``PydanticUndefined`` where it differs, or only the database knows it.
    """
    default: Any = None if column is None else column.default
    if default is not None and default.is_scalar:
        return default.arg
    # What a function gives is not known, but for empty lists and dictionaries.
    if default is not None and default.is_callable and _is_container(column):
        with suppress(Exception):
            if (made := default.arg(None)) in ([], {}):
                return made
    return PydanticUndefined


def _is_container(column: sa.Column[Any] | None) -> bool:
    return column is not None and isinstance(column.type, (sa.JSON, sa.ARRAY))


__all__ = [
    "Access",
    "ColumnField",
    "Overrides",
    "column_fields",
    "constant_default",
    "is_generated",
    "key_fields",
]
