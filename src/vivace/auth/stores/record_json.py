"""Records as JSON, for stores that keep text."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, TypeVar

from vivace.auth.stores.record_fields import fields_of
from vivace.auth.stores.records import Record

R = TypeVar("R", bound=Record)


def dump_record(record: Record) -> str:
    """The record as an object of its fields; times as in RFC 3339.

    It is ASCII: what no UTF-8 can say, as a surrogate by itself, is escaped.
    """
    values = {field.name: getattr(record, field.name) for field in fields_of(type(record))}
    return json.dumps(values, default=_dump_time, separators=(",", ":"))


def load_record(kind: type[R], text: str | bytes) -> R:
    """The record of this kind that :func:`dump_record` wrote.

    A field that it has not is left at its default: it was written by an older version of the kit.
    One that the kind has not is left out: it was written by a newer one.
    """
    values: dict[str, Any] = json.loads(text)
    found: dict[str, Any] = {}
    for field in fields_of(kind):
        if field.name not in values:
            continue
        value = values[field.name]
        if value is not None and field.type is datetime:
            value = datetime.fromisoformat(value)
        elif value is not None and field.type is tuple:
            value = tuple(value)
        found[field.name] = value
    return kind(**found)


def _dump_time(value: Any) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"{type(value).__name__} is no type that records have.")
    if value.tzinfo is None:
        raise ValueError("A time without a zone could mean any: use records.now(), in UTC.")
    return value.astimezone(UTC).isoformat()


__all__ = ["dump_record", "load_record"]
