from __future__ import annotations

import asyncio
import threading

import pytest
from tests.unit.webhooks.shop import URL, InvoicePaid, Shop

from vivace.webhooks.delivery.waking import Bell

pytestmark = pytest.mark.anyio


async def test_it_rings_from_any_thread() -> None:
    bell, woken = Bell(), asyncio.Event()
    bell.listen(woken)
    thread = threading.Thread(target=bell.ring)
    thread.start()
    await asyncio.wait_for(woken.wait(), 10)
    thread.join()


async def test_who_has_left_hears_nothing() -> None:
    bell, woken = Bell(), asyncio.Event()
    bell.listen(woken)
    bell.leave(woken)
    bell.ring()
    await asyncio.sleep(0)
    assert not woken.is_set()


def test_a_loop_that_has_ended_is_passed_over() -> None:
    bell = Bell()

    async def listen() -> None:
        bell.listen(asyncio.Event())

    asyncio.run(listen())
    bell.ring()


async def test_it_rings_after_the_commit_and_not_before() -> None:
    shop = await Shop().open()
    await shop.webhooks.endpoints.create(URL)
    woken = asyncio.Event()
    shop.webhooks._bell.listen(woken)
    async with shop.db.begin() as session:
        for number in range(3):
            await shop.webhooks.send(session, InvoicePaid(invoice_id=number))
        await asyncio.sleep(0)
        assert not woken.is_set()
    await asyncio.wait_for(woken.wait(), 10)


async def test_it_does_not_ring_for_what_is_rolled_back() -> None:
    shop = await Shop().open()
    await shop.webhooks.endpoints.create(URL)
    woken = asyncio.Event()
    shop.webhooks._bell.listen(woken)
    with pytest.raises(RuntimeError):
        async with shop.db.begin() as session:
            await shop.webhooks.send(session, InvoicePaid(invoice_id=1))
            raise RuntimeError
    await asyncio.sleep(0)
    assert not woken.is_set()
    assert await shop.webhooks.deliveries.find() == []
