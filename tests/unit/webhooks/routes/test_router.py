from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import pytest
import schemathesis
from hypothesis import given
from tests.servers.any_input import check, examples, operations_of
from tests.unit.webhooks.shop import URL, Shop

from vivace import Depends, Header, HTTPException, Vivace
from vivace.testclient import TestClient
from vivace.webhooks import WebhookSettings


async def tenant(x_tenant: Annotated[str, Header()]) -> str:
    return x_tenant


@pytest.fixture
def shop() -> Shop:
    return Shop(WebhookSettings(delays=[]))


@pytest.fixture
def app(shop: Shop) -> Vivace:
    app = Vivace()
    shop.webhooks.install(app, deliver=False)
    app.include_router(shop.webhooks.router(owner=tenant), prefix="/webhooks")

    @app.post("/open")
    async def open_database() -> None:
        await shop.db.open()

    @app.post("/pay")
    async def pay(owner: str) -> str:
        return await shop.send(owner=owner)

    @app.post("/deliver")
    async def deliver() -> int:
        return await shop.webhooks.deliver_due()

    return app


@pytest.fixture
def client(app: Vivace) -> Iterator[TestClient]:
    with TestClient(app, headers={"X-Tenant": "acme"}) as client:
        client.post("/open")
        yield client


def create(client: TestClient, **values: Any) -> dict[str, Any]:
    response = client.post("/webhooks/endpoints", json={"url": URL, **values})
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def test_a_secret_is_shown_once(client: TestClient) -> None:
    response = client.post("/webhooks/endpoints", json={"url": URL})
    assert response.headers["Cache-Control"] == "no-store"
    made = response.json()
    assert made["secret"].startswith("whsec_")
    shown = client.get(f"/webhooks/endpoints/{made['id']}").json()
    assert "secret" not in shown
    assert client.get("/webhooks/endpoints").json() == [shown]


def test_a_client_may_have_a_key_pair_instead_of_a_secret(client: TestClient) -> None:
    made = create(client, signature="v1a")
    assert made["secret"].startswith("whpk_")
    path = f"/webhooks/endpoints/{made['id']}"
    former = {"key": made["secret"], "until": None}
    assert client.get(f"{path}/public-keys").json() == [former]
    rotated = client.post(f"{path}/secret").json()
    keys = client.get(f"{path}/public-keys").json()
    assert [one["key"] for one in keys] == [rotated["secret"], made["secret"]]
    assert keys[0]["until"] is None and keys[1]["until"] is not None
    changed = client.post(f"{path}/secret", json={"signature": "v1"}).json()
    assert changed["secret"].startswith("whsec_")
    for wrong in ({"signature": "v2"}, {"secret": "whsec_"}):
        assert client.post(f"{path}/secret", json=wrong).status_code == 422


def test_an_endpoint_is_changed_rotated_and_deleted(client: TestClient) -> None:
    made = create(client, event_types=["invoice.paid"], description="Office")
    path = f"/webhooks/endpoints/{made['id']}"
    changed = client.patch(path, json={"enabled": False}).json()
    assert (changed["enabled"], changed["disabled_reason"]) == (False, "managed")
    assert changed["description"] == "Office"
    rotated = client.post(f"{path}/secret")
    assert rotated.json()["secret"] != made["secret"]
    assert rotated.headers["Cache-Control"] == "no-store"
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


def test_deliveries_are_looked_at_and_made_again(client: TestClient, shop: Shop) -> None:
    made = create(client)
    message_id = client.post("/pay?owner=acme").json()
    shop.sender.script = [500, 204, 204]
    client.post("/deliver")
    [dead] = client.get("/webhooks/deliveries?state=dead").json()["items"]
    assert dead["message_id"] == message_id
    details = client.get(f"/webhooks/deliveries/{dead['id']}").json()
    assert [one["status"] for one in details["history"]] == [500]
    assert client.post(f"/webhooks/deliveries/{dead['id']}/replay").status_code == 202
    assert client.post("/deliver").json() == 1
    replayed = client.post(
        f"/webhooks/endpoints/{made['id']}/replay",
        json={"since": "2020-01-01T00:00:00Z", "states": ["delivered"]},
    )
    assert replayed.json() == {"count": 1}
    assert client.post("/deliver").json() == 1
    assert {sent.id for sent in shop.sender.sent} == {message_id}


def test_pages_go_on_where_the_last_one_ended(client: TestClient) -> None:
    create(client)
    sent = [client.post("/pay?owner=acme").json() for _ in range(3)]
    first = client.get("/webhooks/deliveries?limit=2").json()
    second = client.get(f"/webhooks/deliveries?limit=2&before={first['before']}").json()
    listed = [one["message_id"] for one in [*first["items"], *second["items"]]]
    assert listed == sent[::-1]
    assert second["before"] is None


