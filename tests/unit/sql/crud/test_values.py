from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import TypeAdapter, ValidationError

from vivace.sql.crud.values import (
    Base64,
    as_utc,
    check_json,
    check_naive,
    check_text,
    check_uuid_text,
)

BYTES: TypeAdapter[bytes] = TypeAdapter(Base64)


@given(st.binary())
def test_bytes_are_base64_in_json(value: bytes) -> None:
    text = BYTES.dump_python(value, mode="json")
    assert isinstance(text, str)
    assert BYTES.validate_python(text) == value
    assert BYTES.validate_python(value) == value


@given(st.text())
def test_a_text_is_base64_or_refused(text: str) -> None:
    try:
        value = BYTES.validate_python(text)
    except ValidationError:
        return
    assert BYTES.dump_python(value, mode="json").rstrip("=") == text.rstrip("=")


@pytest.mark.parametrize("value", ["\0", ["a\0"], {"a": {"\0": 1}}, float("nan"), [float("inf")]])
def test_what_no_database_takes_as_json_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="has a"):
        check_json(value)


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "a", {"a": [1, {"b": None}]}])
def test_other_json_is_let_through(value: Any) -> None:
    assert check_json(value) == value


def test_a_time_is_turned_to_utc() -> None:
    noon = datetime(2025, 1, 1, 12)
    assert as_utc(noon) == noon.replace(tzinfo=UTC)
    there = noon.replace(tzinfo=timezone(timedelta(hours=2)))
    assert as_utc(there).isoformat() == "2025-01-01T10:00:00+00:00"
    with pytest.raises(ValueError, match="out of range"):
        as_utc(datetime.min.replace(tzinfo=timezone(timedelta(hours=2))))


def test_other_values_that_databases_do_not_take_are_refused() -> None:
    assert check_text("a") == "a"
    assert check_text(3) == 3
    assert check_naive(time(12)) == time(12)
    assert check_uuid_text("{12345678-1234-5678-1234-567812345678}") == (
        "12345678-1234-5678-1234-567812345678"
    )
    with pytest.raises(ValueError, match="NUL"):
        check_text("a\0")
    with pytest.raises(ValueError, match="time zone"):
        check_naive(time(12, tzinfo=UTC))
    with pytest.raises(ValueError, match="badly formed"):
        check_uuid_text("x")
