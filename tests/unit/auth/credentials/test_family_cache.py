from __future__ import annotations

from datetime import timedelta

import pytest

from vivace.auth import TokenFamily, User
from vivace.auth.credentials import family_cache
from vivace.auth.credentials.family_cache import FamilyCache
from vivace.auth.stores.records import now

ADA = User(name="ada")


def family(user: User = ADA) -> TokenFamily:
    return TokenFamily(user_id=user.id, epoch=0, expires_at=now() + timedelta(days=1))


def keep(cache: FamilyCache, family: TokenFamily, user: User = ADA) -> None:
    cache.keep(user, family, forgotten=cache.forgotten)


def test_a_family_is_kept_for_as_long_as_it_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    time = 100.0
    monkeypatch.setattr(family_cache, "monotonic", lambda: time)
    cache, one = FamilyCache(timedelta(seconds=5)), family()
    assert cache.get(one.id) is None
    keep(cache, one)
    time = 104.9
    assert cache.get(one.id) == (ADA, one)
    time = 105.0
    assert cache.get(one.id) is None


def test_without_trust_nothing_is_kept() -> None:
    cache, one = FamilyCache(timedelta(0)), family()
    keep(cache, one)
    assert cache.get(one.id) is None


def test_a_family_that_is_forgotten_is_gone_and_others_are_not() -> None:
    cache, one, other = FamilyCache(timedelta(seconds=5)), family(), family()
    keep(cache, one)
    keep(cache, other)
    cache.forget(one.id)
    assert cache.get(one.id) is None
    assert cache.get(other.id) is not None


def test_all_families_of_a_user_can_be_forgotten() -> None:
    bob = User(name="bob")
    cache, one, two, other = FamilyCache(timedelta(seconds=5)), family(), family(), family(bob)
    keep(cache, one)
    keep(cache, two)
    keep(cache, other, bob)
    cache.forget_user(ADA.id)
    assert (cache.get(one.id), cache.get(two.id)) == (None, None)
    assert cache.get(other.id) == (bob, other)


def test_what_was_read_before_something_was_forgotten_is_not_kept() -> None:
    cache, one = FamilyCache(timedelta(seconds=5)), family()
    before = cache.forgotten
    cache.forget(one.id)
    cache.keep(ADA, one, forgotten=before)
    assert cache.get(one.id) is None
    before = cache.forgotten
    cache.forget_user(ADA.id)
    cache.keep(ADA, one, forgotten=before)
    assert cache.get(one.id) is None


def test_there_is_room_for_so_many_and_no_more() -> None:
    cache = FamilyCache(timedelta(seconds=5), capacity=3)
    families = [family() for _ in range(5)]
    for one in families:
        keep(cache, one)
        keep(cache, one)
    kept = [one for one in families if cache.get(one.id) is not None]
    assert kept == families[2:]
