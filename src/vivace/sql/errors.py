"""What a client is told when the database refuses, or is not there.

Nothing of the database's own words is passed on: they name tables, columns and values. They are
the ``__cause__`` of what is raised.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    InterfaceError,
    OperationalError,
    TimeoutError as PoolTimeout,
)

from vivace import HTTPException

#: What drivers raise of a value that they cannot write to the wire or the file.
UNWRITABLE = (OverflowError, UnicodeEncodeError)
#: What asyncpg raises of a connection of no more use, after the server went away in the middle of
#: an operation: that it cannot begin another one.
BREAKDOWNS = {"InternalClientError"}


class Conflict(HTTPException):
    """409: what is to be written contradicts what is stored."""

    def __init__(self, detail: str) -> None:
        super().__init__(409, detail)


class InvalidValue(HTTPException):
    """422: a value that the database has no place for."""

    def __init__(self, detail: str) -> None:
        super().__init__(422, detail)


class Unavailable(HTTPException):
    """503: the database is away, has no time, or has given way to another request.

    Args:
        retry_after: Seconds after which the same request may succeed (RFC 9110, section 10.2.3).
    """

    def __init__(self, detail: str, retry_after: int | None = None) -> None:
        headers = None if retry_after is None else {"Retry-After": str(retry_after)}
        super().__init__(503, detail, headers)


class Fault(Enum):
    """What is wrong, of what a client can be told."""

    DUPLICATE = auto()
    REFERENCE = auto()
    MISSING = auto()
    FORBIDDEN = auto()
    UNFIT = auto()
    CONTENTION = auto()
    TIMEOUT = auto()
    CROWD = auto()
    AWAY = auto()


DETAILS = {
    Fault.DUPLICATE: "Another record has one of these values already.",
    Fault.REFERENCE: "A record that is referred to is not there, or is still referred to.",
    Fault.MISSING: "A value is missing that every record has to have.",
    Fault.FORBIDDEN: "A value is against a rule of the database.",
    Fault.UNFIT: "A value is too long, too large, or cannot be stored.",
    Fault.CONTENTION: "Another request was at work on the same records.",
    Fault.TIMEOUT: "The database took too long.",
    Fault.CROWD: "Too many requests are waiting for the database.",
    Fault.AWAY: "The database cannot be reached at present.",
}
CONFLICTS = {Fault.DUPLICATE, Fault.REFERENCE}
INVALID = {Fault.MISSING, Fault.FORBIDDEN, Fault.UNFIT}

#: By SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html) or its class.
POSTGRESQL = {
    "23505": Fault.DUPLICATE,
    "23P01": Fault.DUPLICATE,
    "23503": Fault.REFERENCE,
    "23001": Fault.REFERENCE,
    "23502": Fault.MISSING,
    "23514": Fault.FORBIDDEN,
    "22001": Fault.UNFIT,
    "22003": Fault.UNFIT,
    "22008": Fault.UNFIT,
    "22021": Fault.UNFIT,
    "22P05": Fault.UNFIT,
    "40001": Fault.CONTENTION,
    "40P01": Fault.CONTENTION,
    "55P03": Fault.CONTENTION,
    "57014": Fault.TIMEOUT,
    "57P01": Fault.AWAY,
    "57P02": Fault.AWAY,
    "57P03": Fault.AWAY,
    "08": Fault.AWAY,
    "53": Fault.AWAY,
}
#: By number (https://mariadb.com/kb/en/mariadb-error-code-reference/).
MYSQL = {
    1062: Fault.DUPLICATE,
    1216: Fault.REFERENCE,
    1217: Fault.REFERENCE,
    1451: Fault.REFERENCE,
    1452: Fault.REFERENCE,
    1048: Fault.MISSING,
    1364: Fault.MISSING,
    3819: Fault.FORBIDDEN,
    4025: Fault.FORBIDDEN,
    1264: Fault.UNFIT,
    1292: Fault.UNFIT,
    1366: Fault.UNFIT,
    1406: Fault.UNFIT,
    1020: Fault.CONTENTION,
    1205: Fault.CONTENTION,
    1213: Fault.CONTENTION,
    1317: Fault.TIMEOUT,
    1969: Fault.TIMEOUT,
    3024: Fault.TIMEOUT,
    1040: Fault.AWAY,
    1053: Fault.AWAY,
    1203: Fault.AWAY,
    2002: Fault.AWAY,
    2003: Fault.AWAY,
    2006: Fault.AWAY,
    2013: Fault.AWAY,
}
#: By result code, extended or primary (https://www.sqlite.org/rescode.html).
SQLITE = {
    1555: Fault.DUPLICATE,
    2067: Fault.DUPLICATE,
    2579: Fault.DUPLICATE,
    787: Fault.REFERENCE,
    1299: Fault.MISSING,
    275: Fault.FORBIDDEN,
    3091: Fault.FORBIDDEN,
    18: Fault.UNFIT,
    5: Fault.CONTENTION,
    6: Fault.CONTENTION,
    9: Fault.TIMEOUT,
    10: Fault.AWAY,
    13: Fault.AWAY,
    14: Fault.AWAY,
}


def translate(error: Exception, retry_after: int) -> HTTPException | None:
    """The HTTP error for what a database has said; ``None`` where it is the program's fault.

    ====================================================== ==============================
    a value that has to be unique, or a reference, is in use :class:`Conflict`
    a value is missing, too long, or against a ``CHECK``     :class:`InvalidValue`
    the database is away; no connection came free            :class:`Unavailable`
    a deadlock, a serialisation failure                      :class:`Unavailable`
    a statement took too long                                :class:`Unavailable`, without
                                                             ``Retry-After``
    ====================================================== ==============================

    Args:
        error: What SQLAlchemy has raised.
        retry_after: Seconds after which a client is told to try again, where the database is away.
    """
    fault = find_fault(error)
    if fault is None:
        return None
    detail = DETAILS[fault]
    if fault in CONFLICTS:
        return Conflict(detail)
    if fault in INVALID:
        return InvalidValue(detail)
    if fault is Fault.TIMEOUT:
        return Unavailable(detail)
    return Unavailable(detail, 1 if fault is Fault.CONTENTION else retry_after)


def find_fault(error: BaseException) -> Fault | None:
    """What ``error`` of SQLAlchemy's says is wrong; ``None`` where a program has to be mended."""
    if isinstance(error, PoolTimeout):
        return Fault.CROWD
    if not isinstance(error, DBAPIError):
        return None
    fault = _coded(error.orig)
    if fault is not None:
        return fault
    if error.connection_invalidated:
        return Fault.AWAY
    if _is_unwritable(error):
        return Fault.UNFIT
    # Without a statement, it is a connection that could not be made.
    if error.statement is None and isinstance(error, (OperationalError, InterfaceError)):
        return Fault.AWAY
    return None


