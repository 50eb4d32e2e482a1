"""What a client is told when the database refuses, or is not there.

Nothing of the database's own words is passed on: they name hosts, collections and values. They are
the ``__cause__`` of what is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DocumentTooLarge,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
)

from vivace import HTTPException
from vivace.crud import Conflict, already_exists, changed_meanwhile
from vivace.crud.errors import Location, RefusedRequest
from vivace.mongo.codec import Unstorable


class NotFound(HTTPException):
    """404: there is no document with this id.

    Args:
        name: What it would be, as ``song``.
    """

    def __init__(self, name: str) -> None:
        super().__init__(404, f"There is no such {name}.")


class InvalidValue(RefusedRequest):
    """422: a value that the database has no place for, or does not take."""

    def __init__(self, message: str, locations: list[Location]) -> None:
        super().__init__(422, "unstorable", message, locations)


class Unavailable(HTTPException):
    """503: the database is away or has no time.

    Args:
        retry_after: Seconds after which the same request may succeed (RFC 9110, section 10.2.3).
    """

    def __init__(self, detail: str, retry_after: int | None = None) -> None:
        headers = None if retry_after is None else {"Retry-After": str(retry_after)}
        super().__init__(503, detail, headers)


class TransactionsNotSupported(RuntimeError):
    """The server is a single one: transactions take a replica set, which may have one member."""

    def __init__(self) -> None:
        super().__init__(
            "The server has no transactions, as it belongs to no replica set. A single server is "
            "one when it is started with --replSet and told rs.initiate()."
        )


#: Codes of the server (https://www.mongodb.com/docs/manual/reference/error-codes/) for a document
#: that it does not take: nested too deep, against the collection's validator, with names that
#: begin with a dollar.
REFUSED = {15, 22, 52, 55, 57, 121}
TOO_LARGE = {10334, 17419, 17420}
WRITE_CONFLICT = 112
INTERRUPTED = {11600, 11602, 91, 189}


def translate(error: Exception, retry_after: int) -> HTTPException | None:
    """The HTTP error for what PyMongo has raised; ``None`` where it is the program's fault.

    ============================================== ==========================================
    a value that has to be unique is taken         :class:`~vivace.crud.Conflict`, 409
    another transaction was at work on the same    the same
    BSON, or the server, does not take a value     :class:`InvalidValue`, 422
    a document is larger than 16 MB                413
    the server is away; no connection came free    :class:`Unavailable`, 503
    an operation took too long                     the same, without ``Retry-After``
    ============================================== ==========================================

    Args:
        error: What was raised.
        retry_after: Seconds after which a client is told to try again, where the server is away.
    """
    if isinstance(error, Unstorable):
        places: list[Location] = [("body", *place) for place in error.places]
        # Without a place it is a value of a filter.
        return InvalidValue("The database has no place for this value.", places or [("query",)])
    if isinstance(error, DuplicateKeyError):
        return duplicate(error.details)
    if isinstance(error, BulkWriteError):
        return _translate_bulk(error) or _translate_state(error, retry_after)
    if isinstance(error, DocumentTooLarge):
        return _too_large()
    if isinstance(error, ConnectionFailure):
        return Unavailable("The database cannot be reached at present.", retry_after)
    if isinstance(error, OperationFailure):
        return _translate_code(error.code) or _translate_state(error, retry_after)
    return None


def _translate_code(code: int | None) -> HTTPException | None:
    if code in REFUSED:
        return InvalidValue("The database does not take this document.", [("body",)])
    if code in TOO_LARGE:
        return _too_large()
    if code == WRITE_CONFLICT:
        return changed_meanwhile()
    return None


def _translate_state(error: OperationFailure, retry_after: int) -> HTTPException | None:
    if error.has_error_label("TransientTransactionError"):
        return changed_meanwhile()
    if error.timeout:
        return Unavailable("The database took too long.")
    if error.code in INTERRUPTED:
        return Unavailable("The database cannot be reached at present.", retry_after)
    return None


def _translate_bulk(error: BulkWriteError) -> HTTPException | None:
    """What is wrong with the first item that is refused; its place begins with the index."""
    for refused in (error.details or {}).get("writeErrors", ()):
        code = refused.get("code")
        reply = duplicate(refused) if code == DUPLICATE else _translate_code(code)
        return reply.of_item(refused["index"]) if isinstance(reply, RefusedRequest) else reply
    return None


DUPLICATE = 11000


def duplicate(details: Mapping[str, Any] | None) -> Conflict:
    """The conflict that the details of a duplicate key tell of: with which fields."""
    pattern: Mapping[str, Any] = (details or {}).get("keyPattern") or {}
    names = ["id" if name == "_id" else name for name in pattern]
    return already_exists(*(tuple(name.split(".")) for name in names))


def _too_large() -> HTTPException:
    return HTTPException(413, "The document is larger than the database takes.")


@contextmanager
def translated(retry_after: int) -> Iterator[None]:
    """Around what uses PyMongo in a request: has its errors become the reply.

    Raises:
        HTTPException: See :func:`translate`.
    """
    try:
        yield
    except (PyMongoError, DocumentTooLarge, Unstorable) as error:
        reply = translate(error, retry_after)
        if reply is None:
            raise
        raise reply from error


__all__ = [
    "InvalidValue",
    "NotFound",
    "TransactionsNotSupported",
    "Unavailable",
    "duplicate",
    "translate",
    "translated",
]