def test_an_endpoint_is_tried(client: TestClient, shop: Shop) -> None:
    made = create(client)
    response = client.post(f"/webhooks/endpoints/{made['id']}/ping")
    assert response.status_code == 202
    client.post("/deliver")
    assert [sent.id for sent in shop.sender.sent] == [response.json()["message_id"]]
    client.patch(f"/webhooks/endpoints/{made['id']}", json={"enabled": False})
    assert client.post(f"/webhooks/endpoints/{made['id']}/ping").status_code == 409


def test_nobody_sees_or_touches_what_is_another_s(client: TestClient) -> None:
    made = create(client)
    client.post("/pay?owner=acme")
    [delivery] = client.get("/webhooks/deliveries").json()["items"]
    zoo = {"X-Tenant": "zoo"}
    assert client.get("/webhooks/endpoints", headers=zoo).json() == []
    assert client.get("/webhooks/deliveries", headers=zoo).json()["items"] == []
    endpoint, path = f"/webhooks/endpoints/{made['id']}", f"/webhooks/deliveries/{delivery['id']}"
    since = {"since": "2020-01-01T00:00:00Z"}
    for method, url, body in (
        ("GET", endpoint, None),
        ("PATCH", endpoint, {"enabled": False}),
        ("DELETE", endpoint, None),
        ("POST", f"{endpoint}/secret", None),
        ("GET", f"{endpoint}/public-keys", None),
        ("POST", f"{endpoint}/ping", None),
        ("POST", f"{endpoint}/replay", since),
        ("GET", path, None),
        ("POST", f"{path}/replay", None),
    ):
        assert client.request(method, url, headers=zoo, json=body).status_code == 404, url
    assert client.get(endpoint).json()["enabled"]


def test_what_an_endpoint_cannot_have_is_refused(client: TestClient, shop: Shop) -> None:
    shop.sender.forbidden = {"internal"}
    for wrong in (
        {"url": "https://internal/"},
        {"url": URL, "event_types": ["lost"]},
        {"url": URL, "event_types": []},
        {"url": URL, "description": "\0"},
        {"url": URL, "owner": "zoo"},
        {},
    ):
        response = client.post("/webhooks/endpoints", json=wrong)
        assert response.status_code == 422, wrong
    made = create(client)
    refused = client.patch(f"/webhooks/endpoints/{made['id']}", json={"url": "https://internal/"})
    [error] = refused.json()["detail"]
    assert error["loc"] == ["body", "url"]
    assert error["msg"] == "The host is not one of the public internet."


def test_there_is_a_bound_on_endpoints(client: TestClient, shop: Shop) -> None:
    object.__setattr__(shop.webhooks.settings, "most_endpoints", 1)
    create(client)
    assert client.post("/webhooks/endpoints", json={"url": URL}).status_code == 409


def test_the_types_of_events_are_listed(client: TestClient) -> None:
    listed = client.get("/webhooks/event-types").json()
    assert [one["name"] for one in listed] == ["invoice.paid", "invoice.voided"]
    assert listed[0]["data"]["properties"]["invoice_id"]["type"] == "integer"


def test_the_guards_of_the_app_stand_before_all_routes(shop: Shop) -> None:
    async def refuse() -> None:
        raise HTTPException(403)

    app = Vivace()
    app.include_router(shop.webhooks.router(dependencies=[Depends(refuse)]))
    client = TestClient(app)
    for path, item in app.openapi()["paths"].items():
        for method in item:
            url = path.replace("{", "").replace("}", "")
            assert client.request(method, url, json={}).status_code in (403, 422)
    assert client.get("/endpoints").status_code == 403


def test_no_input_makes_an_error_of_the_server_s(client: TestClient, app: Vivace) -> None:
    create(client)
    for label, operation in operations_of(app).items():
        if "/webhooks" not in label:
            continue

        @examples(15)
        @given(case=operation.as_strategy())
        def send(case: schemathesis.Case[Any]) -> None:
            check(client, case)

        send()


def test_who_is_not_known_does_not_get_what_is_everybody_s(shop: Shop) -> None:
    """In code, ``owner=None`` stands for all."""

    async def maybe(x_tenant: Annotated[str | None, Header()] = None) -> str | None:
        return x_tenant

    app = Vivace()
    shop.webhooks.install(app, deliver=False)
    app.include_router(shop.webhooks.router(owner=maybe), prefix="/webhooks")

    @app.post("/pay")
    async def pay() -> str:
        await shop.db.open()
        await shop.webhooks.endpoints.create(URL, owner="acme")
        return await shop.send(owner="acme")

    with TestClient(app) as client:
        client.post("/pay")
        [made] = client.get("/webhooks/endpoints", headers={"X-Tenant": "acme"}).json()
        with pytest.raises(TypeError, match="The owner of webhooks is None"):
            client.get("/webhooks/deliveries")
        with pytest.raises(TypeError, match="It has to be text"):
            client.post(f"/webhooks/endpoints/{made['id']}/secret")
