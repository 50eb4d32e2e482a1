from __future__ import annotations

import pytest
from tests.unit.webhooks.shop import InvoicePaid, Shop, events

from vivace import Request, Vivace
from vivace.webhooks import new_secret
from vivace.webhooks.events import now
from vivace.webhooks.signing import Verifier
from vivace.webhooks.testing import AppSender, signed


@pytest.mark.anyio
async def test_messages_go_to_an_app_in_the_same_process() -> None:
    got: list[bytes] = []
    app = Vivace()

    @app.post("/hooks")
    async def receive(request: Request) -> None:
        got.append(await request.body())
        if len(got) == 1:
            raise RuntimeError

    shop = await Shop().open()
    with shop.webhooks.override(AppSender(app)):
        await shop.webhooks.endpoints.create("https://anywhere.example/hooks")
        await shop.send()
        assert await shop.webhooks.deliver_due() == 1
        assert await shop.states() == ["pending"]
        await shop.send()
        assert await shop.webhooks.deliver_due() == 1
    assert await shop.states() == ["delivered", "pending"]
    assert shop.sender.sent == []


def test_a_message_to_receive_is_signed() -> None:
    secret = new_secret()
    message = signed(events, InvoicePaid(invoice_id=1), secret, id="msg_1")
    fields = message["headers"]
    assert fields["webhook-id"] == "msg_1"
    Verifier(secret, 300).verify(
        *("msg_1", fields["webhook-timestamp"], fields["webhook-signature"]),
        message["content"].encode(),
        now(),
    )
