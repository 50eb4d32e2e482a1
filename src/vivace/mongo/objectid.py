"""Object ids as a type of parameters and fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bson
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

#: How an id is written: 12 bytes, hexadecimal. Capitals are refused, so that one thing has one URL.
PATTERN = "^[0-9a-f]{24}$"
EXAMPLE = "65f1a2b3c4d5e6f708192a3b"


class ObjectId(bson.ObjectId):
    """An id as MongoDB makes them, which pydantic and OpenAPI know.

    In JSON, in paths and queries, and as the key of a dictionary it is a string of 24 hexadecimal
    digits; anything else gets a 422 that says where. It is a :class:`bson.ObjectId`, equal to one
    of the same bytes, and goes wherever PyMongo takes that.
    """

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            cls._validate,
            core_schema.str_schema(pattern=PATTERN),
            serialization=core_schema.to_string_ser_schema(when_used="json"),
        )

    @classmethod
    def _validate(cls, value: Any, validate_string: Callable[[Any], str]) -> ObjectId:
        if isinstance(value, cls):
            return value
        return cls(value if isinstance(value, bson.ObjectId) else validate_string(value))

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        # The same for what comes in and what goes out, so that a model has one schema.
        return {"type": "string", "pattern": PATTERN, "examples": [EXAMPLE]}


__all__ = ["ObjectId"]
