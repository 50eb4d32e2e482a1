"""From the type of a column to types of pydantic's: what is shown, sent and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args, get_origin
from uuid import UUID

import sqlalchemy as sa
from pydantic import AfterValidator, AwareDatetime, Field, JsonValue, NaiveDatetime, TypeAdapter
from sqlalchemy.types import TypeDecorator, TypeEngine

from vivace.crud import Operator
from vivace.crud.resource import COMPARISON, EQUALITY, SEARCH
from vivace.sql.crud.values import (
    Base64,
    as_utc,
    check_json,
    check_naive,
    check_text,
    check_uuid_text,
)

#: Digits after the point that SQLAlchemy reads where a column does not say how many.
SCALE = 10
#: Digits that MariaDB keeps at most, and more than which no number needs.
PRECISION = 65
#: What an interval may be: a database without a type for it keeps it as a time since 1970.
LONGEST = timedelta(days=350_000)

ORDERED = EQUALITY | COMPARISON
NONE: frozenset[Operator] = frozenset()


@dataclass(frozen=True)
class ColumnType:
    """What pydantic makes of the values of a column, null aside.

    Args:
        python: The class that SQLAlchemy gives.
        read: As they are shown, whatever the database holds.
        write: As they are sent: nothing passes that the column has no place for.
        compare: As lists are filtered and sorted by them.
        operators: What lists can be filtered by.
        sortable: Whether the database sorts and compares them alike.
        load: Makes of a value that was read one that ``write`` takes.
        last: A validator of what is sent and compared that comes after all others.
    """

    python: Any
    read: Any
    write: Any
    compare: Any = None
    operators: frozenset[Operator] = NONE
    sortable: bool = False
    load: Callable[[Any], Any] | None = None
    last: Callable[[Any], Any] | None = None

    def complete(self, metadata: Iterable[Any]) -> ColumnType:
        """The same with ``metadata`` of pydantic's for what is sent, and with the validator."""
        write, compare = self.write, self.compare
        for item in metadata:
            write = Annotated[write, item]
        if self.last is not None:
            write = Annotated[write, AfterValidator(self.last)]
            compare = None if compare is None else Annotated[compare, AfterValidator(self.last)]
        return replace(self, write=write, compare=compare, last=None)


def type_of_column(column_type: TypeEngine[Any], hint: Any = None) -> ColumnType:
    """What pydantic makes of a column of this type.

    Args:
        hint: The ``T`` of ``Mapped[T]``, without ``None``. Metadata of pydantic's in it count for
            what is sent. Where it is another type than the column's own, values are of that type.

    Raises:
        TypeError: Nothing says what the values are.
    """
    bare, metadata = _take_apart(hint)
    own = _own_type(column_type, bare)
    says_nothing = bare in (None, Any, object)
    if own is None and says_nothing:
        raise TypeError
    if own is None or not (says_nothing or own.python in (bare, get_origin(bare))):
        own = _of_hint(bare, own)
    return own.complete(metadata)


