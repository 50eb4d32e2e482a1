"""What fields a kind of record has, for stores that keep records elsewhere than in Python."""

from __future__ import annotations

import re
import types
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Union, get_args, get_origin, get_type_hints

from vivace.auth.stores.records import Record

#: The types that a field may have; each may be ``None`` as well.
TYPES = frozenset({str, int, bool, datetime, tuple})


@dataclass(frozen=True)
class RecordField:
    """One field of a kind."""

    name: str
    #: One of :data:`TYPES`; ``tuple`` stands for a tuple of strings.
    type: type[Any]
    optional: bool
    unique: bool
    #: Records are looked up by it.
    indexed: bool


def fields_of(kind: type[Record]) -> tuple[RecordField, ...]:
    """The fields of ``kind``, in their order.

    Raises:
        TypeError: A field is of a type that stores do not keep.
    """
    if kind not in _FIELDS:
        _FIELDS[kind] = _read_fields(kind)
    return _FIELDS[kind]


def name_of(kind: type[Record]) -> str:
    """The name of ``kind`` outside Python: ``refresh_token`` for ``RefreshToken``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


_FIELDS: dict[type[Record], tuple[RecordField, ...]] = {}


def _read_fields(kind: type[Record]) -> tuple[RecordField, ...]:
    hints = get_type_hints(kind)
    return tuple(
        RecordField(
            name=field.name,
            type=_type_of(kind, field.name, hints[field.name]),
            optional=type(None) in get_args(hints[field.name]),
            unique=bool(field.metadata.get("unique")),
            indexed=bool(field.metadata.get("index")),
        )
        for field in fields(kind)
    )


def _type_of(kind: type[Record], name: str, hint: Any) -> type[Any]:
    if get_origin(hint) in (Union, types.UnionType):
        members = [one for one in get_args(hint) if one is not type(None)]
        hint = members[0] if len(members) == 1 else hint
    if get_args(hint) == (str, ...):
        hint = get_origin(hint)
    if hint not in TYPES:
        raise TypeError(
            f"{kind.__name__}.{name} is {hint!r}: records have text, whole numbers, booleans, "
            "times and tuples of text."
        )
    found: type[Any] = hint
    return found


__all__ = ["RecordField", "fields_of", "name_of"]
