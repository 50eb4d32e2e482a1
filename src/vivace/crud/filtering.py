"""Query parameters that filter a list: ``name=...``, ``age__gte=...``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Len

from vivace.crud.collection import Filter, Operator
from vivace.crud.resource import Field, Resource

_MEANINGS: dict[Operator, str] = {
    "eq": "is",
    "ne": "is not",
    "gt": "is more than",
    "gte": "is at least",
    "lt": "is less than",
    "lte": "is at most",
    "in": "is one of",
    "icontains": "contains, in upper or lower case",
    "istartswith": "starts with, in upper or lower case",
    "is_null": "is null",
}


@dataclass(frozen=True)
class FilterParameter:
    """A query parameter that filters.

    Args:
        name: What clients call it: that of the field, with ``__`` and the operator for all but
            ``eq``.
        field, operator: What it asks.
        type: What its value is.
    """

    name: str
    field: str
    operator: Operator
    type: Any

    @property
    def description(self) -> str:
        return f"Items of which `{self.field}` {_MEANINGS[self.operator]} this."

    def filter(self, value: Any) -> Filter:
        """What it means with ``value``."""
        return Filter(self.field, self.operator, value)


def filter_parameters(
    resource: Resource, *, max_in: int, taken: frozenset[str]
) -> Iterator[FilterParameter]:
    """The parameters by which lists of ``resource`` are filtered.

    Args:
        max_in: How many values a parameter takes that takes several.
        taken: Names that mean something else: a field of that name has ``__eq`` for ``eq``.
    """
    for field in resource.fields:
        for operator in _MEANINGS:
            if operator in field.operators:
                plain = operator == "eq" and field.name not in taken
                name = field.name if plain else f"{field.name}__{operator}"
                yield FilterParameter(name, field.name, operator, _type_of(field, operator, max_in))


def _type_of(field: Field, operator: Operator, max_in: int) -> Any:
    special: Mapping[Operator, Any] = {
        "is_null": bool,
        "in": Annotated[list[field.type], Len(1, max_in)],  # type: ignore[name-defined]
    }
    return special.get(operator, field.type)


__all__ = ["FilterParameter", "filter_parameters"]