def _take_apart(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    if get_origin(hint) is Annotated:
        bare, *metadata = get_args(hint)
        # Columns stand there too.
        kept = [one for one in metadata if not type(one).__module__.startswith("sqlalchemy.")]
        return bare, tuple(kept)
    return hint, ()


def _of_hint(hint: Any, own: ColumnType | None) -> ColumnType:
    """Values are of another type than the column's, as of an address of email in a text."""
    is_scalar = own is not None and bool(own.operators)
    operators = EQUALITY if is_scalar else NONE
    return ColumnType(hint, hint, hint, hint, operators, last=check_text)


def _own_type(column_type: TypeEngine[Any], hint: Any) -> ColumnType | None:
    if isinstance(column_type, sa.PickleType):
        return None
    if isinstance(column_type, TypeDecorator) and not isinstance(column_type, sa.Interval):
        inner = column_type.impl_instance
        return None if isinstance(inner, sa.JSON) else _decorated(_own_type(inner, hint))
    if isinstance(column_type, sa.JSON):
        return _json(hint)
    if isinstance(column_type, sa.ARRAY):
        return _array(column_type)
    for kind, make in _MAKERS:
        if isinstance(column_type, kind):
            return make(column_type)
    return None


def _decorated(inner: ColumnType | None) -> ColumnType | None:
    """A type of the app's own: what it makes of values for the database is not known.

    Times are taken to stay in their order, as those do that are kept in UTC.
    """
    if inner is None:
        return None
    if inner.python is datetime:
        return ColumnType(datetime, datetime, datetime, datetime, ORDERED, sortable=True)
    return replace(inner, operators=inner.operators & EQUALITY, sortable=False)


def _json(hint: Any) -> ColumnType:
    """What the hint says it is, kept as the JSON of it."""
    kind: Any = JsonValue if hint in (None, Any, object) else hint
    adapter: TypeAdapter[Any] = TypeAdapter(kind)

    def as_json(value: Any) -> Any:
        return check_json(adapter.dump_python(value, mode="json", by_alias=True))

    return ColumnType(hint, kind, kind, last=as_json)


def _array(column_type: sa.ARRAY[Any]) -> ColumnType:
    item = type_of_column(column_type.item_type)
    read, write = item.read, item.write
    for _ in range(column_type.dimensions or 1):
        read, write = list[read], list[write]  # type: ignore[valid-type]
    return ColumnType(list, read, write)


def _text(column_type: sa.String) -> ColumnType:
    length = column_type.length
    write: Any = str if length is None else Annotated[str, Field(max_length=length)]
    if isinstance(column_type, sa.Text):
        # It may be long, and then a cursor would be.
        return ColumnType(str, str, write, str, SEARCH, last=check_text)
    operators = EQUALITY | SEARCH
    return ColumnType(str, str, write, str, operators, sortable=True, last=check_text)


def _enum(column_type: sa.Enum) -> ColumnType:
    kind: Any = column_type.enum_class or Literal[tuple(column_type.enums)]
    # Databases do not agree on their order, and MariaDB not with itself.
    return ColumnType(column_type.enum_class or str, kind, kind, kind, EQUALITY)


#: Bits of the integers that are not of 32.
_BITS = {"SmallInteger": 16, "BigInteger": 64, "TINYINT": 8, "MEDIUMINT": 24}


def _integer(column_type: sa.Integer) -> ColumnType:
    names = [kind.__name__ for kind in type(column_type).__mro__]
    bits = next((_BITS[name] for name in names if name in _BITS), 32)
    if getattr(column_type, "unsigned", False):
        low, high = 0, 2**bits - 1
    else:
        low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    write = Annotated[int, Field(ge=low, le=high)]
    return ColumnType(int, int, write, write, ORDERED, sortable=True)


def _float(column_type: Any) -> ColumnType:
    write = Annotated[float, Field(allow_inf_nan=False)]
    return ColumnType(float, float, write, write, ORDERED, sortable=True)


def _number(column_type: Any) -> ColumnType:
    if not column_type.asdecimal:
        return _float(column_type)
    digits = column_type.precision or PRECISION
    scale = SCALE if column_type.scale is None else column_type.scale
    write: Any = Annotated[
        Decimal, Field(max_digits=digits, decimal_places=scale, allow_inf_nan=False)
    ]
    compare: Any = write
    if column_type.precision is None:
        # What others have stored may have more places, and a cursor has to hold it.
        compare = Annotated[Decimal, Field(max_digits=PRECISION, allow_inf_nan=False)]
    return ColumnType(Decimal, Decimal, write, compare, ORDERED, sortable=True)


def _datetime(column_type: sa.DateTime) -> ColumnType:
    if not column_type.timezone:
        naive = NaiveDatetime
        return ColumnType(datetime, datetime, naive, naive, ORDERED, sortable=True)
    # A database without time zones gives the time as it was kept, which is in UTC.
    read = Annotated[datetime, AfterValidator(as_utc)]
    return ColumnType(
        datetime, read, AwareDatetime, datetime, ORDERED, sortable=True, load=as_utc, last=as_utc
    )


def _time(column_type: sa.Time) -> ColumnType:
    last = None if column_type.timezone else check_naive
    return ColumnType(time, time, time, time, ORDERED, sortable=True, last=last)


def _interval(column_type: Any) -> ColumnType:
    write = Annotated[timedelta, Field(ge=-LONGEST, le=LONGEST)]
    return ColumnType(timedelta, timedelta, write, write, ORDERED, sortable=True)


def _uuid(column_type: sa.Uuid[Any]) -> ColumnType:
    if column_type.as_uuid:
        return ColumnType(UUID, UUID, UUID, UUID, ORDERED, sortable=True)
    return ColumnType(str, str, str, str, ORDERED, sortable=True, last=check_uuid_text)


def _date(column_type: Any) -> ColumnType:
    return ColumnType(date, date, date, date, ORDERED, sortable=True)


def _boolean(column_type: Any) -> ColumnType:
    return ColumnType(bool, bool, bool, bool, EQUALITY, sortable=True)


def _bytes(column_type: Any) -> ColumnType:
    length = column_type.length
    write: Any = Base64 if length is None else Annotated[Base64, Field(max_length=length)]
    return ColumnType(bytes, Base64, write)


#: The first that fits counts: an ``Enum`` is a ``String``, too.
_MAKERS: tuple[tuple[Any, Callable[[Any], ColumnType]], ...] = (
    (sa.Enum, _enum),
    (sa.String, _text),
    (sa.Integer, _integer),
    (sa.Float, _number),
    (sa.Numeric, _number),
    (sa.Boolean, _boolean),
    (sa.DateTime, _datetime),
    (sa.Date, _date),
    (sa.Time, _time),
    (sa.Uuid, _uuid),
    (sa.LargeBinary, _bytes),
    (sa.Interval, _interval),
)


__all__ = ["ColumnType", "type_of_column"]
