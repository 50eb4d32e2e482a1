"""Rules, as they are written and as they are counted."""

from __future__ import annotations

from typing import Any

import http_sf
import pytest
from hypothesis import given, strategies as st

from vivace.ratelimit.rules import Window, parse_rules


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2/minute", [(2, 60)]),
        ("1 per 2 hours", [(1, 7200)]),
        ("5/second;100/hour", [(5, 1), (100, 3600)]),
        ("10/day, 3 per second", [(3, 1), (10, 86400)]),
        ("20/4second", [(20, 4)]),
    ],
)
def test_rules_are_so_much_in_so_long_that_of_the_shortest_time_first(
    text: str, expected: list[tuple[int, int]]
) -> None:
    assert [(rule.quota, rule.seconds) for rule in parse_rules(text, "fixed")] == expected


@pytest.mark.parametrize("text", ["", "often", "2/minut", "2", "/minute", "-1/minute", "2/minute;"])
def test_what_is_no_rule_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r'is no rate limit.*"5/second"'):
        parse_rules(text, "fixed")


def test_a_quota_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'5/second;0/hour' lets nothing pass"):
        parse_rules("5/second;0/hour", "fixed")


def test_an_unknown_window_is_refused_with_those_that_there_are() -> None:
    unknown: Window = "leaky"  # type: ignore[assignment]  # as it says
    with pytest.raises(ValueError, match="'leaky' is none of fixed, sliding, token"):
        parse_rules("1/second", unknown)


def test_the_same_text_is_parsed_once() -> None:
    assert parse_rules("7/minute", "fixed") is parse_rules("7/minute", "fixed")


@pytest.mark.parametrize(
    ("text", "name", "names"),
    [
        ("5/second", None, ["5/second"]),
        ("5/2 seconds;9/hour", None, ["5/2-seconds", "9/hour"]),
        ("5/second", "search", ["search"]),
        ("5/second;9/3 hours", "search", ["search-second", "search-3-hours"]),
    ],
)
def test_rules_have_names_of_their_own(text: str, name: str | None, names: list[str]) -> None:
    assert [rule.name for rule in parse_rules(text, "fixed", name)] == names


def test_the_policy_is_an_item_of_the_field() -> None:
    [rule] = parse_rules("100 per 2 hours", "sliding", "search")
    assert rule.policy == '"search";q=100;w=7200'
    assert str(rule) == "100 per 2 hours"


printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1)


@given(printable)
def test_any_printable_name_is_read_as_it_is(name: str) -> None:
    [rule] = parse_rules("1/second", "fixed", name)
    parsed: Any = http_sf.parse(rule.policy.encode(), tltype="list")
    assert parsed == [(name, {"q": 1, "w": 1})]


@pytest.mark.parametrize("name", ["größe", "a\nb", "a\x7f"])
def test_a_name_that_no_header_can_carry_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII"):
        parse_rules("1/second", "fixed", name)
