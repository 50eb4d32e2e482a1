"""Turning Python values into what JSON can hold (RFC 8259)."""

from __future__ import annotations

import json
import math
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from pathlib import Path, PurePath
from types import GeneratorType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import AnyUrl, BaseModel, NameEmail, SecretBytes, SecretStr
from pydantic_core import MultiHostUrl, PydanticUndefinedType, Url

from vivace.exceptions import PydanticV1NotSupportedError

if TYPE_CHECKING:
    from vivace.types import IncEx

Encoder = Callable[[Any], Any]


def decimal_encoder(value: Decimal) -> int | float:
    """A whole number as an ``int``, any other as the nearest ``float``."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= 0:
        return int(value)
    return float(value)


#: How a value of each type is encoded; subclasses follow their nearest parent here.
ENCODERS_BY_TYPE: dict[type[Any], Encoder] = {
    bytes: lambda value: value.decode(),
    bytearray: lambda value: value.decode(),
    memoryview: lambda value: bytes(value).decode(),
    date: date.isoformat,
    datetime: datetime.isoformat,
    time: time.isoformat,
    timedelta: timedelta.total_seconds,
    Decimal: decimal_encoder,
    Enum: lambda value: value.value,
    IPv4Address: str,
    IPv4Interface: str,
    IPv4Network: str,
    IPv6Address: str,
    IPv6Interface: str,
    IPv6Network: str,
    re.Pattern: lambda value: value.pattern,
    PurePath: str,
    Path: str,
    UUID: str,
    AnyUrl: str,
    Url: str,
    MultiHostUrl: str,
    NameEmail: str,
    SecretBytes: str,
    SecretStr: str,
    PydanticUndefinedType: lambda value: None,
}

# Types of modules that are slow to import, deprecated or optional: found by name.
_STRINGS_BY_NAME = frozenset(
    {
        "pydantic.color.Color",
        "pydantic_extra_types.color.Color",
        "pydantic.networks._BaseMultiHostUrl",
    }
)
_SEQUENCES = (list, set, frozenset, tuple, deque, GeneratorType)
_SCALARS: frozenset[type[Any]] = frozenset({str, int, float, bool, type(None)})
_NONE: frozenset[type[Any]] = frozenset()


@dataclass(frozen=True, slots=True)
class Encoding:
    """The settings of one call of :func:`jsonable_encoder`."""

    by_alias: bool = True
    exclude_unset: bool = False
    exclude_defaults: bool = False
    exclude_none: bool = False
    sqlalchemy_safe: bool = True
    custom: Mapping[Any, Encoder] | None = None

    def encode(self, value: Any, include: Any = None, exclude: Any = None) -> Any:
        kind = type(value)
        if self.custom:
            encoder = _custom_encoder(self.custom, kind)
            if encoder is not None:
                return encoder(value)
        if kind in _SCALARS:
            return value
        # mypy takes no class for hashable.
        return _strategy(kind)(self, value, include, exclude)  # type: ignore[arg-type]

    def encode_scalar(self, value: Any, include: Any, exclude: Any) -> Any:
        return value

    def encode_mapping(self, value: Any, include: Any, exclude: Any) -> Any:
        # Most keys are text and most values scalars, and a call for each is what costs.
        as_they_are = _NONE if self.custom else _SCALARS
        encoded: dict[Any, Any] = {}
        for key, item in value.items():
            if self._keeps(key, item, include, exclude):
                if type(key) not in as_they_are:
                    key = self.encode(key)
                encoded[key] = item if type(item) in as_they_are else self.encode(item)
        return encoded

    def _keeps(self, key: Any, item: Any, include: Any, exclude: Any) -> bool:
        return (
            (include is None or key in include)
            and not (exclude and key in exclude)
            and not (item is None and self.exclude_none)
            # What SQLAlchemy keeps on its objects is of no use to a client.
            and not (self.sqlalchemy_safe and isinstance(key, str) and key.startswith("_sa"))
        )

    def encode_sequence(self, value: Any, include: Any, exclude: Any) -> Any:
        encode = self.encode
        return [encode(item, include, exclude) for item in value]

    def encode_model(self, value: Any, include: Any, exclude: Any) -> Any:
        dumped = value.model_dump(
            mode="json",
            include=include,
            exclude=exclude,
            by_alias=self.by_alias,
            exclude_unset=self.exclude_unset,
            exclude_defaults=self.exclude_defaults,
            exclude_none=self.exclude_none,
        )
        # pydantic leaves nothing to do, but a model's own ``model_dump`` may.
        if type(value).model_dump is BaseModel.model_dump:
            return dumped
        return self.encode(dumped)

    def encode_dataclass(self, value: Any, include: Any, exclude: Any) -> Any:
        content = {field.name: getattr(value, field.name) for field in fields(value)}
        return self.encode_mapping(content, include, exclude)

    def encode_enum(self, value: Any, include: Any, exclude: Any) -> Any:
        return self.encode(value.value)

    def encode_object(self, value: Any, include: Any, exclude: Any) -> Any:
        """An object of a type nothing is known of: by its items, else by its attributes."""
        if isinstance(value, type):
            raise ValueError(f"The class {value.__qualname__!r} cannot be encoded as JSON.")
        # Types of C extensions may pass for another one without deriving from it.
        claimed = value.__class__
        if claimed is not type(value):
            return _strategy(claimed)(self, value, include, exclude)
        try:
            content = dict(value)
        except Exception:
            try:
                content = dict(vars(value))
            except Exception as error:
                raise ValueError(
                    f"A value of type {type(value).__qualname__!r} cannot be encoded as JSON. "
                    "Return a model, a dictionary or a dataclass, or give a custom_encoder."
                ) from error
        return self.encode_mapping(content, include, exclude)


_Strategy = Callable[[Encoding, Any, Any, Any], Any]


@lru_cache(maxsize=1024)
def _strategy(kind: type[Any]) -> _Strategy:
    """How values of the type are encoded, found out once for each type."""
    if issubclass(kind, BaseModel):
        return Encoding.encode_model
    if is_dataclass(kind):
        return Encoding.encode_dataclass
    if issubclass(kind, Enum):
        return Encoding.encode_enum
    if issubclass(kind, (str, int, float)):
        return Encoding.encode_scalar
    if issubclass(kind, dict):
        return Encoding.encode_mapping
    if issubclass(kind, _SEQUENCES):
        return Encoding.encode_sequence
    encoder = _table_encoder(kind)
    if encoder is not None:
        return lambda encoding, value, include, exclude: encoder(value)
    if any(_qualified_name(parent) == "pydantic.v1.main.BaseModel" for parent in kind.__mro__):
        raise PydanticV1NotSupportedError(
            f"{kind.__qualname__!r} is a model of pydantic's version 1. "
            "Derive it from pydantic.BaseModel."
        )
    return Encoding.encode_object


def is_object(value: Any) -> bool:
    """True for an object of which nothing is known but its items or its attributes."""
    kind: Any = type(value)
    return kind not in _SCALARS and _strategy(kind) is Encoding.encode_object


def _table_encoder(kind: type[Any]) -> Encoder | None:
    for parent in kind.__mro__:
        if parent in ENCODERS_BY_TYPE:
            return ENCODERS_BY_TYPE[parent]
        if _qualified_name(parent) in _STRINGS_BY_NAME:
            return str
    return None


def _custom_encoder(custom: Mapping[Any, Encoder], kind: type[Any]) -> Encoder | None:
    """The encoder for the type itself, else for the first one given that it derives from."""
    if kind in custom:
        return custom[kind]
    return next((encode for base, encode in custom.items() if issubclass(kind, base)), None)


def _qualified_name(kind: type[Any]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def jsonable_encoder(
    obj: Any,
    include: IncEx | None = None,
    exclude: IncEx | None = None,
    by_alias: bool = True,
    exclude_unset: bool = False,
    exclude_defaults: bool = False,
    exclude_none: bool = False,
    custom_encoder: Mapping[Any, Encoder] | None = None,
    sqlalchemy_safe: bool = True,
) -> Any:
    """Convert a value to dictionaries, lists, strings, numbers, booleans and ``None``.

    Args:
        obj: Any value: models, dataclasses, enumerations, dates, paths, collections of them.
        include: The only keys or fields to keep, of the value or of each item of a list.
        exclude: Keys or fields to leave out.
        by_alias: Whether a model's fields go by their aliases.
        exclude_unset: Whether to leave out a model's fields that were not set.
        exclude_defaults: Whether to leave out a model's fields that equal their default.
        exclude_none: Whether to leave out keys and fields that are ``None``.
        custom_encoder: Encoders by type, which win over all others. They are not asked about
            what is inside a model.
        sqlalchemy_safe: Whether to leave out keys that start with ``_sa``.

    Raises:
        ValueError: a value cannot be encoded, or is of bytes that are not UTF-8.
        PydanticV1NotSupportedError: a value is a model of pydantic's version 1.
    """
    if type(obj) in _SCALARS and not custom_encoder:
        return obj
    encoding = Encoding(
        by_alias, exclude_unset, exclude_defaults, exclude_none, sqlalchemy_safe, custom_encoder
    )
    return encoding.encode(obj, _as_keys(include), _as_keys(exclude))


def _as_keys(keys: Any) -> Any:
    """pydantic wants a set or a mapping, and callers like to give a list."""
    return keys if keys is None or isinstance(keys, (set, frozenset, dict)) else set(keys)


def encode_json(value: Any) -> str:
    """A value as JSON text, for an item of a stream.

    Numbers that JSON does not have (RFC 8259, section 6) become ``null``, except where a
    model's configuration says otherwise.

    Raises:
        ValueError: a value cannot be encoded.
    """
    if isinstance(value, BaseModel):
        return value.model_dump_json(by_alias=True)
    encoded = jsonable_encoder(value)
    try:
        return json.dumps(encoded, allow_nan=False)
    except ValueError:
        return json.dumps(without_non_finite(encoded))


def without_non_finite(value: Any) -> Any:
    """``value``, made of what JSON knows, with ``None`` for numbers that JSON does not have."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        # ``json`` makes a text of such a key, and a text is well-formed.
        return {key: without_non_finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_non_finite(item) for item in value]
    return value


__all__ = [
    "ENCODERS_BY_TYPE",
    "decimal_encoder",
    "encode_json",
    "is_object",
    "jsonable_encoder",
    "without_non_finite",
]
