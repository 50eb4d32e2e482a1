"""Between Python's values and BSON's (https://bsonspec.org), in documents and in filters."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any

import bson
from bson import Decimal128
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions, TypeCodec, TypeRegistry
from bson.errors import InvalidDocument
from pydantic import SecretBytes, SecretStr
from pydantic_core import to_jsonable_python

Place = tuple[str | int, ...]

#: What PyMongo raises of a value that BSON has no place for: a number that is too large or too
#: precise, a text that is no Unicode, a key with a NUL in it, too many levels.
UNSTORABLE = (ArithmeticError, UnicodeEncodeError, InvalidDocument, RecursionError)


class DecimalCodec(TypeCodec):
    """``Decimal`` is BSON's ``decimal128``: 34 digits."""

    python_type = Decimal
    bson_type = Decimal128

    def transform_python(self, value: Decimal) -> Decimal128:
        return Decimal128(value)

    def transform_bson(self, value: Decimal128) -> Decimal:
        return value.to_decimal()


def encode_other(value: Any) -> Any:
    """What BSON has for a value of a type that it does not know.

    A date is its midnight in UTC, which TTL indexes and ``$dateTrunc`` understand; a collection
    is an array; anything else is what it is in JSON.
    """
    match value:
        case int():
            raise OverflowError("BSON has integers of 64 bits.")
        case Enum():
            return value.value
        case date():
            return datetime.combine(value, time(), UTC)
        case SecretStr() | SecretBytes():
            return value.get_secret_value()
        case set() | frozenset() | deque():
            return list(value)
        case bytearray() | memoryview():
            return bytes(value)
    return to_jsonable_python(value)


#: Times have a zone, UTC, and milliseconds; UUIDs have subtype 4.
CODEC: CodecOptions[dict[str, Any]] = CodecOptions(
    document_class=dict,
    tz_aware=True,
    tzinfo=UTC,
    uuid_representation=UuidRepresentation.STANDARD,
    type_registry=TypeRegistry([DecimalCodec()], fallback_encoder=encode_other),
)


class Unstorable(ValueError):
    """A document that has values which BSON has no place for.

    Args:
        places: Where they are.
    """

    def __init__(self, places: list[Place]) -> None:
        named = ", ".join(".".join(map(str, place)) for place in places)
        super().__init__(f"BSON has no place for these values: {named}")
        self.places = places


def encode(document: Mapping[str, Any]) -> bytes:
    """``document`` as BSON. Keys of any type become the strings that they are in JSON.

    Raises:
        Unstorable: A value does not fit.
    """
    try:
        return bson.encode(document, codec_options=CODEC)
    except RecursionError as error:
        raise Unstorable([()]) from error
    except UNSTORABLE:
        pass
    # Few documents have such keys, so it is cheaper to look for them only now.
    document = with_text_keys(document)
    try:
        return bson.encode(document, codec_options=CODEC)
    except UNSTORABLE as error:
        raise Unstorable([*unstorable_places(document)]) from error


def decode(data: bytes) -> dict[str, Any]:
    """The document that ``data`` holds."""
    return bson.decode(data, CODEC)


def with_text_keys(value: Any) -> Any:
    """``value`` with strings for all keys of dictionaries in it."""
    match value:
        case Mapping():
            return {_text_key(key): with_text_keys(one) for key, one in value.items()}
        case list() | tuple() | set() | frozenset() | deque():
            return [with_text_keys(one) for one in value]
    return value


def _text_key(key: Any) -> str:
    if isinstance(key, str) and not isinstance(key, Enum):
        return key
    [text] = to_jsonable_python({key: None}, fallback=str)
    return str(text)


def unstorable_places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Where in ``value`` there is something that BSON has no place for."""
    if _is_storable(value):
        return
    inner: list[tuple[str | int, Any]] = []
    if isinstance(value, Mapping):
        inner = [*value.items()]
    elif isinstance(value, (list, tuple)):
        inner = [*enumerate(value)]
    found = [one for name, part in inner for one in unstorable_places(part, (*place, name))]
    yield from found or [place]


def _is_storable(value: Any) -> bool:
    try:
        bson.encode({"value": value}, codec_options=CODEC)
    except UNSTORABLE:
        return False
    return True


__all__ = ["CODEC", "UNSTORABLE", "Place", "Unstorable", "decode", "encode", "with_text_keys"]
