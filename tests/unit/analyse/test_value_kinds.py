"""What is known of parameters: nothing, where the user's code may have made their values."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import datetime
import enum
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from annotated_types import BaseMetadata, GroupedMetadata, Predicate
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    EmailStr,
    StringConstraints,
    WrapValidator,
    create_model,
    model_validator,
)
from pydantic.fields import FieldInfo
from typing_extensions import TypedDict

from vivace import Body, Cookie, Header, Query
from vivace.analyse.calls import Analyser
from vivace.analyse.fields import Field
from vivace.analyse.value_kinds import (
    Kind,
    joined,
    kind_of_parameter,
    kind_of_value,
    validates_in_place,
)


class Evil(str):
    """A string every use of which may run code."""

    __slots__ = ()


class Zone(datetime.tzinfo):
    def utcoffset(self, dt: datetime.datetime | None) -> None:
        return None

    tzname = dst = utcoffset


class Color(enum.Enum):
    RED = "red"


class Shout(enum.StrEnum):
    YES = "yes"


class Grouped(GroupedMetadata):
    def __iter__(self) -> Iterator[Any]:
        yield AfterValidator(Evil)


class Single(BaseMetadata):
    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return AfterValidator(Evil).__get_pydantic_core_schema__(source, handler)


def kind_of(function: Callable[..., Any], *path_names: str) -> Kind:
    (parameter,) = Analyser().call_plan(function, frozenset(path_names)).parameters
    return kind_of_parameter(parameter)


def annotated(annotation: Any) -> Kind:
    def function(it): ...

    function.__annotations__["it"] = annotation
    return kind_of(function)


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (int, Kind.NUMBER),
        (float, Kind.NUMBER),
        (bool, Kind.NUMBER),
        (str, Kind.TEXT),
        (int | float, Kind.NUMBER),
        (int | str, Kind.VALUE),
        (str | None, Kind.VALUE),
        (Decimal, Kind.VALUE),
        (datetime.datetime, Kind.VALUE),
        (datetime.date, Kind.VALUE),
        (datetime.time, Kind.VALUE),
        (datetime.timedelta, Kind.VALUE),
        (uuid.UUID, Kind.VALUE),
        (Literal["a", "b"], Kind.TEXT),
        (Literal[1, 2], Kind.NUMBER),
        (Literal["a", 1], Kind.VALUE),
        (Annotated[int, Query(ge=1)], Kind.NUMBER),
        (Annotated[str, Header(min_length=1)], Kind.TEXT),
        (Annotated[str, Cookie()], Kind.TEXT),
        (Annotated[str, StringConstraints(to_lower=True), Query()], Kind.TEXT),
        (Annotated[int, Body()], Kind.NUMBER),
    ],
)
def test_validated_values_of_built_in_types_are_plain(annotation: Any, kind: Kind) -> None:
    assert annotated(annotation) is kind


@pytest.mark.parametrize(
    "annotation",
    [
        Any,
        Color,
        Shout,
        Literal[Color.RED],
        Literal[Shout.YES, "a"],
        str | Color,
        EmailStr,
        BaseModel,
        Annotated[list[str], Query()],
        dict[str, str],
        Annotated[str, AfterValidator(Evil)],
        Annotated[str, BeforeValidator(Evil)],
        Annotated[str, WrapValidator(lambda value, handler: Evil(handler(value)))],
        Annotated[str, AfterValidator(Evil)] | None,
        Annotated[str, Grouped()],
        Annotated[str, Single()],
        Annotated[str, Predicate(bool), Query()],
    ],
)
def test_others_are_opaque(annotation: Any) -> None:
    assert annotated(annotation) is Kind.OPAQUE


def test_a_default_is_a_value_like_any_other() -> None:
    def plain(it: str = "x"): ...
    def none(it: str = None): ...  # type: ignore[assignment]  # noqa: RUF013
    def subclass(it: str = Evil("x")): ...
    def member(it: str = Shout.YES): ...
    def in_marker(it: str = Query("x")): ...
    def subclass_in_marker(it: str = Query(Evil("x"))): ...
    def subclass_beside_marker(it: Annotated[str, Query()] = Evil("x")): ...
    def made(it: str = Query(default_factory=str)): ...
    def literal(it: Literal["x"] = Evil("x")): ...  # type: ignore[assignment]

    assert kind_of(plain) is Kind.TEXT
    assert kind_of(none) is Kind.VALUE
    assert kind_of(in_marker) is Kind.TEXT
    for function in (subclass, member, subclass_in_marker, subclass_beside_marker, made, literal):
        assert kind_of(function) is Kind.OPAQUE


def test_a_time_zone_is_code() -> None:
    aware = datetime.datetime(2000, 1, 1, tzinfo=Zone())
    assert kind_of_value(aware) is Kind.OPAQUE
    assert kind_of_value(datetime.time(1, tzinfo=Zone())) is Kind.OPAQUE
    assert kind_of_value(aware.replace(tzinfo=None)) is Kind.VALUE

    def function(it: datetime.datetime = aware): ...

    assert kind_of(function) is Kind.OPAQUE


def test_what_a_path_s_convertor_may_have_made_is_trusted_only_where_it_is_copied() -> None:
    def number(it: int): ...
    def text(it: str): ...
    def date(it: datetime.date): ...

    assert kind_of(number, "it") is Kind.NUMBER
    assert kind_of(text, "it") is Kind.TEXT
    assert kind_of(date, "it") is Kind.OPAQUE


class Later(BaseModel):
    it: Unwritten  # type: ignore[name-defined]  # noqa: F821 - it never is


def test_nothing_is_known_of_a_type_that_is_still_to_be_defined() -> None:
    def function(it: list[Later]) -> None: ...

    assert kind_of(function) is Kind.OPAQUE


def test_a_value_of_several_kinds_is_of_what_they_have_in_common() -> None:
    assert joined([Kind.TEXT]) is Kind.TEXT
    assert joined([Kind.TEXT, Kind.NUMBER]) is Kind.VALUE
    assert joined([Kind.TEXT, Kind.DATA]) is Kind.DATA
    assert joined([Kind.DATA, Kind.OPAQUE]) is Kind.OPAQUE
    assert joined([Kind.EXCEPTION]) is Kind.EXCEPTION


# Validation of what an endpoint returns.


class Item(BaseModel):
    name: str
    tags: list[str] = []
    parent: Item | None = None


class Keys(TypedDict):
    name: str


@dataclass
class Record:
    name: str


class Validated(BaseModel):
    @model_validator(mode="before")
    @classmethod
    def check(cls, value: Any) -> Any:
        return value


class WithPostInit(BaseModel):
    def model_post_init(self, context: Any) -> None: ...


class WithInit(BaseModel):
    def __init__(self, **data: Any) -> None:
        super().__init__(**data)


@dataclass
class RecordWithPostInit:
    def __post_init__(self) -> None: ...


@dataclass
class RecordWithFactory:
    items: list[str] = field(default_factory=list)


class Holder(BaseModel):
    items: dict[str, Validated | None]


WithFactory = create_model("WithFactory", name=(str, FieldInfo(default_factory=str)))


def field_of(annotation: Any) -> Field:
    return Field("response", FieldInfo(annotation=annotation), mode="serialization")


@pytest.mark.parametrize(
    "annotation", [int, dict[str, int], list[Item], Item | None, Keys, Record, Any, Color]
)
def test_validation_against_plain_types_runs_pydantic_s_code_only(annotation: Any) -> None:
    assert validates_in_place(field_of(annotation))


@pytest.mark.parametrize(
    "annotation",
    [
        *(Validated, Holder, list[Holder], WithPostInit, WithInit, RecordWithPostInit),
        *(WithFactory, RecordWithFactory, Annotated[int, AfterValidator(int)]),
    ],
)
def test_validation_may_run_anything_where_there_are_hooks(annotation: Any) -> None:
    assert not validates_in_place(field_of(annotation))
