from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import redis
from tests.unit.auth.redis_keys import REDIS

from vivace.auth import Attempts, Identity, RedisStore, Session, User
from vivace.auth.stores.records import now

pytestmark = pytest.mark.anyio


@pytest.fixture
async def store(redis_prefix: str) -> AsyncIterator[RedisStore]:
    store = RedisStore(REDIS, prefix=redis_prefix)
    await store.open()
    yield store
    await store.close()


def lifetimes(prefix: str) -> dict[str, int]:
    """In milliseconds, of each key; -1 for one that does not expire."""
    with redis.Redis.from_url(REDIS, decode_responses=True) as client:
        found: Any = {key: client.pttl(key) for key in client.scan_iter(f"{prefix}*", count=1000)}
    return {key.removeprefix(f"{prefix}:"): lifetime for key, lifetime in found.items()}


def make_session(minutes: float, **values: Any) -> Session:
    expires_at = now() + timedelta(minutes=minutes)
    return Session(**{"user_id": "ada", "epoch": 0, "expires_at": expires_at, **values})


async def test_a_record_is_kept_until_it_expires(store: RedisStore, redis_prefix: str) -> None:
    await store.add(make_session(1, id="one"))
    found = lifetimes(redis_prefix)
    assert set(found) == {"session:id:one", "session:user_id:ada"}
    assert all(50_000 < lifetime <= 60_000 for lifetime in found.values())


async def test_a_replaced_record_is_kept_as_long_as_it_now_says(
    store: RedisStore, redis_prefix: str
) -> None:
    session = make_session(1, id="one")
    await store.add(session)
    await store.replace(session, expires_at=now() + timedelta(minutes=10))
    assert all(590_000 < lifetime <= 600_000 for lifetime in lifetimes(redis_prefix).values())


async def test_what_leads_to_records_is_kept_as_long_as_the_last(
    store: RedisStore, redis_prefix: str
) -> None:
    for minutes in (5, 10, 1):
        await store.add(make_session(minutes))
    assert 590_000 < lifetimes(redis_prefix)["session:user_id:ada"] <= 600_000


async def test_what_does_not_expire_stays(store: RedisStore, redis_prefix: str) -> None:
    await store.add(User(id="one", name="ada", email="a@example.org"))
    await store.add(Identity(id="two", user_id="one", subject="https://example.org 7"))
    assert lifetimes(redis_prefix) == {
        "user:id:one": -1,
        "user:name:ada": -1,
        "user:email:a%40example.org": -1,
        "identity:id:two": -1,
        "identity:user_id:one": -1,
        "identity:subject:https%3A%2F%2Fexample.org%207": -1,
    }


async def test_nothing_is_left_of_removed_records(store: RedisStore, redis_prefix: str) -> None:
    ada = User(name="ada", email="a@example.org")
    await store.add(ada)
    ada = await store.replace(ada, name="lovelace", email=None) or ada
    await store.add(make_session(1))
    await store.add(make_session(1))
    await store.remove(User, id=ada.id)
    await store.remove(Session, user_id="ada")
    assert lifetimes(redis_prefix) == {}


async def test_sets_do_not_grow_with_records_that_have_expired(
    store: RedisStore, redis_prefix: str
) -> None:
    kept = make_session(10)
    for session in (make_session(-1), make_session(-1), kept):
        await store.add(session)
    with redis.Redis.from_url(REDIS) as client:
        # Those that have expired are gone in the next millisecond.
        while client.exists(*client.keys(f"{redis_prefix}:session:id:*")) != 1:
            pass
        assert await store.find(Session, user_id="ada") == [kept]
        assert client.scard(f"{redis_prefix}:session:user_id:ada") == 1


def close_connections(name: str) -> int:
    """Have the server close those of this name, as it does when it stops; how many there were."""
    with redis.Redis.from_url(REDIS, decode_responses=True) as client:
        found = [one for one in client.client_list() if one["name"] == name]
        for one in found:
            client.client_kill_filter(_id=one["id"])
    return len(found)


async def test_a_connection_that_the_server_has_closed_is_made_anew(redis_prefix: str) -> None:
    store = RedisStore(REDIS, prefix=redis_prefix, options={"client_name": redis_prefix})
    await store.open()
    session = make_session(1)
    await store.add(session)
    assert close_connections(redis_prefix) == 1
    assert await store.get(Session, session.id) == session
    assert close_connections(redis_prefix) == 1
    changed = await store.replace(session, user_agent="curl")
    assert changed is not None
    assert close_connections(redis_prefix) == 1
    assert await store.find(Session, user_id="ada") == [changed]
    assert close_connections(redis_prefix) == 1
    await store.add(make_session(2))
    assert close_connections(redis_prefix) == 1
    assert await store.remove(Session, user_id="ada") == 2
    await store.close()


async def test_a_prefix_is_taken_as_it_is(redis_prefix: str) -> None:
    odd, other = (RedisStore(REDIS, prefix=redis_prefix + end) for end in (":[a]*?\\", ":a"))
    attempts = Attempts(expires_at=now() + timedelta(hours=1))
    await odd.add(attempts)
    await other.add(Attempts(expires_at=now() + timedelta(hours=1)))
    assert await odd.find(Attempts) == [attempts]
    await odd.close()
    await other.close()


async def test_an_address_is_checked_at_once_and_not_shown() -> None:
    with pytest.raises(ValueError, match="URL") as caught:
        RedisStore("http://:hush@localhost")
    assert "hush" not in str(caught.value)
    assert "hush" not in repr(RedisStore("redis://:hush@localhost"))
