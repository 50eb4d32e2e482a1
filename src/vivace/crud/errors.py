"""What a client is told when a request contradicts what is there."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from typing import Any, Self

from pydantic import ValidationError

from vivace.exceptions import HTTPException, RequestValidationError

Location = tuple[str | int, ...]


class RefusedRequest(HTTPException):
    """A request that is refused for a reason with a place, told as validation errors are.

    Args:
        status_code: A 4xx.
        type: The kind of error, for programs.
        message: The same, for people.
        locations: The places in the request, such as ``("body", "name")``.
    """

    def __init__(
        self, status_code: int, type: str, message: str, locations: Iterable[Location]
    ) -> None:
        self.type = type
        self.message = message
        self.locations = tuple(locations)
        super().__init__(status_code, self._errors())

    def _errors(self) -> list[dict[str, Any]]:
        return [
            {"type": self.type, "loc": [*location], "msg": self.message}
            for location in self.locations
        ]

    def of_item(self, index: int) -> Self:
        """The same of one of several items that a body has."""
        other = copy(self)
        other.locations = tuple((place[0], index, *place[1:]) for place in self.locations)
        other.detail = other._errors()
        return other


class Conflict(RefusedRequest):
    """409: the request contradicts what is there (RFC 9110, section 15.5.10)."""

    def __init__(
        self, type: str, message: str, locations: Iterable[Location] = (("body",),)
    ) -> None:
        super().__init__(409, type, message, locations)


def already_exists(*fields: str | Location) -> Conflict:
    """An item that has these values together is there already.

    Args:
        fields: Their names, or where they are below the body.
    """
    return Conflict("already_exists", "There is one with this value already.", _in_body(fields))


def unknown_reference(*fields: str | Location) -> Conflict:
    """What these fields refer to is not there.

    Args:
        fields: Their names, or where they are below the body.
    """
    return Conflict("unknown_reference", "What this refers to does not exist.", _in_body(fields))


def still_referenced() -> Conflict:
    """Something else refers to the item, which therefore cannot go."""
    return Conflict("still_referenced", "Something else still refers to this.", [("path",)])


def changed_meanwhile() -> Conflict:
    """Another request has changed the same at the same time; this one may be made again."""
    return Conflict("changed_meanwhile", "Somebody else is changing this. Try again.", [("path",)])


def _in_body(fields: Iterable[str | Location]) -> list[Location]:
    paths = [(field,) if isinstance(field, str) else field for field in fields]
    return [("body", *path) for path in paths] or [("body",)]


class PreconditionFailed(RefusedRequest):
    """412: the item is not, or not any more, what the client takes it for (RFC 9110, 15.5.13)."""

    def __init__(self, header: str) -> None:
        message = "It has been changed since. Read it again."
        super().__init__(412, "precondition_failed", message, [("header", header)])


class PreconditionRequired(RefusedRequest):
    """428: the client has to say which state of the item it means to change (RFC 6585, 3)."""

    def __init__(self) -> None:
        message = "Send the ETag of what you have read."
        super().__init__(428, "precondition_required", message, [("header", "if-match")])


def invalid(type: str, loc: Location, message: str, given: Any) -> RequestValidationError:
    """422: a value that is found wrong only after it has been validated."""
    return RequestValidationError([{"type": type, "loc": loc, "msg": message, "input": given}])


def invalid_body(error: ValidationError, *before: str | int) -> RequestValidationError:
    """422: what is wrong with a body, or the part of it at ``before``."""
    errors = error.errors(include_url=False)
    return RequestValidationError(
        [{**one, "loc": ("body", *before, *one["loc"])} for one in errors]
    )


__all__ = [
    "Conflict",
    "Location",
    "PreconditionFailed",
    "PreconditionRequired",
    "RefusedRequest",
    "already_exists",
    "changed_meanwhile",
    "invalid",
    "invalid_body",
    "still_referenced",
    "unknown_reference",
]
