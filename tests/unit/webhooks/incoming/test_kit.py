from collections.abc import Iterator
from datetime import timedelta
from secrets import token_hex
from typing import Annotated, Any

import pytest
from pydantic import BaseModel
from tests.unit.webhooks.shop import InvoicePaid, InvoiceVoided, events

from vivace import HTTPException, Vivace
from vivace.testclient import TestClient
from vivace.webhooks import Events, Incoming, MemorySeen, Received, new_secret, public_key
from vivace.webhooks.events import now
from vivace.webhooks.signing import sign
from vivace.webhooks.testing import signed

SECRET = new_secret()
incoming = Incoming(events, SECRET, seen=MemorySeen(), max_body=2000)


def make_app() -> tuple[Vivace, list[Any]]:
    app, got = Vivace(), list[Any]()

    @app.post("/paid", openapi_extra=incoming.openapi(InvoicePaid))
    async def paid(data: Annotated[InvoicePaid, incoming.event(InvoicePaid)]) -> None:
        if data.invoice_id == 13:
            raise HTTPException(503)
        got.append(data)

    @app.post("/any", openapi_extra=incoming.openapi())
    def any_event(
        message: Annotated[Received[InvoicePaid | InvoiceVoided], incoming.message()],
    ) -> None:
        got.append((message.id, message.type, message.data))

    return app, got


@pytest.fixture
def client() -> Iterator[TestClient]:
    app, received = make_app()
    with TestClient(app) as client:
        client.got = received  # type: ignore[attr-defined]  # for the tests
        yield client


def received(client: TestClient) -> list[Any]:
    found: list[Any] = client.got  # type: ignore[attr-defined]  # as above
    return found


def test_the_data_of_a_message_come_as_their_model(client: TestClient) -> None:
    message = signed(events, InvoicePaid(invoice_id=1), SECRET)
    assert client.post("/paid", **message).status_code == 200
    assert received(client) == [InvoicePaid(invoice_id=1)]


def test_a_sender_with_a_key_pair_is_known_by_its_public_key() -> None:
    key = new_secret("v1a")
    of_key, app = Incoming(events, public_key(key)), Vivace()

    @app.post("/paid")
    async def paid(data: Annotated[InvoicePaid, of_key.event(InvoicePaid)]) -> int:
        return data.invoice_id

    client = TestClient(app)
    assert client.post("/paid", **signed(events, InvoicePaid(invoice_id=1), key)).json() == 1
    for other in (SECRET, new_secret("v1a")):
        message = signed(events, InvoicePaid(invoice_id=1), other)
        assert client.post("/paid", **message).status_code == 401


def test_a_message_is_told_by_its_type(client: TestClient) -> None:
    for event in (InvoicePaid(invoice_id=1), InvoiceVoided(invoice_id=2)):
        message = signed(events, event, SECRET, id=f"any_{event.invoice_id}")
        assert client.post("/any", **message).status_code == 200
    assert received(client) == [
        ("any_1", "invoice.paid", InvoicePaid(invoice_id=1)),
        ("any_2", "invoice.voided", InvoiceVoided(invoice_id=2)),
    ]


def test_what_comes_again_is_acknowledged_and_dropped(client: TestClient) -> None:
    message = signed(events, InvoicePaid(invoice_id=1), SECRET)
    answers = [client.post("/paid", **message).status_code for _ in range(3)]
    assert answers == [200, 204, 204]
    assert len(received(client)) == 1


def test_what_was_not_handled_may_come_again(client: TestClient) -> None:
    message = signed(events, InvoicePaid(invoice_id=13), SECRET)
    assert [client.post("/paid", **message).status_code for _ in range(2)] == [503, 503]


def test_types_that_an_endpoint_has_no_use_for_are_acknowledged(client: TestClient) -> None:
    message = signed(events, InvoiceVoided(invoice_id=1), SECRET)
    assert client.post("/paid", **message).status_code == 204
    assert received(client) == []


def tampered(message: dict[str, Any], **changes: Any) -> dict[str, Any]:
    fields = {name.replace("_", "-"): value for name, value in changes.items() if name != "content"}
    content = changes.get("content", message["content"])
    return {"content": content, "headers": {**message["headers"], **fields}}


