"""What is known of a value before there is one: whether using it could run unknown code."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from pydantic import PydanticUserError

from vivace.analyse.plan import Parameter, Source

if TYPE_CHECKING:
    from vivace.analyse.fields import Field


class Kind(Enum):
    """Kinds of values, by what may be done with them."""

    NUMBER = "number"
    TEXT = "text"
    #: Another built-in immutable type, or one of several.
    VALUE = "value"
    #: A built-in container of values and of such containers.
    DATA = "data"
    #: An exception that only holds what it was given.
    EXCEPTION = "exception"
    #: Anything at all: passed on and stored, but not touched.
    OPAQUE = "opaque"

    @property
    def is_plain(self) -> bool:
        """True for a value whose operators, truth and text are those of a built-in type."""
        return self in PLAIN


PLAIN = (Kind.NUMBER, Kind.TEXT, Kind.VALUE)

#: The exact types of plain values; a subclass may do anything.
KINDS: dict[type, Kind] = {
    **dict.fromkeys((int, float, bool, complex), Kind.NUMBER),
    str: Kind.TEXT,
    **dict.fromkeys((bytes, type(None), uuid.UUID, decimal.Decimal), Kind.VALUE),
    **dict.fromkeys((datetime.date, datetime.timedelta), Kind.VALUE),
}
#: What pydantic's validators make of text, numbers and JSON.
SCHEMAS: dict[str, Kind] = {
    **dict.fromkeys(("int", "float", "bool", "complex"), Kind.NUMBER),
    "str": Kind.TEXT,
    **dict.fromkeys(("bytes", "none", "uuid", "decimal"), Kind.VALUE),
    **dict.fromkeys(("date", "time", "datetime", "timedelta"), Kind.VALUE),
}


def kind_of_value(value: Any) -> Kind:
    """The kind of a value that is there. One with a time zone has the zone's code in it."""
    if type(value) in (datetime.datetime, datetime.time) and value.tzinfo is None:
        return Kind.VALUE
    return KINDS.get(type(value), Kind.OPAQUE)


def joined(kinds: Iterable[Kind]) -> Kind:
    """The kind of a value that may be of any one of ``kinds``."""
    found = set(kinds)
    if len(found) == 1:
        return found.pop()
    if all(kind.is_plain for kind in found):
        return Kind.VALUE
    return Kind.DATA if found <= {*PLAIN, Kind.DATA} else Kind.OPAQUE


def kind_of_parameter(parameter: Parameter) -> Kind:
    """The kind of a value that is filled from the request: validated, or else the default."""
    field = parameter.field
    kind = _kind_of_schema(_schema_of(field))
    if parameter.source is Source.PATH and kind is Kind.VALUE:
        # A convertor of the path may have made it, and pydantic keeps instances of subclasses.
        return Kind.OPAQUE
    if field.required:
        return kind
    if field.info.default_factory is not None:
        return Kind.OPAQUE
    return joined((kind, kind_of_value(field.info.default)))


def _schema_of(field: Field) -> Mapping[str, Any]:
    """The schema of ``field``, which may have to wait for a class that is still to be defined."""
    try:
        return dict(field.core_schema)
    except PydanticUserError:
        return {"type": "undefined"}


def _kind_of_schema(schema: Mapping[str, Any]) -> Kind:
    """The kind of what a validator returns; opaque where code of the user's may have made it."""
    match schema["type"]:
        case "nullable":
            return joined((_kind_of_schema(schema["schema"]), Kind.VALUE))
        case "default" if "default" in schema:
            inner = _kind_of_schema(schema["schema"])
            return joined((inner, kind_of_value(schema["default"])))
        case "union":
            choices = (c[0] if isinstance(c, tuple) else c for c in schema["choices"])
            return joined(map(_kind_of_schema, choices))
        case "literal":
            return joined(map(kind_of_value, schema["expected"]))
        case known:
            return SCHEMAS.get(known, Kind.OPAQUE)


#: Schemas whose validators do nothing but look at types and take containers apart.
STRUCTURES = frozenset(
    {
        *SCHEMAS,
        *("any", "nullable", "union", "tagged-union", "literal", "enum"),
        *("list", "tuple", "set", "frozenset", "dict", "typed-dict", "typed-dict-field"),
        *("model", "model-fields", "model-field", "definitions", "definition-ref"),
        *("dataclass", "dataclass-args", "dataclass-field", "default"),
    }
)
#: Parts of a schema that are no validators.
ASIDE = frozenset({"metadata", "serialization", "computed_fields", "config"})


def validates_in_place(field: Field) -> bool:
    """True where validating built-in data as ``field`` runs no code but pydantic's."""
    return _is_structure(_schema_of(field))


def _is_structure(schema: Any) -> bool:
    if isinstance(schema, (list, tuple)):
        return all(map(_is_structure, schema))
    if not isinstance(schema, Mapping):
        return True
    kind = schema.get("type")
    if isinstance(kind, str) and (kind not in STRUCTURES or _runs_code(schema)):
        return False
    return all(_is_structure(part) for name, part in schema.items() if name not in ASIDE)


def _runs_code(schema: Mapping[str, Any]) -> bool:
    """True for the hooks of models, dataclasses and defaults."""
    hooks = ("custom_init", "post_init", "default_factory", "missing", "discriminator")
    return any(callable(schema.get(name)) or schema.get(name) is True for name in hooks) or (
        isinstance(schema.get("post_init"), str)
    )
