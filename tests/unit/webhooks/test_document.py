from __future__ import annotations

import json
from decimal import Decimal

from pydantic import BaseModel, computed_field
from tests.unit.webhooks.shop import SECRET, Shop

from vivace import Vivace
from vivace.sql import Database
from vivace.webhooks import Events, Webhooks, metadata
from vivace.webhooks.events import now


def test_events_are_in_the_document_of_the_app() -> None:
    app = Vivace()
    Shop().webhooks.install(app)
    document = app.openapi()
    assert {*document["webhooks"]} == {"invoice.paid", "invoice.voided"}
    paid = document["webhooks"]["invoice.paid"]["post"]
    assert paid["summary"] == "An invoice was paid."
    assert [one["name"] for one in paid["parameters"]] == [
        *("webhook-id", "webhook-timestamp", "webhook-signature"),
    ]
    content = paid["requestBody"]["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/InvoicePaidMessage"}
    message = document["components"]["schemas"]["InvoicePaidMessage"]
    assert message["properties"]["type"]["const"] == "invoice.paid"
    assert message["required"] == ["type", "timestamp", "data"]
    assert {"410", "429", "default"} <= {*paid["responses"]}


def test_events_that_are_declared_later_are_there_too() -> None:
    events = Events()
    db = Database("sqlite://", metadata=[metadata])
    app = Vivace()
    Webhooks(db, events, secret=SECRET).install(app, deliver=False)
    assert "webhooks" not in app.openapi()
    events.event("late")(type("Late", (BaseModel,), {}))
    assert [*app.openapi()["webhooks"]] == ["late"]


def test_a_message_is_described_as_it_is_sent() -> None:
    events = Events()

    class Line(BaseModel):
        price: Decimal

    @events.event("order.paid")
    class OrderPaid(BaseModel):
        required: list[Line]

        @computed_field
        def total(self) -> Decimal:
            return sum((line.price for line in self.required), Decimal())

    app = Vivace()
    db = Database("sqlite://", metadata=[metadata])
    Webhooks(db, events, secret=SECRET).install(app, deliver=False)
    paid = app.openapi()["webhooks"]["order.paid"]["post"]
    schema = paid["requestBody"]["content"]["application/json"]["schema"]
    data = schema["properties"]["data"]
    assert data["required"] == ["required", "total"]
    assert data["properties"]["total"]["type"] == "string"
    assert data["properties"]["required"]["items"]["properties"]["price"]["type"] == "string"
    assert len(paid["parameters"]) == 3
    body = events.of(OrderPaid).write(OrderPaid(required=[Line(price=Decimal("1.10"))]), now())
    assert json.loads(body)["data"] == {"required": [{"price": "1.10"}], "total": "1.10"}
