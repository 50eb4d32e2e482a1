from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy.orm import Session
from tests.unit.webhooks.shop import URL, Shop

from vivace.webhooks.events import now
from vivace.webhooks.store.choosing import choose
from vivace.webhooks.store.shares import Place, Shares
from vivace.webhooks.store.tables import deliveries, endpoints, milliseconds
from vivace.webhooks.store.transactions import transact

pytestmark = pytest.mark.anyio


async def chosen(shop: Shop, limit: int, shares: Shares) -> Counter[str]:
    """How many are chosen, by whose they are."""
    ids = await transact(shop.db, partial(choose, limit=limit, shares=shares, now=now()))
    assert len({*ids}) == len(ids)
    owners = {row["id"]: row["owner"] for row in await shop.rows(deliveries)}
    return Counter(owners[id] for id in ids)


async def add(shop: Shop, owner: str, count: int, *, endpoints: int = 1) -> list[str]:
    """Endpoints, and so many messages to each; the ids of the endpoints."""
    made = [await shop.webhooks.endpoints.create(URL, owner=owner) for _ in range(endpoints)]
    for _ in range(count):
        await shop.send(owner=owner)
    return [endpoint.id for endpoint, _ in made]


async def test_those_that_were_due_first_are_first() -> None:
    shop = await Shop().open()
    await add(shop, "first", 3)
    await add(shop, "second", 3)
    assert await chosen(shop, 3, Shares(5, 5, [])) == {"first": 3}
    assert await chosen(shop, 4, Shares(5, 5, [])) == {"first": 3, "second": 1}


async def test_what_waits_for_one_endpoint_hides_nothing_of_the_others() -> None:
    shop = await Shop().open()
    [slow] = await add(shop, "slow", 50)
    for owner in ("a", "b", "c"):
        await add(shop, owner, 4)
    busy = [Place(slow, "slow")] * 2
    assert await chosen(shop, 9, Shares(2, 9, busy)) == {"a": 2, "b": 2, "c": 2}
    # Where there is room for few, those that wait longest have it.
    assert await chosen(shop, 3, Shares(2, 9, busy)) == {"a": 2, "b": 1}
    assert await chosen(shop, 5, Shares(2, 9, [])) == {"slow": 2, "a": 2, "b": 1}


async def test_what_waits_for_an_endpoint_that_is_left_alone_hides_nothing() -> None:
    shop = await Shop().open()
    [held] = await add(shop, "held", 50)

    def hold(session: Session) -> None:
        later = milliseconds(now() + timedelta(minutes=1))
        session.execute(endpoints.update().where(endpoints.c.id == held).values(held_until=later))

    await transact(shop.db, hold)
    await add(shop, "a", 4)
    assert await chosen(shop, 9, Shares(9, 9, [])) == {"a": 4}


async def test_an_owner_of_many_endpoints_hides_nothing_of_the_others() -> None:
    shop = await Shop().open()
    [first, *_] = await add(shop, "many", 3, endpoints=12)
    await add(shop, "few", 3)
    # The first endpoint is full, so that the others are looked for one by one: all of "many".
    assert await chosen(shop, 6, Shares(1, 3, [Place(first, "many")])) == {"many": 2, "few": 1}
    assert await chosen(shop, 6, Shares(2, 3, [])) == {"many": 3, "few": 2}


async def test_what_is_due_later_is_not_chosen_however_much_there_is_room() -> None:
    shop = await Shop().open()
    [slow] = await add(shop, "slow", 10)
    await add(shop, "a", 1)

    def later(session: Session) -> None:
        at = milliseconds(now() + timedelta(minutes=1))
        session.execute(deliveries.update().where(deliveries.c.owner == "a").values(due_at=at))

    await transact(shop.db, later)
    assert await chosen(shop, 5, Shares(2, 9, [Place(slow, "slow")] * 2)) == {}
