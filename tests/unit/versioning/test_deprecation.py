from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from vivace.versioning import Deprecation
from vivace.versioning.deprecation import link

DAY = date(2026, 1, 31)


def text_of(deprecation: Deprecation) -> list[tuple[str, str]]:
    return [(name.decode(), value.decode()) for name, value in deprecation.headers()]


def test_the_date_is_that_of_a_structured_field() -> None:
    assert text_of(Deprecation(since=DAY)) == [("deprecation", "@1769817600")]
    assert datetime.fromtimestamp(1769817600, UTC) == datetime(2026, 1, 31, tzinfo=UTC)


def test_the_sunset_is_an_http_date_and_links_have_their_relations() -> None:
    deprecation = Deprecation(
        since=DAY,
        sunset=date(2026, 12, 31),
        info="https://shop.example/deprecated",
        policy="/policy?a=b&c",
        successor="/orders",
    )
    assert text_of(deprecation)[1:] == [
        ("sunset", "Thu, 31 Dec 2026 00:00:00 GMT"),
        ("link", '<https://shop.example/deprecated>; rel="deprecation"'),
        ("link", '</policy?a=b&c>; rel="sunset"'),
        ("link", '</orders>; rel="successor-version"'),
    ]


def test_times_of_day_are_taken_in_their_zone() -> None:
    noon = datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=2)))
    fields = dict(text_of(Deprecation(since=DAY, sunset=noon)))
    assert parsedate_to_datetime(fields["sunset"]) == datetime(2026, 1, 31, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gone": True}, "give a sunset"),
        ({"sunset": date(2026, 1, 30)}, "is before the deprecation"),
        ({"since": datetime(2026, 1, 31)}, "has no time zone"),
        ({"sunset": datetime(2026, 2, 1)}, "has no time zone"),
        ({"info": "a>b"}, "no URL"),
        ({"policy": "a b"}, "no URL"),
        ({"successor": "a\r\nSet-Cookie: x"}, "no URL"),
        ({"successor": ""}, "no URL"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Deprecation(**{"since": DAY, **arguments})


def test_it_is_over_after_the_sunset_where_it_is_to_be_gone() -> None:
    past, future = date(2000, 1, 1), date(2999, 1, 1)
    assert Deprecation(since=past, sunset=past, gone=True).is_over()
    assert not Deprecation(since=past, sunset=past).is_over()
    assert not Deprecation(since=past, sunset=future, gone=True).is_over()


def test_of_the_dates_of_endpoint_and_version_the_earlier_ones_hold() -> None:
    version = Deprecation(since=date(2026, 3, 1), sunset=date(2026, 6, 1), info="/version")
    endpoint = Deprecation(since=date(2026, 2, 1), sunset=date(2027, 1, 1), policy="/policy")
    both = endpoint.within(version)
    assert (both.since, both.sunset) == (date(2026, 2, 1), date(2026, 6, 1))
    assert (both.info, both.policy) == ("/version", "/policy")
    assert endpoint.within(None) is endpoint
    assert Deprecation(since=DAY).within(Deprecation(since=DAY)).sunset is None


def test_people_are_told_the_same() -> None:
    assert Deprecation(since=DAY).describe() == "Deprecated since 2026-01-31."
    whole = Deprecation(since=DAY, sunset=date(2027, 1, 1), info="/info", gone=True)
    assert whole.describe() == (
        "Deprecated since 2026-01-31, and refused from 2027-01-01 on. See /info."
    )


def test_a_link_is_that_of_rfc_8288() -> None:
    assert link("/a", "next") == '</a>; rel="next"'
