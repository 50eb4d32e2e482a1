from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.unit.webhooks.shop import URL, Shop

from vivace.webhooks import WebhookSettings
from vivace.webhooks.events import now
from vivace.webhooks.store.tables import attempts, deliveries, messages, milliseconds

pytestmark = pytest.mark.anyio
TABLES = (messages, deliveries, attempts)


async def counts(shop: Shop) -> list[int]:
    return [len(await shop.rows(table)) for table in TABLES]


async def test_what_was_finished_long_ago_is_removed() -> None:
    shop = await Shop(WebhookSettings(retention=timedelta(days=1))).open()
    await shop.webhooks.endpoints.create(URL)
    await shop.send()
    await shop.send()
    await shop.webhooks.deliver_due()
    assert await shop.webhooks.purge() == 0
    old = milliseconds(now() - timedelta(days=2))
    await shop.rewrite(deliveries, finished_at=old)
    await shop.rewrite(messages, created_at=old)
    await shop.send()
    assert await counts(shop) == [3, 3, 2]
    assert await shop.webhooks.purge() == 4
    assert await counts(shop) == [1, 1, 0]


async def test_what_is_on_its_way_stays_however_old_it_is() -> None:
    shop = await Shop(WebhookSettings(retention=timedelta(days=1))).open()
    await shop.webhooks.endpoints.create(URL)
    await shop.send()
    await shop.rewrite(messages, created_at=0)
    assert await shop.webhooks.purge() == 0
    assert await shop.webhooks.deliver_due() == 1


async def test_who_delivers_removes_what_is_old() -> None:
    shop = await Shop(WebhookSettings(retention=timedelta(days=1))).open()
    await shop.webhooks.endpoints.create(URL)
    await shop.send()
    await shop.webhooks.deliver_due()
    await shop.rewrite(deliveries, finished_at=1)
    await shop.rewrite(messages, created_at=1)
    async with shop.webhooks.delivering(), asyncio.timeout(20):
        for _ in range(1000):
            if await counts(shop) == [0, 0, 0]:
                return
            await asyncio.sleep(0.01)
    raise AssertionError(await counts(shop))
