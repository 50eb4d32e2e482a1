from __future__ import annotations

import asyncio
import json
import logging

import pytest
from standardwebhooks import Webhook
from tests.unit.webhooks.shop import URL, InvoicePaid, ScriptedSender, SendingFailed, Shop

from vivace.sql import Unavailable
from vivace.vault import Vault
from vivace.webhooks import Answer, AttemptMade, EndpointDisabled, WebhookSettings
from vivace.webhooks.delivery import worker as worker_module
from vivace.webhooks.events import now
from vivace.webhooks.signing import Verifier
from vivace.webhooks.store.tables import deliveries, endpoints
from vivace.webhooks.store.transactions import transact

pytestmark = pytest.mark.anyio
AT_ONCE = WebhookSettings(delays=[0, 0], jitter=0)


async def until(shop: Shop, states: list[str], owner: str | None = None) -> None:
    for _ in range(2000):
        if await shop.states(owner) == states:
            return
        await asyncio.sleep(0.005)
    raise AssertionError(await shop.states())


async def test_a_message_is_sent_with_its_signature() -> None:
    shop = await Shop().open()
    _, secret = await shop.webhooks.endpoints.create(URL)
    message_id = await shop.send(InvoicePaid(invoice_id=7))
    assert await shop.webhooks.deliver_due() == 1
    [sent] = shop.sender.sent
    assert (sent.url, sent.id) == (URL, message_id)
    assert sent.headers["Content-Type"] == "application/json"
    assert Webhook(secret).verify(sent.body, dict(sent.headers))["data"] == {"invoice_id": 7}
    assert await shop.webhooks.deliver_due() == 0
    assert await shop.states() == ["delivered"]


async def test_both_secrets_sign_while_the_former_one_lives() -> None:
    shop = await Shop().open()
    endpoint, former = await shop.webhooks.endpoints.create(URL)
    present, _ = await shop.webhooks.endpoints.rotate_secret(endpoint.id)
    await shop.send()
    await shop.webhooks.deliver_due()
    [sent] = shop.sender.sent
    for secret in (former, present):
        Webhook(secret).verify(sent.body, dict(sent.headers))
    assert len(sent.headers["webhook-signature"].split(" ")) == 2


async def test_a_secret_makes_way_for_a_key_pair_without_a_break() -> None:
    shop = await Shop().open()
    endpoint, secret = await shop.webhooks.endpoints.create(URL)
    key, _ = await shop.webhooks.endpoints.rotate_secret(endpoint.id, signature="v1a")
    await shop.send()
    await shop.webhooks.deliver_due()
    [sent] = shop.sender.sent
    timestamp, signatures = (sent.headers[f"webhook-{name}"] for name in ("timestamp", "signature"))
    for verified_by in (secret, key):
        Verifier(verified_by, 60).verify(sent.id, timestamp, signatures, sent.body, now())
    assert [one.partition(",")[0] for one in signatures.split(" ")] == ["v1a", "v1"]


async def test_what_fails_is_sent_again_under_the_same_id_and_then_given_up() -> None:
    shop = await Shop(AT_ONCE).open()
    await shop.webhooks.endpoints.create(URL)
    message_id = await shop.send()
    shop.sender.script = [
        Answer(500, body=b"no \x00 way"),
        SendingFailed("The connection was lost."),
        302,
    ]
    assert await shop.webhooks.deliver_due() == 3
    assert [sent.id for sent in shop.sender.sent] == [message_id] * 3
    assert len({sent.body for sent in shop.sender.sent}) == 1
    [delivery] = await shop.webhooks.deliveries.find(state="dead")
    details = await shop.webhooks.deliveries.get(delivery.id)
    assert [(one.status, one.error, one.response) for one in details.attempts] == [
        (500, "The answer was 500.", "no \ufffd way"),
        (None, "The connection was lost.", None),
        (302, "The answer was 302.", None),
    ]
    assert json.loads(details.body)["type"] == "invoice.paid"


