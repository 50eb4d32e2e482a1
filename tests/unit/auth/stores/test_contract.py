"""What every store does, whatever it keeps records in."""

from __future__ import annotations

import asyncio
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from vivace.auth import (
    Attempts,
    Challenge,
    Duplicate,
    Identity,
    Record,
    Session,
    Store,
    TokenFamily,
    User,
)
from vivace.auth.stores.record_fields import fields_of
from vivace.auth.stores.records import KINDS, now

from .conftest import MakeStore

pytestmark = pytest.mark.anyio

SAMPLES: dict[type[Any], Any] = {
    str: "grün 'quoted' \\ \"%s\" :x \x00\x1a0000\ud800 \U0001f600",
    int: 2**40,
    bool: False,
    # Later than any clock, so that it has not expired; to the microsecond.
    datetime: datetime(2199, 12, 31, 23, 59, 59, 999_999, UTC),
    tuple: ("pwd", "", "a b", "\x00", "\ud800", '"'),
}


def make_record(kind: type[Record]) -> Record:
    values = {field.name: SAMPLES[field.type] for field in fields_of(kind)}
    return kind(**values)


def make_session(**values: Any) -> Session:
    given: dict[str, Any] = {"user_id": "ada", "epoch": 0, "expires_at": now() + timedelta(hours=1)}
    return Session(**(given | values))


@pytest.mark.parametrize("kind", KINDS)
async def test_a_record_comes_back_as_it_was(store: Store, kind: type[Record]) -> None:
    record = make_record(kind)
    await store.add(record)
    assert await store.get(kind, record.id) == record
    for field in fields(kind):
        value = getattr(record, field.name)
        assert await store.find(kind, **{field.name: value}) == [record]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_field_without_a_value_comes_back_without_one(
    store: Store, kind: type[Record]
) -> None:
    empty: dict[str, Any] = {field.name: None for field in fields_of(kind) if field.optional}
    record = replace(make_record(kind), **empty)
    await store.add(record)
    assert await store.get(kind, record.id) == record
    if empty:
        assert await store.find(kind, **empty) == [record]


async def test_times_are_in_utc_whichever_zone_they_were_in(store: Store) -> None:
    there = timezone(timedelta(hours=5, minutes=30))
    seen_at = datetime(2031, 5, 6, 7, 8, 9, 123_456, there)
    session = make_session(seen_at=seen_at)
    await store.add(session)
    found = await store.get(Session, session.id)
    assert found is not None
    assert found.seen_at == seen_at
    assert found.seen_at.tzinfo is not None
    assert await store.find(Session, seen_at=seen_at.astimezone(UTC)) == [session]


async def test_what_is_not_there_is_none(store: Store) -> None:
    user = User(name="ada")
    await store.add(user)
    assert await store.get(User, "nobody") is None
    assert await store.get(Session, user.id) is None
    assert await store.find(User, name="bob") == []
    assert await store.find(User, name="\x00\ud800" * 5000) == []
    assert await store.get(User, "\x00\ud800" * 5000) is None


async def test_an_id_is_taken_once_in_each_kind(store: Store) -> None:
    await store.add(User(id="one", name="ada"))
    await store.add(Attempts(id="one", expires_at=now() + timedelta(hours=1)))
    for name in ("ada", "bob"):
        with pytest.raises(Duplicate, match="with this id") as caught:
            await store.add(User(id="one", name=name))
        assert (caught.value.kind, caught.value.name) == (User, "id")
    assert [user.name for user in await store.find(User)] == ["ada"]


async def test_a_unique_value_is_taken_once(store: Store) -> None:
    await store.add(User(name="ada", email="ada@example.org"))
    with pytest.raises(Duplicate) as by_name:
        await store.add(User(name="ada"))
    with pytest.raises(Duplicate) as by_email:
        await store.add(User(name="bob", email="ada@example.org"))
    with pytest.raises(Duplicate) as by_both:
        await store.add(User(name="ada", email="ada@example.org"))
    names = [caught.value.name for caught in (by_name, by_email, by_both)]
    assert names == ["name", "email", "name"]
    # What is refused has left nothing behind.
    await store.add(User(name="bob"))
    assert len(await store.find(User)) == 2


async def test_an_error_about_a_value_does_not_repeat_it(store: Store) -> None:
    await store.add(Identity(user_id="ada", subject="https://example.org secret"))
    with pytest.raises(Duplicate) as caught:
        await store.add(Identity(user_id="bob", subject="https://example.org secret"))
    error: BaseException | None = caught.value
    while error is not None:
        assert "secret" not in str(error)
        error = error.__cause__ or error.__context__


async def test_no_value_is_taken_by_nobody(store: Store) -> None:
    users = [User(name="ada"), User(name="bob")]
    for user in users:
        await store.add(user)
    assert await store.find(User, email=None) == users


async def test_a_unique_value_that_was_given_up_can_be_taken(store: Store) -> None:
    ada, bob = User(name="ada", email="a@example.org"), User(name="bob")
    await store.add(ada)
    await store.add(bob)
    with pytest.raises(Duplicate) as caught:
        await store.replace(bob, email="a@example.org")
    assert caught.value.name == "email"
    assert await store.get(User, bob.id) == bob
    assert await store.replace(ada, email=None) is not None
    taken = await store.replace(bob, email="a@example.org")
    assert taken is not None
    assert await store.find(User, email="a@example.org") == [taken]
    assert await store.remove(User, id=bob.id) == 1
    await store.add(User(name="bob", email="a@example.org"))


