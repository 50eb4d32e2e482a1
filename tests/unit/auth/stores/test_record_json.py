from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies

from vivace.auth import Record
from vivace.auth.stores.record_json import dump_record, load_record


@dataclass(frozen=True, kw_only=True)
class Nest(Record):
    place: str
    eggs: int = 0
    is_empty: bool = True
    built_at: datetime | None = None
    colours: tuple[str, ...] = ()


NEST = Nest(
    id="1",
    created_at=datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=UTC),
    place="beech",
    eggs=4,
    is_empty=False,
    colours=("blue", "white"),
)


def test_a_record_is_an_object_of_its_fields() -> None:
    assert json.loads(dump_record(NEST)) == {
        "id": "1",
        "version": 0,
        "created_at": "2024-02-29T12:30:15.123456+00:00",
        "place": "beech",
        "eggs": 4,
        "is_empty": False,
        "built_at": None,
        "colours": ["blue", "white"],
    }


@given(
    place=strategies.text(strategies.characters(categories=None)),
    eggs=strategies.integers(),
    is_empty=strategies.booleans(),
    built_at=strategies.none() | strategies.datetimes(timezones=strategies.just(UTC)),
    colours=strategies.lists(strategies.text()).map(tuple),
)
def test_what_was_written_is_read(
    place: str, eggs: int, is_empty: bool, built_at: datetime | None, colours: tuple[str, ...]
) -> None:
    nest = Nest(place=place, eggs=eggs, is_empty=is_empty, built_at=built_at, colours=colours)
    text = dump_record(nest)
    assert text.isascii()
    assert load_record(Nest, text) == nest
    assert load_record(Nest, text.encode()) == nest


def test_a_lone_surrogate_is_kept() -> None:
    nest = replace(NEST, place="\ud800")
    assert "\\ud800" in dump_record(nest)
    assert load_record(Nest, dump_record(nest)) == nest


def test_times_are_written_in_utc() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    nest = replace(NEST, built_at=datetime(2024, 1, 1, 2, 0, tzinfo=east))
    assert json.loads(dump_record(nest))["built_at"] == "2023-12-31T20:30:00+00:00"
    assert load_record(Nest, dump_record(nest)) == nest


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="A time without a zone"):
        dump_record(replace(NEST, built_at=datetime(2024, 1, 1)))


def test_a_value_of_another_type_is_refused() -> None:
    wrong = replace(NEST, place=b"beech")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="bytes is no type that records have"):
        dump_record(wrong)


def test_a_field_of_a_newer_version_is_left_out() -> None:
    values = json.loads(dump_record(NEST)) | {"height": 3}
    assert load_record(Nest, json.dumps(values)) == NEST


def test_a_field_that_an_older_version_lacks_has_its_default() -> None:
    values = json.loads(dump_record(NEST))
    del values["eggs"], values["colours"]
    assert load_record(Nest, json.dumps(values)) == replace(NEST, eggs=0, colours=())


def test_a_field_without_a_default_cannot_be_missing() -> None:
    values = json.loads(dump_record(NEST))
    del values["place"]
    with pytest.raises(TypeError, match="place"):
        load_record(Nest, json.dumps(values))
