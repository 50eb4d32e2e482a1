"""Cursors: a place in a list, as an opaque text.

A cursor holds the values that the item beside it has for the fields that the list is sorted by. It
is not signed: a client that makes one up gets to another place of the same list, where it could
have gone page by page. Whatever it holds is validated before it is used.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from vivace.crud.collection import Order


class InvalidCursor(ValueError):
    """A text that is no cursor, or none for the list that is asked for."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list.

    Args:
        order: What the list is sorted by.
        values: Those of the item beside it, one for each field of ``order``.
        backward: Whether it stands for what comes before the item, rather than after.
    """

    order: tuple[Order, ...]
    values: tuple[Any, ...]
    backward: bool = False


class Cursors:
    """Writes and reads the cursors of one resource.

    Args:
        types: The types of all fields that lists may be sorted by, null included where it may be.
    """

    def __init__(self, types: Mapping[str, Any]) -> None:
        self._types = dict(types)
        # A client can ask for as many orders as there are permutations of the fields.
        self._adapter = lru_cache(maxsize=128)(self._make_adapter)

    def _make_adapter(self, order: tuple[Order, ...]) -> TypeAdapter[Any]:
        types = tuple(self._types[one.field] for one in order)
        return TypeAdapter(tuple[types])  # type: ignore[valid-type]

    def write(self, cursor: Cursor) -> str:
        """The text that stands for ``cursor``, of letters, digits, ``-`` and ``_``."""
        values = self._adapter(cursor.order).dump_python(cursor.values, mode="json")
        content = to_json([_describe(cursor.order), int(cursor.backward), values])
        return urlsafe_b64encode(content).rstrip(b"=").decode()

    def read(self, text: str, order: tuple[Order, ...]) -> Cursor:
        """The cursor that ``text`` stands for, in a list that is sorted by ``order``.

        Raises:
            InvalidCursor: It is none, or belongs to a list in another order.
        """
        match _parse(text):
            case [str(described), (0 | 1) as backward, list(values)]:
                pass
            case _:
                raise InvalidCursor("This is no cursor")
        if described != _describe(order):
            raise InvalidCursor("The cursor belongs to a list in another order")
        try:
            valid = self._adapter(order).validate_python(tuple(values))
        except ValidationError:
            raise InvalidCursor("This is no cursor") from None
        return Cursor(order, valid, backward=bool(backward))


def _parse(text: str) -> Any:
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        return from_json(b64decode(padded, altchars=b"-_", validate=True))
    except ValueError:
        return None


def _describe(order: tuple[Order, ...]) -> str:
    return ",".join(f"-{one.field}" if one.descending else one.field for one in order)


__all__ = ["Cursor", "Cursors", "InvalidCursor"]
