from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.types import TypeDecorator

from vivace.webhooks.store.tables import metadata, milliseconds, moment, new_id


def test_migrations_need_no_types_of_this_package() -> None:
    columns = [column for table in metadata.sorted_tables for column in table.columns]
    assert columns
    assert not [column for column in columns if isinstance(column.type, TypeDecorator)]


def test_the_tables_can_be_told_from_the_app_s() -> None:
    assert {name.partition("_")[0] for name in metadata.tables} == {"webhook"}


def test_ids_sort_by_when_they_were_made() -> None:
    made = [new_id("msg") for _ in range(1000)]
    assert len({*made}) == 1000
    # Those of one microsecond have no order.
    assert [id[:18] for id in made] == sorted(id[:18] for id in made)
    assert max(map(len, made)) <= 40


def test_times_are_milliseconds() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    assert moment(milliseconds(at)) == at
    assert moment(None) is None
