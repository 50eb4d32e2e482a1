from __future__ import annotations

from vivace.webhooks.store.shares import Place, Shares


def test_an_endpoint_gets_its_share() -> None:
    shares = Shares(2, 10, [Place("a", "acme")])
    assert [shares.take(Place("a", "acme")) for _ in range(3)] == [True, False, False]
    assert shares.take(Place("b", "acme"))
    assert (shares.full_endpoints, shares.full_owners) == (["a"], [])


def test_an_owner_gets_its_share_over_all_endpoints() -> None:
    shares = Shares(2, 3, [Place("a", "acme"), Place("b", "acme")])
    assert [shares.take(Place(id, "acme")) for id in "abc"] == [True, False, False]
    assert shares.take(Place("d", "zoo"))
    assert (shares.full_endpoints, shares.full_owners) == (["a"], ["acme"])


def test_what_is_nobody_s_is_bounded_by_endpoints_alone() -> None:
    shares = Shares(1, 2, [])
    assert [shares.take(Place(id, "")) for id in "abcda"] == [True, True, True, True, False]
    assert shares.full_owners == []
