"""What is said of a router beside its resource."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from typing import Any, Literal, TypedDict, get_args

from vivace.crud.hooks import Hooks

Operation = Literal["list", "create", "create_many", "read", "replace", "patch", "delete"]
OPERATIONS: tuple[Operation, ...] = get_args(Operation)
Pagination = Literal["cursor", "offset"]


@dataclass(frozen=True)
class Limits:
    """How much a client may ask for at once.

    Args:
        page: Items of a page, where the client does not say.
        max_page: Items of a page at most.
        max_offset: What an offset is at most: the store reads what it leaves out.
        max_bulk: Items that are made at once at most.
        max_in: Values that a filter takes at most.
    """

    page: int = 20
    max_page: int = 100
    max_offset: int = 10_000
    max_bulk: int = 100
    max_in: int = 100

    def __post_init__(self) -> None:
        if not 1 <= self.page <= self.max_page:
            raise ValueError(
                f"A page of {self.page} items does not fit a limit of {self.max_page}. "
                "Set `page` to a number from 1 to `max_page`."
            )


class CrudOptions(TypedDict, total=False):
    """The keyword arguments of routers.

    Keys:
        prefix: Where the routes are; by default, ``/`` and the plural.
        tags: Groups in the documentation; by default, the plural.
        operations: Which there are; by default, all for which there are schemas.
        dependencies: Called before every operation.
        operation_dependencies: Called before some operations, such as guards.
        hooks: What is called before something is written.
        pagination: How one gets from page to page: by cursors, offsets, or either as one likes.
        sort: The order of lists where the client does not say, as in the parameter ``sort``; by
            default that of the key.
        limits: How much a client may ask for at once.
        require_if_match: Whether changes need the header ``If-Match``.
        other_parameters: Names of query parameters that lists leave to other dependencies.
    """

    prefix: str
    tags: list[str | Enum]
    operations: Collection[Operation]
    dependencies: Sequence[Any]
    operation_dependencies: Mapping[Operation, Sequence[Any]]
    hooks: type[Hooks]
    pagination: Collection[Pagination]
    sort: str
    limits: Limits
    require_if_match: bool
    other_parameters: Collection[str]


def check_options(given: Iterable[str], kind: Any) -> None:
    """Refuse keyword arguments that ``kind``, a ``TypedDict``, does not have.

    Raises:
        TypeError: It suggests the nearest one.
    """
    known = kind.__optional_keys__
    for name in given:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"There are: {sorted(known)}."
            raise TypeError(f"There is no option {name!r} of CRUD routers. {hint}")


def options_of(kind: Any, given: Mapping[str, Any]) -> Any:
    """Those of the keyword arguments that ``kind``, a ``TypedDict``, has."""
    return {name: value for name, value in given.items() if name in kind.__optional_keys__}


__all__ = [
    "OPERATIONS",
    "CrudOptions",
    "Limits",
    "Operation",
    "Pagination",
    "check_options",
    "options_of",
]
