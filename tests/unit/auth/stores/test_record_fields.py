from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import pytest

from vivace.auth import Record, User
from vivace.auth.stores.record_fields import RecordField, fields_of, name_of
from vivace.auth.stores.records import indexed, unique


@dataclass(frozen=True, kw_only=True)
class BlueTitNest(Record):
    place: str = unique()
    tree: str | None = indexed(default=None)
    eggs: Annotated[int, "a number"] = 0
    is_empty: bool = True
    built_at: datetime | None = None
    colours: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Feather(Record):
    length: Any


OWN = {field.name: field for field in fields_of(BlueTitNest)}


def test_fields_stand_in_their_order() -> None:
    assert [field.name for field in fields_of(BlueTitNest)] == [
        *("id", "version", "created_at"),
        *("place", "tree", "eggs", "is_empty", "built_at", "colours"),
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("id", RecordField("id", str, optional=False, unique=False, indexed=False)),
        ("created_at", RecordField("created_at", datetime, False, False, False)),
        ("place", RecordField("place", str, optional=False, unique=True, indexed=False)),
        ("tree", RecordField("tree", str, optional=True, unique=False, indexed=True)),
        ("eggs", RecordField("eggs", int, optional=False, unique=False, indexed=False)),
        ("is_empty", RecordField("is_empty", bool, False, False, False)),
        ("built_at", RecordField("built_at", datetime, True, False, False)),
        ("colours", RecordField("colours", tuple, False, False, False)),
    ],
)
def test_a_field_is_described(name: str, expected: RecordField) -> None:
    assert OWN[name] == expected


def test_annotations_for_answers_do_not_change_the_type() -> None:
    (field,) = [field for field in fields_of(User) if field.name == "password_hash"]
    assert (field.type, field.optional) == (str, True)


def test_a_kind_is_read_once() -> None:
    assert fields_of(BlueTitNest) is fields_of(BlueTitNest)


@pytest.mark.parametrize(
    "hint",
    [
        *(float, bytes, dict[str, str], list[str], tuple[int, ...], tuple[str, str]),
        *(int | str, int | str | None, type(None)),
    ],
)
def test_a_type_that_stores_do_not_keep_is_refused(hint: Any) -> None:
    kind: type[Record] = dataclass(frozen=True, kw_only=True)(
        type("Feather", (Record,), {"__annotations__": {"length": hint}})
    )
    with pytest.raises(TypeError, match=r"Feather\.length is .*: records have text"):
        fields_of(kind)


def test_a_kind_that_was_refused_is_refused_again() -> None:
    for _ in range(2):
        with pytest.raises(TypeError, match=r"Feather\.length is typing\.Any"):
            fields_of(Feather)


@pytest.mark.parametrize(
    ("kind", "name"),
    [(User, "user"), (BlueTitNest, "blue_tit_nest"), (Record, "record")],
)
def test_a_kind_has_a_name_outside_python(kind: type[Record], name: str) -> None:
    assert name_of(kind) == name
