"""Which documents a request may see at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vivace.crud import Values
from vivace.mongo.documents import BaseDocument
from vivace.mongo.lookup import stored_name


@dataclass(frozen=True)
class Scope:
    """The documents that a request may see.

    Args:
        filter: It lets them through.
        values: What all of them have. What a client makes gets it.
    """

    filter: Mapping[str, Any] = field(default_factory=dict)
    values: Values = field(default_factory=dict)

    def of(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """A filter for those of the documents that ``wanted`` lets through."""
        return {"$and": [wanted, self.filter]} if self.filter else wanted

    def fill(self, values: Values) -> Values:
        """The values with which a document is made, which is then in the scope."""
        return {**values, **self.values} if self.values else values


def make_scope(model: type[BaseDocument], given: Any) -> Scope:
    """The scope that a dependency gives: values that documents have, or a filter.

    Raises:
        TypeError: It has given something else, ``None`` for example.
    """
    if not isinstance(given, Mapping):
        # Better no documents than all of them.
        raise TypeError(
            f"The scope of {model.__name__} is {given!r}. Give the values that its documents have, "
            "or a filter: a dictionary."
        )
    return Scope(
        filter={stored_name(name): value for name, value in given.items()},
        values={name: value for name, value in given.items() if _is_value(name, value)},
    )


def _is_value(name: str, value: Any) -> bool:
    """Whether a part of a filter says what documents have, rather than what is true of them."""
    is_operator = isinstance(value, Mapping) and any(key.startswith("$") for key in value)
    return not name.startswith("$") and "." not in name and not is_operator


__all__ = ["Scope", "make_scope"]