def test_what_is_not_authentic_is_refused_alike(client: TestClient) -> None:
    message = signed(events, InvoicePaid(invoice_id=1), SECRET)
    other = signed(events, InvoicePaid(invoice_id=1), new_secret())
    answers = [
        client.post("/paid", **wrong)
        for wrong in (
            other,
            tampered(message, content=message["content"] + " "),
            tampered(message, content=b"\xff"),
            tampered(message, content=b""),
            tampered(message, webhook_id="msg_2"),
            tampered(message, webhook_timestamp="1"),
            tampered(message, webhook_timestamp="now"),
            tampered(message, webhook_signature="v1,"),
        )
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {"Webhook-Signature"}
    assert {answer.text for answer in answers} == {
        '{"detail":"The signature is not valid, or the message is too old."}'
    }
    assert received(client) == []


def test_fields_that_are_missing_are_named(client: TestClient) -> None:
    response = client.post("/paid", content="{}")
    assert response.status_code == 422
    assert [error["loc"][1] for error in response.json()["detail"]] == [
        *("webhook-id", "webhook-timestamp", "webhook-signature"),
    ]


def test_a_body_has_a_bound(client: TestClient) -> None:
    message = signed(events, InvoiceVoided(invoice_id=1, reason="x" * 3000), SECRET)
    assert client.post("/any", **message).status_code == 413

    def pieces() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 100

    assert client.post("/any", **tampered(message, content=pieces())).status_code == 413


class Loose(BaseModel):
    data: Any = None


def forged(body: str) -> dict[str, Any]:
    """A message of the sender's that is not as it should be."""
    return {"content": body, "headers": sign([SECRET], f"msg_{token_hex(8)}", now(), body)}


@pytest.mark.parametrize("body", ["", "x", "[]", "1", "{}", '{"type":1}', '{"type":null}', "NaN"])
def test_what_is_no_message_is_refused(client: TestClient, body: str) -> None:
    response = client.post("/any", **forged(body))
    assert (response.status_code, received(client)) == (400, [])


def test_what_is_wrong_in_the_data_is_said(client: TestClient) -> None:
    body = '{"type":"invoice.paid","timestamp":"2026-01-02T03:04:05Z","data":{"invoice_id":"x"}}'
    response = client.post("/any", **forged(body))
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", "data", "invoice_id"]


def test_members_that_are_not_known_are_let_pass(client: TestClient) -> None:
    body = (
        '{"type":"invoice.paid","timestamp":"2026-01-02T03:04:05Z","more":1,'
        '"data":{"invoice_id":1,"more":1}}'
    )
    assert client.post("/paid", **forged(body)).status_code == 200


def test_several_secrets_count_while_the_sender_changes_them() -> None:
    former, present = new_secret(), new_secret()
    both = Incoming(events, [present, former])
    app = Vivace()

    @app.post("/")
    async def receive(data: Annotated[InvoicePaid, both.event(InvoicePaid)]) -> int:
        return data.invoice_id

    client = TestClient(app)
    for secret in (former, present):
        message = signed(events, InvoicePaid(invoice_id=1), secret)
        # Nothing was said of duplicates.
        assert [client.post("/", **message).json() for _ in range(2)] == [1, 1]


def test_the_tolerance_can_be_set() -> None:
    strict = Incoming(events, SECRET, tolerance=timedelta(seconds=-1))
    app = Vivace()

    @app.post("/")
    async def receive(data: Annotated[InvoicePaid, strict.event(InvoicePaid)]) -> None: ...

    message = signed(events, InvoicePaid(invoice_id=1), SECRET)
    assert TestClient(app).post("/", **message).status_code == 401


def test_the_document_has_fields_body_and_refusals() -> None:
    app, _ = make_app()
    document = app.openapi()
    paid, anything = (document["paths"][path]["post"] for path in ("/paid", "/any"))
    assert [one["name"] for one in paid["parameters"]] == [
        *("webhook-id", "webhook-timestamp", "webhook-signature"),
    ]
    assert {"200", "204", "400", "401", "413", "422"} <= {*paid["responses"]}
    schema = paid["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]["data"]["properties"]["invoice_id"]["type"] == "integer"
    assert len(anything["requestBody"]["content"]["application/json"]["schema"]["oneOf"]) == 2


def test_wrong_declarations_fail_at_once() -> None:
    with pytest.raises(TypeError, match="Loose is the data of no type"):
        incoming.event(Loose)
    with pytest.raises(ValueError, match="no types of events yet"):
        Incoming(Events(), SECRET).event()
    with pytest.raises(ValueError, match="the secret that the sender has given"):
        Incoming(events, "secret")
    with pytest.raises(TypeError, match="does not know messages"):
        Incoming(events, SECRET, seen="memory")  # type: ignore[arg-type]  # as it says
    with pytest.raises(ValueError, match="at most 100 characters"):
        Incoming(events, SECRET, source="x" * 101)


def test_refusals_are_problems_in_an_app_of_problem_details() -> None:
    app = Vivace(problem_details=True)

    @app.post("/", openapi_extra=incoming.openapi(InvoicePaid))
    async def receive(data: Annotated[InvoicePaid, incoming.event(InvoicePaid)]) -> None: ...

    client = TestClient(app)
    refused = client.post("/", **signed(events, InvoicePaid(invoice_id=1), new_secret()))
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["status"] == 401
    message = signed(events, InvoicePaid(invoice_id=1), SECRET)
    answers = [client.post("/", **message) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 204]
    assert answers[1].content == b""


def test_an_app_that_is_mounted_receives_too() -> None:
    app, got = make_app()
    outer = Vivace()
    outer.mount("/inner", app)
    message = signed(events, InvoicePaid(invoice_id=1), SECRET)
    assert TestClient(outer).post("/inner/paid", **message).status_code == 200
    assert got == [InvoicePaid(invoice_id=1)]
