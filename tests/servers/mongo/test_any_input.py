"""Whatever comes in, a router answers as its document says, and never by a 500."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from pydantic import BaseModel
from pymongo import IndexModel
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.unit.mongo.server import MongoServer, is_installed, running_server

from vivace import Vivace
from vivace.mongo import Binary, Document, Lookup, Mongo, ObjectId, crud_router
from vivace.testclient import TestClient


class Part(BaseModel):
    name: str
    sizes: dict[str, float] = {}


class Thing(Document, collection="things", indexes=[IndexModel("name", unique=True)]):
    name: str
    number: int | None = None
    real: float = 0
    price: Decimal = Decimal(1)
    at: datetime | None = None
    day: date | None = None
    serial: UUID | None = None
    blob: Binary | None = None
    part: Part | None = None
    tags: list[str] = []
    anything: Any = None
    votes: dict[ObjectId, int] = {}
    other_ids: list[ObjectId] = []


class ThingWithOthers(Thing):
    others: Annotated[list[Thing | None], Lookup("other_ids")]


#: Where it is, the test says.
mongo = Mongo("mongodb://localhost/things")
app = Vivace()
app.include_router(crud_router(Thing, mongo, read=ThingWithOthers))
schema = schemathesis.openapi.from_dict(app.openapi())
OPERATIONS: dict[str, Any] = {
    found.ok().label: found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)
}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]


@pytest.fixture(scope="module")
def running() -> Iterator[MongoServer]:
    if not is_installed():
        pytest.skip("SecantusDB is not installed.")
    with running_server() as server:
        yield server


@pytest.fixture
def client(running: MongoServer, request: pytest.FixtureRequest) -> Iterator[TestClient]:
    database = f"things_{list(OPERATIONS).index(request.node.callspec.params['label'])}"
    client = TestClient(app, raise_server_exceptions=False)
    with mongo.override(running.url, database=database), client:
        yield client


@pytest.mark.parametrize("label", OPERATIONS)
def test_any_input_has_an_answer(client: TestClient, label: str) -> None:
    operation = OPERATIONS[label]

    @given(operation.as_strategy(), st.booleans())
    @settings(
        max_examples=25,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def answer(case: schemathesis.Case[Any], is_there: bool) -> None:
        if is_there and "{id}" in label:
            case.path_parameters["id"] = some_id(client)
        response = send(client, case.as_transport_kwargs(base_url="http://testserver"))
        case.validate_response(response, checks=CHECKS)

    answer()


def some_id(client: TestClient) -> str:
    """The id of something that is there."""
    client.post("/things", json={"name": "x"})
    id: str = client.get("/things?limit=1").json()["items"][0]["id"]
    return id


def send(client: TestClient, sent: dict[str, Any]) -> Any:
    return client.request(
        sent["method"],
        sent["url"],
        params=sent.get("params"),
        headers=sent["headers"],
        json=sent.get("json"),
        content=sent.get("data"),
    )
