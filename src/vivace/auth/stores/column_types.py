"""How the values of records stand in columns, alike in every database."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

ESCAPE = "\x1a"
_UNSTORABLE = re.compile("[\x00\x1a\ud800-\udfff]")
_ESCAPED = re.compile("\x1a([0-9a-f]{4})")


class AnyString(TypeDecorator[str]):
    """A string, whatever is in it.

    PostgreSQL refuses U+0000, and no database takes surrogates, while both can be sent in JSON. A
    client that does should be told that there is no such user, not that the server has failed.
    Such characters are kept as U+001A and four hexadecimal digits, which no two strings share.
    """

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return _UNSTORABLE.sub(lambda found: f"{ESCAPE}{ord(found[0]):04x}", value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or ESCAPE not in value:
            return value
        return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)


class UTCTime(TypeDecorator[datetime]):
    """A time in UTC, aware of it also where the database keeps no time zones.

    Raises:
        ValueError: A time without a zone is to be kept.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A time without a zone could mean any: use records.now(), in UTC.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class StringTuple(TypeDecorator[tuple[str, ...]]):
    """A tuple of strings, as a JSON array.

    It is text to the database: PostgreSQL cannot compare its own ``json``, and ``jsonb`` refuses
    U+0000.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(list(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        return None if value is None else tuple(json.loads(value))


__all__ = ["AnyString", "StringTuple", "UTCTime"]
