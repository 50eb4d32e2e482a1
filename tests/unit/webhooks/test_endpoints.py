from __future__ import annotations

from typing import Any

import pytest
from tests.unit.webhooks.shop import SECRET, URL, Shop, events

from vivace.webhooks import (
    EndpointIsDisabled,
    NoSuchEndpoint,
    NotAcceptable,
    SecretsUnreadable,
    TooManyEndpoints,
    Webhooks,
    WebhookSettings,
    new_secret,
    public_key,
)
from vivace.webhooks.store.tables import deliveries, endpoints

pytestmark = pytest.mark.anyio


async def test_an_endpoint_is_made_and_changed() -> None:
    shop = await Shop().open()
    made, secret = await shop.webhooks.endpoints.create(
        URL, ["invoice.paid", "invoice.paid"], owner="acme", description="Büro"
    )
    assert (made.url, made.event_types, made.owner) == (URL, ("invoice.paid",), "acme")
    assert made.enabled and secret.startswith("whsec_")
    assert await shop.webhooks.endpoints.of("acme") == [
        await shop.webhooks.endpoints.get(made.id, owner="acme")
    ]
    changed = await shop.webhooks.endpoints.change(
        made.id, owner="acme", url=URL + "/2", event_types=["*"], description=""
    )
    assert (changed.url, changed.event_types, changed.description) == (URL + "/2", ("*",), "")
    await shop.webhooks.endpoints.delete(made.id, owner="acme")
    assert await shop.webhooks.endpoints.of("acme") == []


async def test_secrets_are_not_in_the_database_as_they_are() -> None:
    shop = await Shop().open()
    given = new_secret()
    made, secret = await shop.webhooks.endpoints.create(URL, secret=given)
    assert secret == given
    [row] = await shop.rows(endpoints)
    assert given.removeprefix("whsec_") not in str(row)
    assert [one.value for one in await shop.webhooks.endpoints.secrets(made.id)] == [given]


async def test_a_private_key_is_never_given_away() -> None:
    shop = await Shop(WebhookSettings(signature="v1a")).open()
    made, shown = await shop.webhooks.endpoints.create(URL)
    [kept] = await shop.webhooks.endpoints.secrets(made.id)
    assert (kept.value[:5], shown) == ("whsk_", public_key(kept.value))
    given = new_secret("v1a")
    present, until = await shop.webhooks.endpoints.rotate_secret(made.id, secret=given)
    assert present == public_key(given)
    keys = await shop.webhooks.endpoints.public_keys(made.id)
    assert [(one.value, one.until) for one in keys] == [(present, None), (shown, until)]


async def test_an_endpoint_keeps_its_kind_of_signatures_until_another_is_asked_for() -> None:
    shop = await Shop().open()
    rotate = shop.webhooks.endpoints.rotate_secret
    made, _ = await shop.webhooks.endpoints.create(URL, signature="v1a")
    kinds = [
        (await rotate(made.id))[0][:6],
        (await rotate(made.id, signature="v1"))[0][:6],
        (await rotate(made.id))[0][:6],
    ]
    assert [kind.partition("_")[0] for kind in kinds] == ["whpk", "whsec", "whsec"]
    assert len(await shop.webhooks.endpoints.public_keys(made.id)) == 2


async def test_the_secret_of_the_app_can_be_changed_and_the_former_one_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vivace.webhooks.endpoints.CHUNK", 2)
    shop = await Shop().open()
    made = [await shop.webhooks.endpoints.create(URL) for _ in range(3)]

    def changed(*secrets: str) -> Webhooks:
        return Webhooks(shop.db, events, secret=secrets, sender=shop.sender)

    new = "n" * 32
    both = changed(new, SECRET)
    made.append(await both.endpoints.create(URL))
    assert [await both.endpoints.renew_secrets() for _ in range(2)] == [3, 0]
    for endpoint, secret in made:
        [kept] = await changed(new).endpoints.secrets(endpoint.id)
        assert kept.value == secret
    with pytest.raises(SecretsUnreadable):
        await changed("x" * 32).endpoints.renew_secrets()


