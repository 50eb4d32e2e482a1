from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Optional, Union

import pytest
import sqlalchemy as sa
from pydantic import Field
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from vivace.sql.crud.annotations import type_hints, without_none

if TYPE_CHECKING:
    from decimal import Decimal


class Priced:
    price: Mapped[Decimal]
    name: Mapped[str]


class Base(DeclarativeBase):
    pass


class Timed:
    date: Mapped[date | None] = mapped_column()


class Event(Timed, Base):
    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[Annotated[str, Field(min_length=2)] | None] = mapped_column(sa.String(20))
    other = mapped_column(sa.Integer)

    @property
    def label(self) -> str:
        return ""


def test_hints_are_those_of_the_class_and_its_bases() -> None:
    hints = type_hints(Event)
    assert {*hints} == {"date", "id", "name"}
    # It means the class of the module, and not its own attribute.
    assert hints["date"] is date
    assert hints["name"].__metadata__[0].metadata[0].min_length == 2


def test_a_name_that_only_a_type_checker_knows_says_nothing() -> None:
    assert type_hints(Priced) == {"name": str}


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (int, int),
        (int | None, int),
        (Optional[int], int),  # noqa: UP045 - as it is written elsewhere
        (int | str | None, Union[int, str]),  # noqa: UP007
        (Annotated[int | None, 3], Annotated[int, 3]),
        (Annotated[int, 3] | None, Annotated[int, 3]),
    ],
)
def test_none_is_taken_away(hint: Any, expected: Any) -> None:
    assert without_none(hint) == expected
