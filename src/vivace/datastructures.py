"""Data structures of requests, and uploaded files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_core import core_schema
from starlette.datastructures import (
    URL,
    Address,
    FormData,
    Headers,
    QueryParams,
    State,
    UploadFile as StarletteUploadFile,
)

from vivace.declare.defaults import Default, DefaultPlaceholder

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler


class UploadFile(StarletteUploadFile):
    """A file that a client uploaded, in memory or, when it is large, on disk.

    Attributes:
        filename: The name that the client gave; never use it as a path unchecked.
        file: The open file, for synchronous code.
        size: Its size in bytes.
        headers: The headers of its part of the form (RFC 7578, section 4).
        content_type: The media type that the client gave.
    """

    @classmethod
    def _validate(cls, value: Any, _: Any) -> StarletteUploadFile:
        # The form parser makes Starlette's own class, which has the same methods.
        if not isinstance(value, StarletteUploadFile):
            raise ValueError(f"Expected UploadFile, received: {type(value)}")
        return value

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.with_info_plain_validator_function(cls._validate)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        # Binary data in a form (OpenAPI 3.1, section 4.8.14.3).
        return {"type": "string", "contentMediaType": "application/octet-stream"}


__all__ = [
    "URL",
    "Address",
    "Default",
    "DefaultPlaceholder",
    "FormData",
    "Headers",
    "QueryParams",
    "State",
    "UploadFile",
]