async def test_an_attempt_has_so_much_time_and_no_more() -> None:
    shop = await Shop(WebhookSettings(timeout=0.02, delays=[])).open()
    shop.sender.gate = asyncio.Event()
    await shop.webhooks.endpoints.create(URL)
    await shop.send()
    await shop.webhooks.deliver_due()
    [delivery] = await shop.webhooks.deliveries.find(state="dead")
    [attempt] = (await shop.webhooks.deliveries.get(delivery.id)).attempts
    assert attempt.error == "There was no complete answer in time."


async def test_a_host_that_leads_elsewhere_by_now_is_not_asked() -> None:
    shop = await Shop(WebhookSettings(delays=[])).open()
    await shop.webhooks.endpoints.create(URL)
    shop.sender.forbidden = {"receiver.example"}
    await shop.send()
    await shop.webhooks.deliver_due()
    assert shop.sender.sent == []
    [delivery] = await shop.webhooks.deliveries.find(state="dead")
    [attempt] = (await shop.webhooks.deliveries.get(delivery.id)).attempts
    assert attempt.error == "The host is not one of the public internet."


async def test_a_fault_of_the_sender_s_loses_nothing(caplog: pytest.LogCaptureFixture) -> None:
    shop = await Shop(AT_ONCE).open()
    await shop.webhooks.endpoints.create(URL)
    await shop.send()
    shop.sender.script = [ZeroDivisionError()]
    assert await shop.webhooks.deliver_due() == 2
    assert await shop.states() == ["delivered"]
    assert "could not be sent" in caplog.text


async def test_gone_disables_the_endpoint_and_the_app_is_told() -> None:
    shop = await Shop().open()
    endpoint, _ = await shop.webhooks.endpoints.create(URL, owner="acme")
    made: list[AttemptMade] = []
    disabled: list[EndpointDisabled] = []
    shop.webhooks.on_attempt(made.append)
    shop.webhooks.on_disabled(disabled.append)
    await shop.send(owner="acme")
    await shop.send(owner="acme")
    shop.sender.script = [410, 200]
    await shop.webhooks.deliver_due()
    assert disabled == [EndpointDisabled(endpoint.id, "acme", URL, "gone")]
    assert sorted((one.attempt.status or 0, one.state) for one in made)[-1] == (410, "dead")
    assert made[0].number == 1 and made[0].type == "invoice.paid"
    assert not (await shop.webhooks.endpoints.get(endpoint.id)).enabled


async def test_secrets_that_cannot_be_read_keep_the_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shop = await Shop().open()
    await shop.webhooks.endpoints.create(URL)
    await shop.send()
    object.__setattr__(shop.webhooks, "_vault", Vault("another" * 9))
    with caplog.at_level(logging.ERROR, "vivace.webhooks"):
        await shop.webhooks.deliver_due()
    assert "Add the former one" in caplog.text
    assert shop.sender.sent == []
    assert await shop.states() == ["pending"]


# In an app.


async def test_a_commit_wakes_who_delivers() -> None:
    shop = await Shop(WebhookSettings(poll_interval=600)).open()
    await shop.webhooks.endpoints.create(URL)
    async with shop.webhooks.delivering():
        await asyncio.sleep(0.01)
        await shop.send()
        await until(shop, ["delivered"])
    assert shop.sender.closed


async def test_what_others_have_written_is_found_by_looking() -> None:
    shop = await Shop(WebhookSettings(poll_interval=0.01)).open()
    await shop.webhooks.endpoints.create(URL)
    async with shop.webhooks.delivering():
        shop.webhooks._bell._listeners.clear()
        await shop.send()
        await until(shop, ["delivered"])


