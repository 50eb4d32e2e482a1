"""Whatever comes in, a router answers as its document says, and never by a 500."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import pytest
import schemathesis
from hypothesis import given, strategies as st
from pydantic import BaseModel
from pymongo import IndexModel
from tests.servers.any_input import check, examples, operations_of
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
OPERATIONS = operations_of(app)


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
    @examples(25)
    def answer(case: schemathesis.Case[Any], is_there: bool) -> None:
        if is_there and "{id}" in label:
            case.path_parameters["id"] = some_id(client)
        check(client, case)

    answer()


def some_id(client: TestClient) -> str:
    """The id of something that is there."""
    client.post("/things", json={"name": "x"})
    id: str = client.get("/things?limit=1").json()["items"][0]["id"]
    return id
