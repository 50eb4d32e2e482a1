"""Whatever comes in, a router answers as its document says, and never by a 500."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

import pytest
import schemathesis
from hypothesis import given, strategies as st
from tests.servers.any_input import check, examples, operations_of
from tests.unit.sql.crud import test_column_types
from tests.unit.sql.crud.library import Account, Author, Base, Book, Line, Tag, app_of
from tests.unit.sql.databases import KINDS, new_database, plain_engine

from vivace.sql import Database, Relation
from vivace.testclient import TestClient

RELATIONS = {"author": "nested", "tags": Relation(relations={"books": "ids"})}

#: Where it is, the fixture says.
db = Database("sqlite://")
app = app_of(
    db,
    (Book, {"relations": RELATIONS}),
    (Author, {"relations": {"books": "ids", "profile": "nested"}}),
    (Account, {"require_if_match": True}),
    # pydantic writes durations in years and days, which is not the format that it documents.
    (test_column_types.Row, {"hidden": ["span"]}),
    Line,
    Tag,
)
OPERATIONS = operations_of(app)


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Gives the address of a database of each kind, which is made when it is asked for."""
    with ExitStack() as made:

        @cache
        def find(kind: str) -> str:
            url = made.enter_context(new_database(kind, tmp_path_factory.mktemp("any-input")))
            for metadata in (Base.metadata, test_column_types.Base.metadata):
                metadata.create_all(plain_engine(url))
            return url

        yield find


@pytest.fixture(params=KINDS)
def client(request: pytest.FixtureRequest, databases: Callable[[str], str]) -> Iterator[TestClient]:
    client = TestClient(app, raise_server_exceptions=False)
    with db.override(databases(request.param)), client:
        yield client


@pytest.mark.parametrize("label", OPERATIONS)
def test_any_input_has_an_answer(client: TestClient, label: str) -> None:
    operation = OPERATIONS[label]
    path: str = operation.path.partition("{")[0]

    @given(operation.as_strategy(), st.booleans())
    @examples(20)
    def answer(case: schemathesis.Case[Any], is_there: bool) -> None:
        if is_there and "{id}" in label:
            case.path_parameters["id"] = some_id(client, path.rstrip("/"))
        check(client, case)

    answer()


#: What is required of some rows, beside what has a default.
REQUIRED = {"/books": {"title": "x"}, "/authors": {"name": "x"}, "/tags": {"name": "x"}}


def some_id(client: TestClient, path: str) -> int:
    """The id of a row that is there."""
    client.post(path, json=REQUIRED.get(path, {}))
    number: int = client.get(f"{path}?limit=1&sort=-id").json()["items"][0]["id"]
    return number