async def test_the_endpoints_of_others_are_not_there() -> None:
    shop = await Shop().open()
    made, _ = await shop.webhooks.endpoints.create(URL, owner="acme")
    manage = shop.webhooks.endpoints
    for id, owner in ((made.id, "zoo"), (made.id, ""), ("ep_none", "acme"), ("\0", "acme")):
        for call in (
            manage.get,
            manage.change,
            manage.delete,
            manage.rotate_secret,
            manage.ping,
            manage.public_keys,
        ):
            with pytest.raises(NoSuchEndpoint):
                await call(id, owner=owner)
    assert await manage.of("zoo") == []


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"url": "https://internal.example/"}, "public internet"),
        ({"event_types": []}, "at least one"),
        ({"event_types": ["invoice.lost"]}, "no type 'invoice.lost'"),
        ({"event_types": "*"}, "a list"),
        ({"description": "x" * 501}, "500 characters"),
        ({"description": "\0"}, "500 characters"),
        ({"description": "\ud800"}, "500 characters"),
    ],
)
async def test_what_an_endpoint_cannot_have_is_refused(wrong: dict[str, Any], reason: str) -> None:
    shop = await Shop().open()
    shop.sender.forbidden = {"internal.example"}
    made, _ = await shop.webhooks.endpoints.create(URL)
    with pytest.raises(NotAcceptable, match=reason):
        await shop.webhooks.endpoints.create(**{"url": URL, **wrong})
    with pytest.raises(NotAcceptable, match=reason):
        await shop.webhooks.endpoints.change(made.id, **wrong)
    with pytest.raises(NotAcceptable, match="whsec_"):
        await shop.webhooks.endpoints.create(URL, secret="short")
    with pytest.raises(NotAcceptable, match="whsk_"):
        await shop.webhooks.endpoints.create(URL, secret="whsk_short")
    with pytest.raises(NotAcceptable, match="whsec_"):
        await shop.webhooks.endpoints.rotate_secret(made.id, secret="short")


async def test_an_owner_has_so_many_endpoints_and_no_more() -> None:
    shop = await Shop(WebhookSettings(most_endpoints=2)).open()
    for _ in range(2):
        await shop.webhooks.endpoints.create(URL, owner="acme")
    with pytest.raises(TooManyEndpoints, match="You have 2 endpoints"):
        await shop.webhooks.endpoints.create(URL, owner="acme")
    await shop.webhooks.endpoints.create(URL, owner="zoo")


async def test_what_is_on_its_way_to_one_that_is_disabled_is_a_dead_letter() -> None:
    shop = await Shop().open()
    made, _ = await shop.webhooks.endpoints.create(URL)
    await shop.send()
    changed = await shop.webhooks.endpoints.change(made.id, enabled=False)
    assert changed.disabled_reason == "managed"
    assert await shop.states() == ["dead"]
    with pytest.raises(EndpointIsDisabled):
        await shop.webhooks.endpoints.ping(made.id)
    changed = await shop.webhooks.endpoints.change(made.id, enabled=True)
    assert (changed.enabled, changed.disabled_reason) == (True, None)


async def test_nothing_is_left_of_one_that_is_deleted() -> None:
    shop = await Shop().open()
    made, _ = await shop.webhooks.endpoints.create(URL)
    await shop.send()
    await shop.webhooks.endpoints.delete(made.id)
    assert await shop.rows(deliveries) == []
    assert await shop.webhooks.deliver_due() == 0


async def test_a_ping_is_sent_whatever_an_endpoint_wants() -> None:
    shop = await Shop().open()
    made, _ = await shop.webhooks.endpoints.create(URL, ["invoice.voided"])
    await shop.webhooks.endpoints.create(URL)
    message_id = await shop.webhooks.endpoints.ping(made.id)
    await shop.webhooks.deliver_due()
    [sent] = shop.sender.sent
    assert sent.id == message_id and b'"type":"webhook.ping"' in sent.body