async def test_a_record_may_keep_its_unique_value(store: Store) -> None:
    ada = User(name="ada", email="a@example.org")
    await store.add(ada)
    again = await store.replace(ada, name="ada", email="a@example.org", epoch=1)
    assert again == replace(ada, epoch=1, version=1)


async def test_records_are_found_by_several_fields_the_oldest_first(store: Store) -> None:
    start = datetime(2021, 1, 1, tzinfo=UTC)
    made = [
        make_session(id=str(number), created_at=start - timedelta(days=number), epoch=number % 2)
        for number in range(6)
    ]
    others = [make_session(user_id="bob"), make_session(user_id="bob", epoch=1)]
    for session in made + others:
        await store.add(session)
    assert await store.find(Session, user_id="ada") == made[::-1]
    assert await store.find(Session, user_id="ada", epoch=1) == [made[5], made[3], made[1]]
    assert await store.find(Session, epoch=0, user_agent="") == [*made[4::-2], others[0]]
    assert await store.find(Session, id="2", user_id="bob") == []
    assert await store.find(Session) == [*made[::-1], *others]


async def test_records_of_one_instant_are_in_the_order_of_their_ids(store: Store) -> None:
    made = [make_session(id=id, created_at=now()) for id in ("b", "c", "a")]
    made = [replace(session, created_at=made[0].created_at) for session in made]
    for session in made:
        await store.add(session)
    assert [session.id for session in await store.find(Session, user_id="ada")] == ["a", "b", "c"]


async def test_what_is_replaced_is_of_the_next_version(store: Store) -> None:
    user = User(name="ada", roles=("reader",))
    await store.add(user)
    new = await store.replace(user, roles=("reader", "admin"), is_active=False)
    assert new == replace(user, version=1, roles=("reader", "admin"), is_active=False)
    assert await store.get(User, user.id) == new
    assert await store.replace(user, epoch=1) is None
    assert await store.get(User, user.id) == new


async def test_what_is_gone_cannot_be_replaced(store: Store) -> None:
    user = User(name="ada")
    assert await store.replace(user, epoch=1) is None
    await store.add(user)
    await store.remove(User, id=user.id)
    assert await store.replace(user, epoch=1) is None
    assert await store.get(User, user.id) is None


async def test_a_replaced_record_is_found_by_its_new_values_only(store: Store) -> None:
    session = make_session()
    await store.add(session)
    moved = await store.replace(session, user_id="bob")
    assert moved is not None
    assert await store.find(Session, user_id="ada") == []
    assert await store.find(Session, user_id="bob") == [moved]


async def test_records_with_these_values_are_removed(store: Store) -> None:
    keep = make_session(user_id="bob")
    for session in (make_session(), make_session(), make_session(epoch=1), keep):
        await store.add(session)
    assert await store.remove(Session, user_id="ada", epoch=0) == 2
    assert await store.remove(Session, user_id="ada") == 1
    assert await store.remove(Session, user_id="ada") == 0
    assert await store.find(Session) == [keep]
    with pytest.raises(TypeError, match="Say which"):
        await store.remove(Session)


async def test_expired_records_are_forgotten(store: Store) -> None:
    """By the store itself, where it can do that."""
    hour = timedelta(hours=1)
    old = make_session(expires_at=now() - hour)
    new = make_session(expires_at=now() + hour)
    await store.add(old)
    await store.add(new)
    assert await store.remove_expired(Session) in (0, 1)
    assert await store.find(Session) == [new]
    assert await store.remove_expired(Session) == 0
    assert await store.remove_expired(Challenge) == 0


async def test_of_many_who_replace_a_record_one_succeeds(store: Store) -> None:
    family = TokenFamily(user_id="ada", epoch=0, expires_at=now() + timedelta(hours=1))
    await store.add(family)
    for version in range(3):
        results = await asyncio.gather(
            *(store.replace(family, epoch=number) for number in range(50))
        )
        (winner,) = [result for result in results if result is not None]
        assert winner.version == version + 1
        assert await store.get(TokenFamily, family.id) == winner
        family = winner


async def test_of_many_who_take_a_name_one_succeeds(store: Store) -> None:
    async def register() -> str:
        try:
            await store.add(User(name="ada"))
        except Duplicate as error:
            return error.name
        return "added"

    results = await asyncio.gather(*(register() for _ in range(50)))
    assert sorted(results) == ["added"] + ["name"] * 49
    assert len(await store.find(User, name="ada")) == 1


async def test_of_many_who_change_to_a_name_one_succeeds(store: Store) -> None:
    users = [User(name=str(number)) for number in range(20)]
    for user in users:
        await store.add(user)

    async def rename(user: User) -> bool:
        try:
            return await store.replace(user, name="ada") is not None
        except Duplicate:
            return False

    assert sum(await asyncio.gather(*map(rename, users))) == 1


async def test_opening_and_closing_twice_is_as_once(make_store: MakeStore) -> None:
    store = make_store()
    user = User(name="ada")
    await store.open()
    await store.open()
    await store.add(user)
    await store.close()
    await store.close()
    await store.open()
    assert await store.get(User, user.id) == user
    await store.close()
