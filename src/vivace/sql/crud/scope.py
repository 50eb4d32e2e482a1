"""Which rows a request may see at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.interfaces import ORMOption

from vivace.crud import Values

#: What a dependency for the scope of a router may give: the values that all rows have, a condition,
#: criteria as ``with_loader_criteria`` makes them, or several of these.
Scoped = Mapping[str, Any] | sa.ColumnElement[bool] | ORMOption


@dataclass(frozen=True)
class Scope:
    """The rows that a request may see.

    Args:
        conditions: They are true of them.
        options: Criteria, which count for what is loaded with them too.
        values: What all of them have. What a client makes gets it.
    """

    conditions: tuple[sa.ColumnElement[bool], ...] = ()
    options: tuple[ORMOption, ...] = ()
    values: Values = field(default_factory=dict)

    def of(self, statement: sa.Select[Any]) -> sa.Select[Any]:
        """``statement``, restricted to what is in the scope."""
        if self.options:
            statement = statement.options(*self.options)
        return statement.where(*self.conditions) if self.conditions else statement

    def fill(self, values: Values) -> Values:
        """The values with which a row is made, which is then in the scope."""
        return {**values, **self.values} if self.values else values


def make_scope(model: type[Any], given: Scoped | Iterable[Scoped]) -> Scope:
    """The scope that a dependency gives.

    Raises:
        TypeError: It has given something else, ``None`` for example.
    """
    conditions: list[sa.ColumnElement[bool]] = []
    options: list[ORMOption] = []
    values: Values = {}
    for one in given if isinstance(given, (list, tuple)) else [given]:
        if isinstance(one, Mapping):
            values.update(one)
            conditions += [getattr(model, name) == value for name, value in one.items()]
        elif isinstance(one, ORMOption):
            options.append(one)
        elif isinstance(one, sa.ColumnElement):
            conditions.append(one)
        else:
            # Better no rows than all of them.
            raise TypeError(
                f"The scope of {model.__name__} is {one!r}. Give the values that its rows have, a "
                "condition such as Model.column == value, with_loader_criteria(...), or a list."
            )
    return Scope(tuple(conditions), tuple(options), values)


__all__ = ["Scope", "Scoped", "make_scope"]