async def test_a_receiver_that_hangs_holds_up_nobody_else() -> None:
    settings = WebhookSettings(per_endpoint=2, concurrency=3, poll_interval=600)
    shop = await Shop(settings).open()
    hanging, _ = await shop.webhooks.endpoints.create(URL, owner="hanging")
    await shop.webhooks.endpoints.create(URL, owner="quick")

    class Sender(ScriptedSender):
        async def send(self, url: str, *arguments: object, **options: object) -> Answer:
            if len(self.sent) < 2:
                self.gate = asyncio.Event()
            else:
                self.gate = None
            return await super().send(url, *arguments, **options)  # type: ignore[arg-type]

    with shop.webhooks.override(Sender()):
        for _ in range(6):
            await shop.send(owner="hanging")
        async with asyncio.timeout(20):
            async with shop.webhooks.delivering():
                for _ in range(6):
                    await shop.send(owner="quick")
                await until(shop, ["delivered"] * 6, owner="quick")
                mine = await shop.webhooks.deliveries.find(endpoint_id=hanging.id)
                assert {one.state for one in mine} == {"pending"}
                # Those that hang are left, and are due again at once.
                object.__setattr__(settings, "grace", 0.01)
    rows = [row for row in await shop.rows(deliveries) if row["endpoint_id"] == hanging.id]
    assert [row["claim"] for row in rows] == [None] * 6
    assert [row["attempts"] for row in rows] == [0] * 6


async def test_what_is_under_way_when_the_app_stops_is_waited_for() -> None:
    shop = await Shop(WebhookSettings(poll_interval=600)).open()
    await shop.webhooks.endpoints.create(URL)
    shop.sender.gate = gate = asyncio.Event()
    async with shop.webhooks.delivering():
        await shop.send()
        await shop.sender.asked.wait()
        asyncio.get_running_loop().call_later(0.05, gate.set)
    assert await shop.states() == ["delivered"]


async def test_a_database_that_is_away_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shop = await Shop(WebhookSettings(poll_interval=600)).open()
    await shop.webhooks.endpoints.create(URL)
    await shop.send()
    faults: list[Exception] = [Unavailable("The database is away.", 5), OSError("broken")]
    real = transact

    async def failing(database: object, work: object) -> object:
        if faults:
            raise faults.pop(0)
        return await real(database, work)  # type: ignore[arg-type]

    monkeypatch.setattr(worker_module, "DATABASE_PAUSE", 0.01)
    monkeypatch.setattr(worker_module, "transact", failing)
    with caplog.at_level(logging.WARNING, "vivace.webhooks"):
        async with shop.webhooks.delivering():
            await until(shop, ["delivered"])
    assert "wait for their database" in caplog.text


async def test_an_attempt_is_written_down_when_the_database_is_there_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = await Shop().open()
    await shop.webhooks.endpoints.create(URL)
    await shop.send()
    real = transact
    calls = 0

    async def failing(database: object, work: object) -> object:
        nonlocal calls
        calls += 1
        if 1 < calls < 4:
            raise OSError("broken")
        return await real(database, work)  # type: ignore[arg-type]

    monkeypatch.setattr(worker_module, "DATABASE_PAUSE", 0.01)
    monkeypatch.setattr(worker_module, "transact", failing)
    assert await shop.webhooks.deliver_due() == 1
    assert len(shop.sender.sent) == 1
    assert await shop.states() == ["delivered"]


async def test_one_that_cannot_be_written_down_is_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = WebhookSettings(timeout=0.05, lease=0.1)
    shop = await Shop(settings).open()
    await shop.webhooks.endpoints.create(URL)
    await shop.send()
    real = transact
    calls = 0

    async def failing(database: object, work: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError("broken")
        return await real(database, work)  # type: ignore[arg-type]

    monkeypatch.setattr(worker_module, "transact", failing)
    await shop.webhooks.deliver_due()
    assert await shop.states() == ["pending"]
    await shop.rewrite(deliveries, due_at=0)
    await shop.webhooks.deliver_due()
    assert await shop.states() == ["delivered"]
    assert len({sent.id for sent in shop.sender.sent}) == 1 < len(shop.sender.sent)


async def test_an_endpoint_is_left_alone_for_as_long_as_it_asks() -> None:
    shop = await Shop(AT_ONCE).open()
    await shop.webhooks.endpoints.create(URL)
    shop.sender.script = [Answer(429, {"retry-after": "3600"})]
    await shop.send()
    await shop.webhooks.deliver_due()
    await shop.send()
    assert await shop.webhooks.deliver_due() == 0
    await shop.rewrite(endpoints, held_until=0)
    assert await shop.webhooks.deliver_due() == 1
    await shop.rewrite(deliveries, due_at=0)
    assert await shop.webhooks.deliver_due() == 1