def _coded(orig: Any) -> Fault | None:
    """What the driver's own error means, by the code that the database gives it."""
    number = next(iter(getattr(orig, "args", ())), None)
    if isinstance(number, int):
        return MYSQL.get(number)
    code = getattr(orig, "sqlite_errorcode", None)
    if code is not None:
        return SQLITE.get(code) or SQLITE.get(code & 0xFF)
    state = _sqlstate(orig)
    return None if state is None else POSTGRESQL.get(state) or POSTGRESQL.get(state[:2])


def _sqlstate(orig: Any) -> str | None:
    return getattr(orig, "sqlstate", None) or getattr(orig, "pgcode", None)


def _is_unwritable(error: DBAPIError) -> bool:
    """Whether a driver could not write a value, and the database has not seen it."""
    cause: BaseException | None = error.orig
    while cause is not None:
        if isinstance(cause, UNWRITABLE):
            return True
        cause = cause.__cause__
    # Of psycopg's, with text that has a NUL in it.
    return isinstance(error, DataError) and _sqlstate(error.orig) is None


def wrap_driver_error(context: ExceptionContext) -> BaseException | None:
    """An error of SQLAlchemy's for one that a driver has let through as it was.

    A connection that has broken down is not used again.

    To be registered for the event ``handle_error`` of an engine.
    """
    error = context.original_exception
    is_broken = isinstance(error, OSError) or type(error).__name__ in BREAKDOWNS
    if is_broken:
        context.is_disconnect = True
    if context.sqlalchemy_exception is not None:
        return None
    if is_broken:
        return OperationalError(
            context.statement, None, error, hide_parameters=True, connection_invalidated=True
        )
    if isinstance(error, UNWRITABLE):
        return DataError(context.statement, None, error, hide_parameters=True)
    return None


__all__ = [
    "Conflict",
    "Fault",
    "InvalidValue",
    "Unavailable",
    "find_fault",
    "translate",
    "wrap_driver_error",
]
