from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from tests.unit.webhooks.shop import URL, Shop

from vivace.webhooks.events import now
from vivace.webhooks.store import claims
from vivace.webhooks.store.claims import Claimed, Recorded, Verdict
from vivace.webhooks.store.records import Attempt
from vivace.webhooks.store.shares import Place, Shares
from vivace.webhooks.store.tables import attempts, deliveries, endpoints
from vivace.webhooks.store.transactions import transact

pytestmark = pytest.mark.anyio
LEASE = timedelta(seconds=60)


async def claim(
    shop: Shop,
    limit: int = 10,
    per_endpoint: int = 10,
    per_owner: int = 100,
    under_way: Sequence[Place] = (),
    at: datetime | None = None,
) -> list[Claimed]:
    return await transact(
        shop.db,
        partial(
            claims.claim,
            limit=limit,
            shares=Shares(per_endpoint, per_owner, under_way),
            lease=LEASE,
            now=at or now(),
        ),
    )


async def record(shop: Shop, claimed: Claimed, verdict: Verdict, **options: Any) -> Any:
    attempt = Attempt(now(), 0.25, 500, "The answer was 500.", "no")
    options = {"disable_after": None, "now": now(), **options}
    return await transact(
        shop.db,
        partial(claims.record, claimed=claimed, attempt=attempt, verdict=verdict, **options),
    )


async def test_what_is_claimed_is_nobody_else_s_until_the_lease_ends() -> None:
    shop = await Shop().open()
    endpoint, _ = await shop.webhooks.endpoints.create(URL)
    message_id = await shop.send()
    [mine] = await claim(shop)
    assert (mine.message_id, mine.endpoint_id, mine.url) == (message_id, endpoint.id, URL)
    assert await claim(shop) == []
    [taken_over] = await claim(shop, at=now() + LEASE)
    assert taken_over.id == mine.id and taken_over.claim != mine.claim


async def test_who_has_lost_a_claim_writes_nothing() -> None:
    shop = await Shop().open()
    await shop.webhooks.endpoints.create(URL)
    await shop.send()
    [mine] = await claim(shop)
    await claim(shop, at=now() + LEASE)
    assert await record(shop, mine, Verdict("delivered", failing=False)) is None
    assert await shop.states() == ["pending"]
    assert await shop.rows(attempts) == []


async def test_an_endpoint_has_no_more_under_way_than_it_may() -> None:
    shop = await Shop().open()
    one, _ = await shop.webhooks.endpoints.create(URL)
    for _ in range(5):
        await shop.send()
    assert len(await claim(shop, per_endpoint=2)) == 2
    under_way = [Place(one.id, "")] * 2
    assert await claim(shop, per_endpoint=2, under_way=under_way) == []
    assert len(await claim(shop, per_endpoint=3, under_way=under_way)) == 1


async def test_an_owner_of_many_endpoints_has_no_more_under_way_than_it_may() -> None:
    shop = await Shop().open()
    for _ in range(10):
        await shop.webhooks.endpoints.create(URL, owner="many")
    await shop.webhooks.endpoints.create(URL, owner="few")
    for _ in range(5):
        await shop.send(owner="many")
    await shop.send(owner="few")
    claimed = await claim(shop, limit=8, per_owner=3)
    assert Counter(one.owner for one in claimed) == {"many": 3, "few": 1}
    under_way = [Place(one.endpoint_id, one.owner) for one in claimed]
    assert await claim(shop, limit=8, per_owner=3, under_way=under_way) == []


async def test_one_with_many_deliveries_does_not_hide_those_of_others() -> None:
    shop = await Shop().open()
    many, _ = await shop.webhooks.endpoints.create(URL, owner="many")
    few, _ = await shop.webhooks.endpoints.create(URL, owner="few")
    for _ in range(60):
        await shop.send(owner="many")
    await shop.send(owner="few")
    claimed = await claim(shop, limit=4, per_endpoint=3)
    assert sorted(one.endpoint_id for one in claimed) == sorted([*[many.id] * 3, few.id])


async def test_no_more_is_claimed_than_can_be_done() -> None:
    shop = await Shop().open()
    for _ in range(3):
        await shop.webhooks.endpoints.create(URL)
    for _ in range(4):
        await shop.send()
    claimed = [await claim(shop, limit=5) for _ in range(4)]
    assert [*map(len, claimed)] == [5, 5, 2, 0]
    assert len({one.id for part in claimed for one in part}) == 12


async def test_what_fails_is_due_later() -> None:
    shop = await Shop().open()
    await shop.webhooks.endpoints.create(URL)
    await shop.send()
    [mine] = await claim(shop)
    later = now() + timedelta(minutes=5)
    await record(shop, mine, Verdict("pending", later, failing=True))
    assert await claim(shop) == []
    [again] = await claim(shop, at=later)
    assert again.attempts == 1


async def test_an_endpoint_that_wants_to_be_left_alone_is() -> None:
    shop = await Shop().open()
    await shop.webhooks.endpoints.create(URL)
    await shop.send()
    await shop.send()
    first, second = await claim(shop)
    later = now() + timedelta(minutes=5)
    await record(shop, first, Verdict("pending", later, hold_until=later, failing=True))
    await transact(shop.db, partial(claims.release, claimed=second, now=now()))
    assert await claim(shop) == []
    assert len(await claim(shop, at=later)) == 2


async def test_how_long_an_endpoint_fails_is_kept_and_ends_with_a_success() -> None:
    shop = await Shop().open()
    await shop.webhooks.endpoints.create(URL)
    started = now()
    for failing in (True, True, False):
        await shop.send()
        [mine] = await claim(shop)
        await record(shop, mine, Verdict("delivered", failing=failing))
        [row] = await shop.rows(endpoints)
        assert (row["failing_since"] is not None) == failing
    assert started < now()


async def test_an_endpoint_that_fails_for_too_long_is_disabled_with_all_that_is_on_its_way() -> (
    None
):
    shop = await Shop().open()
    endpoint, _ = await shop.webhooks.endpoints.create(URL)
    day = timedelta(days=1)
    for _ in range(3):
        await shop.send()
    for index, at in enumerate([now(), now() + day - LEASE * 2, now() + day + LEASE]):
        [mine] = await claim(shop, limit=1, at=at)
        verdict = Verdict("pending", at + day * 9, failing=True)
        recorded = await record(shop, mine, verdict, disable_after=day, now=at)
        assert recorded == Recorded("failing" if index == 2 else None)
    disabled = await shop.webhooks.endpoints.get(endpoint.id)
    assert (disabled.enabled, disabled.disabled_reason) == (False, "failing")
    assert await shop.states() == ["dead"] * 3


async def test_what_was_written_while_an_endpoint_went_away_is_not_sent() -> None:
    shop = await Shop().open()
    endpoint, _ = await shop.webhooks.endpoints.create(URL)
    await shop.send()
    await shop.rewrite(endpoints, enabled=False)
    assert await claim(shop) == []
    assert await shop.states() == ["dead"]
    await shop.webhooks.endpoints.change(endpoint.id, enabled=True)
    await shop.send()
    await shop.rewrite(endpoints, id="ep_another")
    assert await claim(shop) == []
    assert await shop.states() == ["dead", "dead"]


async def test_when_the_next_one_is_due_is_known() -> None:
    shop = await Shop().open()
    assert await transact(shop.db, claims.next_due) is None
    await shop.webhooks.endpoints.create(URL)
    await shop.send()
    [row] = await shop.rows(deliveries)
    assert await transact(shop.db, claims.next_due) == row["due_at"]
