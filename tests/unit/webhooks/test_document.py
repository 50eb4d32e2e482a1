from __future__ import annotations

from pydantic import BaseModel
from tests.unit.webhooks.shop import SECRET, Shop

from vivace import Vivace
from vivace.sql import Database
from vivace.webhooks import Events, Webhooks, metadata


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
