"""What a client is told when the database refuses what it has sent, and which field it is about.

Nothing of the database's own words is passed on; and of the fields only those that the client has
sent itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.orm import Mapper

from vivace.crud import Conflict, already_exists, still_referenced, unknown_reference
from vivace.crud.errors import Location, RefusedRequest
from vivace.sql.crud.complaints import read_complaint
from vivace.sql.errors import DETAILS, Fault, find_fault

#: What types and drivers raise of a value that they cannot make into one of the database's.
UNFIT = (ValueError, OverflowError, LookupError)


class Refusals:
    """Makes of errors of the database what clients are told.

    Args:
        instead: The fields that stand for columns which are no fields themselves.
        names: What clients call the fields that they send.
    """

    def __init__(
        self, mapper: Mapper[Any], instead: Mapping[str, str], names: Mapping[str, str]
    ) -> None:
        self._tables = [table for table in mapper.tables if isinstance(table, sa.Table)]
        self._names = names
        self._fields = {
            column: instead.get(name, name)
            for name, attribute in mapper.column_attrs.items()
            for column in attribute.columns
        }
        self._references = {
            field
            for column, field in self._fields.items()
            if isinstance(column, sa.Column) and column.foreign_keys
        }

    def of_write(self, error: StatementError, sent: Collection[str]) -> RefusedRequest | None:
        """For an item that is made or changed; ``None`` where it is no fault of the client's.

        Args:
            sent: The fields that have been given a value.
        """
        fault = _fault_of(error)
        found = self._fields_of(error)
        if fault is Fault.REFERENCE and not found:
            # SQLite does not say which; often there is but one.
            references = self._references.intersection(sent)
            found = references if len(references) == 1 else set()
        fields = [name for field, name in self._names.items() if field in found and field in sent]
        if fault is Fault.DUPLICATE:
            return already_exists(*fields)
        if fault is Fault.REFERENCE:
            return unknown_reference(*fields)
        if fault is Fault.MISSING and not fields:
            # What leads to the item has been sent away from it, and cannot be without it.
            return Conflict("still_needed", "Something else cannot be without this.")
        if fault in (Fault.MISSING, Fault.FORBIDDEN, Fault.UNFIT):
            places: list[Location] = [("body", name) for name in fields]
            return RefusedRequest(422, fault.name.lower(), DETAILS[fault], places or [("body",)])
        return None

    def of_list(self, error: StatementError) -> RefusedRequest | None:
        """For a list that cannot be compared with a value."""
        if _fault_of(error) is not Fault.UNFIT:
            return None
        return RefusedRequest(422, "unfit", DETAILS[Fault.UNFIT], [("query",)])

    def of_delete(self, error: StatementError) -> RefusedRequest | None:
        """For an item that is deleted."""
        needed = (Fault.REFERENCE, Fault.MISSING)
        return still_referenced() if _fault_of(error) in needed else None

    def _fields_of(self, error: StatementError) -> set[str]:
        if not isinstance(error, DBAPIError):
            return set()
        columns = read_complaint(error.orig).columns_in(self._tables)
        return {self._fields[column] for column in columns if column in self._fields}


def _fault_of(error: StatementError) -> Fault | None:
    known = find_fault(error)
    if known is not None:
        return known
    # What SQLAlchemy or the driver stumbled over. A wrong type is a fault of the program.
    cause: BaseException | None = error.orig
    while cause is not None and cause.__cause__ is not None:
        cause = cause.__cause__
    return Fault.UNFIT if isinstance(cause, UNFIT) else None


__all__ = ["Refusals"]
