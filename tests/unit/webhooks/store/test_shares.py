from __future__ import annotations

from vivace.webhooks.store.shares import Place, Shares


def taken(shares: Shares, *places: Place) -> list[bool]:
    """For which of them there was room, one after the other."""
    had = []
    for place in places:
        had.append(shares.room(place) > 0)
        if had[-1]:
            shares.take(place)
    return had


def test_an_endpoint_gets_its_share() -> None:
    shares = Shares(2, 10, [Place("a", "acme")])
    assert taken(shares, *[Place("a", "acme")] * 3) == [True, False, False]
    assert taken(shares, Place("b", "acme")) == [True]
    assert (shares.full_endpoints, shares.full_owners) == (["a"], [])


def test_an_owner_gets_its_share_over_all_endpoints() -> None:
    shares = Shares(2, 3, [Place("a", "acme"), Place("b", "acme")])
    assert taken(shares, *(Place(id, "acme") for id in "abc")) == [True, False, False]
    assert taken(shares, Place("d", "zoo")) == [True]
    assert (shares.full_endpoints, shares.full_owners) == (["a"], ["acme"])


def test_what_is_nobody_s_is_bounded_by_endpoints_alone() -> None:
    shares = Shares(1, 2, [])
    assert taken(shares, *(Place(id, "") for id in "abcda")) == [True, True, True, True, False]
    assert shares.full_owners == []


def test_several_are_taken_at_once() -> None:
    shares = Shares(4, 5, [Place("a", "acme")])
    assert shares.room(Place("a", "acme")) == 3
    shares.take(Place("a", "acme"), 2)
    assert [shares.room(Place(id, "acme")) for id in "ab"] == [1, 2]
