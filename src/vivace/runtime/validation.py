"""Validation errors, collected while a request is read and placed where they belong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vivace.analyse.fields import Errors, located_errors, missing_error

if TYPE_CHECKING:
    from pydantic import ValidationError

Location = tuple[str | int, ...]


def add_errors(errors: Errors | None, error: ValidationError, loc: Location) -> Errors:
    """The errors so far with those of ``error``, each below ``loc``."""
    found = located_errors(error, loc)
    return found if errors is None else errors + found


def add_missing(errors: Errors | None, loc: Location) -> Errors:
    """The errors so far with one for a required value that was not sent."""
    found = [missing_error(loc)]
    return found if errors is None else errors + found


def add_found(errors: Errors | None, found: Errors) -> Errors | None:
    """The errors so far with those that were ``found`` elsewhere."""
    if not found:
        return errors
    return found if errors is None else errors + found


#: Stands for a key that a body does not have, which is not the same as ``null``.
ABSENT: Any = object()


def as_object(payload: Any) -> dict[str, Any]:
    """The members of a JSON object; none for a body that is no object."""
    return payload if isinstance(payload, dict) else {}
