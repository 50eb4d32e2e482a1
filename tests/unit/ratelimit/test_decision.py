"""What a response says of limits."""

from __future__ import annotations

from typing import Any

import http_sf

from vivace.ratelimit import Decision, Level, levels_of
from vivace.ratelimit.decision import Record, record_of
from vivace.ratelimit.rules import parse_rules
from vivace.requests import HTTPConnection

SECOND, HOUR = parse_rules("5/second;100/hour", "fixed")


def test_a_request_passes_if_it_fits_into_every_rule() -> None:
    fits, does_not = Level(SECOND, True, 4, 0.5), Level(HOUR, False, 0, 1799.2)
    assert Decision((fits,)).allowed
    assert Decision((fits,)).retry_after == 0
    refused = Decision((fits, does_not))
    assert not refused.allowed
    assert refused.violated == (does_not,)
    assert refused.retry_after == 1800


def test_where_nothing_was_counted_a_request_passes() -> None:
    assert Decision().allowed


def test_the_wait_is_at_least_a_second() -> None:
    assert Decision((Level(SECOND, False, 0, 0.0),)).retry_after == 1


def test_the_fields_are_those_of_the_draft() -> None:
    record = Record()
    levels = Level(SECOND, True, 4, 0.2), Level(HOUR, True, 62, 1799.2)
    record.add(Decision(levels, (SECOND, HOUR)))
    fields = record.fields()
    assert fields == {
        "RateLimit-Policy": '"5/second";q=5;w=1, "100/hour";q=100;w=3600',
        "RateLimit": '"5/second";r=4;t=1, "100/hour";r=62;t=1800',
    }
    for value in fields.values():
        parsed: Any = http_sf.parse(value.encode(), tltype="list")
        assert [name for name, _ in parsed] == ["5/second", "100/hour"]


def test_a_refusal_says_what_is_violated_and_when_to_try_again() -> None:
    record = Record()
    record.add(Decision((Level(HOUR, True, 62, 1799.2),), (HOUR,)))
    record.add(Decision((Level(SECOND, False, 0, 0.4),), (SECOND,)))
    assert record.fields() == {
        "RateLimit-Policy": '"100/hour";q=100;w=3600, "5/second";q=5;w=1',
        "Retry-After": "1",
        "RateLimit": '"5/second";r=0;t=1',
    }


def test_of_two_limits_of_one_name_that_counts_which_leaves_less() -> None:
    record = Record()
    for remaining in (3, 1, 2):
        record.add(Decision((Level(SECOND, True, remaining, 1),), (SECOND,)))
    assert record.fields()["RateLimit"] == '"5/second";r=1;t=1'
    # One that refuses is said whatever it leaves, which is too little for what the request costs.
    record.add(Decision((Level(SECOND, False, 2, 1),), (SECOND,)))
    assert record.fields()["RateLimit"] == '"5/second";r=2;t=1'


def test_nothing_is_said_where_nothing_was_counted() -> None:
    record = Record()
    record.add(Decision((), (HOUR,)))
    assert record.fields() == {}


def test_a_request_has_one_record() -> None:
    connection = HTTPConnection({"type": "http"})
    assert levels_of(connection) == ()
    level = Level(SECOND, True, 4, 1)
    record_of(connection).add(Decision((level,), (SECOND,)))
    assert levels_of(HTTPConnection(connection.scope)) == (level,)
