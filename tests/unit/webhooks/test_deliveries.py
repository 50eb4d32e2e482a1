from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.webhooks.shop import URL, InvoicePaid, Shop

from vivace.webhooks import EndpointIsDisabled, NoSuchDelivery, NoSuchEndpoint, WebhookSettings
from vivace.webhooks.events import now
from vivace.webhooks.store.records import STATES

pytestmark = pytest.mark.anyio
ONCE = WebhookSettings(delays=[])


async def test_deliveries_are_listed_the_newest_first_in_pages() -> None:
    shop = await Shop().open()
    made, _ = await shop.webhooks.endpoints.create(URL, owner="acme")
    sent = [await shop.send(owner="acme") for _ in range(5)]
    found = await shop.webhooks.deliveries.find(owner="acme", limit=3)
    rest = await shop.webhooks.deliveries.find(owner="acme", limit=3, before=found[-1].id)
    assert [one.message_id for one in [*found, *rest]] == sent[::-1]
    assert await shop.webhooks.deliveries.find(endpoint_id=made.id, state="pending", limit=9)
    assert not await shop.webhooks.deliveries.find(endpoint_id=made.id, state="dead")
    assert not await shop.webhooks.deliveries.find(owner="zoo")
    assert not await shop.webhooks.deliveries.find(before="\0")


async def test_a_dead_letter_is_sent_again_under_the_same_id() -> None:
    shop = await Shop(ONCE).open()
    await shop.webhooks.endpoints.create(URL)
    message_id = await shop.send()
    shop.sender.script = [500]
    await shop.webhooks.deliver_due()
    [dead] = await shop.webhooks.deliveries.find(state="dead")
    await shop.webhooks.deliveries.replay(dead.id)
    await shop.webhooks.deliver_due()
    assert [sent.id for sent in shop.sender.sent] == [message_id] * 2
    details = await shop.webhooks.deliveries.get(dead.id)
    assert details.delivery.state == "delivered"
    assert [one.status for one in details.attempts] == [500, 200]


async def test_what_was_missed_is_sent_again() -> None:
    shop = await Shop(ONCE).open()
    made, _ = await shop.webhooks.endpoints.create(URL)
    before = now() - timedelta(seconds=1)
    for number in range(3):
        await shop.send(InvoicePaid(invoice_id=number))
    shop.sender.script = [500, 500]
    await shop.webhooks.deliver_due()
    again = shop.webhooks.deliveries.replay_since
    assert await again(made.id, now() + timedelta(seconds=1)) == 0
    assert await again(made.id, before, until=before) == 0
    assert await again(made.id, before) == 2
    assert await shop.webhooks.deliver_due() == 2
    assert await again(made.id, before, states=["delivered"]) == 3
    assert await shop.webhooks.deliver_due() == 3


async def test_what_is_just_being_sent_is_left_to_who_sends_it() -> None:
    shop = await Shop().open()
    made, _ = await shop.webhooks.endpoints.create(URL)
    await shop.send()

    class Meddling(type(shop.sender)):  # type: ignore[misc]  # as it is at run time
        async def send(self, *arguments: object, **options: object) -> object:
            [one] = await shop.webhooks.deliveries.find()
            await shop.webhooks.deliveries.replay(one.id)
            since = now() - timedelta(days=1)
            assert not await shop.webhooks.deliveries.replay_since(made.id, since, states=STATES)
            return await super().send(*arguments, **options)

    with shop.webhooks.override(Meddling()):
        assert await shop.webhooks.deliver_due() == 1
    assert await shop.states() == ["delivered"]


async def test_those_of_others_are_not_there() -> None:
    shop = await Shop().open()
    made, _ = await shop.webhooks.endpoints.create(URL, owner="acme")
    await shop.send(owner="acme")
    [one] = await shop.webhooks.deliveries.find()
    for id, owner in ((one.id, "zoo"), ("dlv_none", "acme"), ("\0", "acme")):
        with pytest.raises(NoSuchDelivery):
            await shop.webhooks.deliveries.get(id, owner=owner)
        with pytest.raises(NoSuchDelivery):
            await shop.webhooks.deliveries.replay(id, owner=owner)
    with pytest.raises(NoSuchEndpoint):
        await shop.webhooks.deliveries.replay_since(made.id, now(), owner="zoo")


async def test_nothing_is_sent_again_to_one_that_is_disabled() -> None:
    shop = await Shop().open()
    made, _ = await shop.webhooks.endpoints.create(URL)
    await shop.send()
    await shop.webhooks.endpoints.change(made.id, enabled=False)
    [one] = await shop.webhooks.deliveries.find()
    with pytest.raises(EndpointIsDisabled):
        await shop.webhooks.deliveries.replay(one.id)
    with pytest.raises(EndpointIsDisabled):
        await shop.webhooks.deliveries.replay_since(made.id, now())
