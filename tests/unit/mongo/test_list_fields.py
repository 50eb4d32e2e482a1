from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Optional
from uuid import UUID

import pytest
from annotated_types import Len
from pydantic import BaseModel, TypeAdapter, ValidationError

from vivace.crud.resource import COMPARISON, EQUALITY, PRESENCE, SEARCH
from vivace.mongo import BaseDocument, Document, Lookup, ObjectId
from vivace.mongo.list_fields import key_type, list_fields


class Colour(Enum):
    RED = "red"


class Size(BaseModel):
    width: int
    height: float | None = None
    parts: list[int] = []


class Shelf(Document, collection="shelves"):
    name: str


class Box(Document, collection="boxes"):
    label: Annotated[str, Len(1)]
    count: int
    price: Decimal = Decimal(0)
    weight: Optional[float] = None  # noqa: UP045
    made_at: datetime
    day: date
    serial: UUID
    colour: Colour = Colour.RED
    kind: Literal["small", "large"] = "small"
    open: bool = False
    tags: list[str] = []
    size: Size
    lid: Size | None = None
    shelf_id: ObjectId | None = None
    shelf: Annotated[Shelf | None, Lookup("shelf_id")] = None
    anything: Any = None
    either: int | str = 0
    notes: dict[str, str] = {}


ORDERED = EQUALITY | COMPARISON


def test_scalars_are_filtered_and_sorted_by() -> None:
    found = {field.name: field for field in list_fields(Box, Box)}
    assert {name: (one.operators, one.sortable) for name, one in found.items()} == {
        "id": (EQUALITY, True),
        "label": (ORDERED | SEARCH, True),
        "count": (ORDERED, True),
        "price": (ORDERED, True),
        "weight": (ORDERED | PRESENCE, True),
        "made_at": (ORDERED, True),
        "day": (ORDERED, True),
        "serial": (EQUALITY, True),
        "colour": (EQUALITY, True),
        "kind": (EQUALITY, True),
        "open": (EQUALITY, True),
        "tags": (EQUALITY, False),
        "size.width": (ORDERED, False),
        "size.height": (ORDERED | PRESENCE, False),
        "lid.width": (ORDERED | PRESENCE, False),
        "lid.height": (ORDERED | PRESENCE, False),
        "shelf_id": (EQUALITY | PRESENCE, True),
    }
    assert [one.name for one in found.values() if one.nullable] == [
        "weight",
        "size.height",
        "lid.width",
        "lid.height",
        "shelf_id",
    ]


@pytest.mark.parametrize(
    ("name", "wrong"), [("count", 2**63), ("price", "1" * 35), ("weight", "inf"), ("id", "x")]
)
def test_nothing_passes_that_bson_has_no_place_for(name: str, wrong: object) -> None:
    [field] = [one for one in list_fields(Box, Box) if one.name == name]
    with pytest.raises(ValidationError):
        TypeAdapter(field.type).validate_python(wrong)


def test_lists_are_not_filtered_by_what_is_not_shown() -> None:
    class Width(BaseModel):
        width: int

    class Shown(BaseModel):
        label: str
        size: Width

    assert [field.name for field in list_fields(Box, Shown)] == ["label"]


def test_some_of_them_can_be_chosen() -> None:
    found = list_fields(Box, Box, filters=["label", "lid.width"], sortable=["count"])
    assert [field.name for field in found if field.operators] == ["label", "lid.width"]
    assert [field.name for field in found if field.sortable] == ["count"]


@pytest.mark.parametrize("option", ["filters", "sortable"])
def test_a_name_that_is_none_of_them_is_told_of(option: Any) -> None:
    with pytest.raises(ValueError, match=rf"Box\.notes is none of .* `{option}`: id, label"):
        list_fields(Box, Box, **{option: ["notes"]})


def test_the_key_of_a_path() -> None:
    class Page(BaseDocument, collection="pages"):
        id: int

    class Country(BaseDocument, collection="countries"):
        id: Annotated[str, Len(2, 2)]

    assert key_type(Box) is ObjectId
    assert TypeAdapter(key_type(Country)).validate_python("nl") == "nl"
    for model, wrong in ((Page, 2**63), (Country, "nld")):
        with pytest.raises(ValidationError):
            TypeAdapter(key_type(model)).validate_python(wrong)
