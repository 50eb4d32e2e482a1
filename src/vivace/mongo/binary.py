"""Bytes as a type of fields."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


class _Base64InJson:
    """Has a field of bytes be base64 in JSON, and nowhere else."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            _decode,
            handler(source),
            serialization=core_schema.plain_serializer_function_ser_schema(
                _encode, return_schema=core_schema.str_schema(), when_used="json-unless-none"
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "contentEncoding": "base64"}


def _decode(value: Any, validate_bytes: Callable[[Any], bytes]) -> bytes:
    if isinstance(value, str):
        try:
            value = b64decode(value, validate=True)
        except ValueError:
            raise PydanticCustomError("base64", "Input should be base64 (RFC 4648)") from None
    return validate_bytes(value)


def _encode(value: bytes) -> str:
    return b64encode(value).decode()


if TYPE_CHECKING:
    Binary = bytes
else:
    #: Bytes, which are BSON's binary data in a document and base64 (RFC 4648, section 4) in JSON.
    #: pydantic's own ``bytes`` would be UTF-8 there, which most bytes are not.
    Binary = Annotated[bytes, _Base64InJson()]

__all__ = ["Binary"]
