"""The parameter ``sort``: names of fields, a hyphen before those in descending order."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic_core import PydanticCustomError

from vivace.crud.collection import Order
from vivace.crud.resource import Resource


class Sorting:
    """The orders in which the items of a resource can be listed.

    Args:
        default: The order where the client does not say, as in the parameter.

    Raises:
        ValueError: ``default`` names what lists cannot be sorted by.
    """

    def __init__(self, resource: Resource, default: str = "") -> None:
        self._key = tuple(resource.key)
        self.names = tuple(field.name for field in resource.fields if field.sortable)
        try:
            self.default = self.complete(self.parse(default) if default else ())
        except PydanticCustomError as error:
            raise ValueError(
                f"Lists of {resource.plural} cannot be sorted by {default!r}: {error.message()}"
            ) from None

    @property
    def pattern(self) -> str:
        """A regular expression for documentation: what is allowed, duplicates aside."""
        one = f"-?({'|'.join(self.names)})"
        return f"^{one}(,{one})*$"

    def parse(self, text: str) -> tuple[Order, ...]:
        """The order that a client asks for.

        Raises:
            PydanticCustomError: It names what cannot be sorted by, or something twice.
        """
        order = tuple(_parse_one(name) for name in text.split(","))
        fields = [one.field for one in order]
        for field in fields:
            if field not in self.names:
                raise _wrong("Lists can be sorted by: {names}", names=", ".join(self.names))
        if len({*fields}) < len(fields):
            raise _wrong("A field is named twice")
        return order

    def complete(self, order: Iterable[Order]) -> tuple[Order, ...]:
        """``order`` with the key at its end, so that it says of any two items which comes first.

        The key is in the direction of the last field, so that one index serves for both.
        """
        order = tuple(order)
        named = {one.field for one in order}
        descending = bool(order) and order[-1].descending
        return (*order, *(Order(name, descending) for name in self._key if name not in named))


def _parse_one(name: str) -> Order:
    return Order(name.removeprefix("-"), descending=name.startswith("-"))


def _wrong(message: str, **context: str) -> PydanticCustomError:
    return PydanticCustomError("sort", message, context)


__all__ = ["Sorting"]
