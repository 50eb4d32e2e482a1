from __future__ import annotations

from tests.unit.webhooks.shop import Shop

from vivace import Vivace


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
    assert "422" not in paid["responses"] or paid["responses"]["422"]
