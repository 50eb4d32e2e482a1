from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel, Field, ValidationError

from vivace.webhooks import Events


def test_a_message_has_type_time_and_data() -> None:
    events = Events()

    @events.event("invoice.paid")
    class InvoicePaid(BaseModel):
        """An invoice was paid.

        In full.
        """

        invoice_id: int = Field(alias="invoiceId")

    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    event = events.of(InvoicePaid)
    assert event.summary == "An invoice was paid."
    written = event.write(InvoicePaid(invoiceId=7), at)
    assert json.loads(written) == {
        "type": "invoice.paid",
        "timestamp": "2026-01-02T03:04:05Z",
        "data": {"invoiceId": 7},
    }
    read = event.envelope.model_validate_json(written)
    assert (read.data, read.timestamp) == (InvoicePaid(invoiceId=7), at)
    assert [one.name for one in events] == ["invoice.paid"]
    assert "invoice.paid" in events and "invoice.unpaid" not in events


def test_a_message_of_another_type_does_not_fit() -> None:
    events = Events()

    @events.event("a")
    class A(BaseModel): ...

    with pytest.raises(ValidationError):
        events.of(A).envelope(type="b", timestamp=datetime.now(UTC), data=A())


@pytest.mark.parametrize("name", ["", ".", "a.", ".a", "a..b", "a b", "ä", "a-b", "a" * 101, "a\n"])
def test_what_is_no_name_of_a_type_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no type of events"):
        Events().event(name)


@given(st.from_regex(r"[a-zA-Z0-9_]{1,9}(\.[a-zA-Z0-9_]{1,9}){0,5}", fullmatch=True))
def test_words_with_full_stops_between_them_are_names(name: str) -> None:
    events = Events()
    events.event(name)(type("Data", (BaseModel,), {}))
    assert name in events


def test_a_type_has_one_model_and_a_model_one_type() -> None:
    events = Events()

    @events.event("a")
    class A(BaseModel): ...

    with pytest.raises(ValueError, match="There is a type 'a' already"):
        events.event("a")
    with pytest.raises(TypeError, match="A is the data of 'a' already"):
        events.event("b")(A)
    with pytest.raises(TypeError, match="A type of events has a name"):
        events.event(A)  # type: ignore[arg-type]  # as it says
    with pytest.raises(TypeError, match="has to be a pydantic model"):
        events.event("c")(int)  # type: ignore[type-var]  # as it says


def test_a_model_without_a_type_is_told_what_to_do() -> None:
    class Unknown(BaseModel): ...

    with pytest.raises(TypeError, match="Unknown is the data of no type"):
        Events().of(Unknown)
    with pytest.raises(TypeError, match="is the data of no type"):
        Events().of(Unknown())  # type: ignore[arg-type]  # as it says


def test_the_schema_of_a_type_is_made_once() -> None:
    events = Events()

    @events.event("a")
    class A(BaseModel):
        number: int

    kind = events.of(A)
    assert kind.data_schema["properties"]["number"]["type"] == "integer"
    assert kind.data_schema is kind.data_schema
