from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Annotated, Any

import pytest

from vivace import Depends, Header, HTTPException, Vivace
from vivace.auth import Auth, MemoryStore, Roles
from vivace.crud import Conflict, Operation, make_router
from vivace.testclient import TestClient

from .shelf import BOOKS, Book, Shelf, serve


def operations(client: TestClient) -> dict[str, str]:
    document = client.get("/openapi.json").json()
    return {
        operation["operationId"]: f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_there_is_a_route_for_each_operation() -> None:
    assert operations(serve(Shelf())) == {
        "list_books": "GET /books",
        "create_book": "POST /books",
        "create_books": "POST /books/bulk",
        "read_book": "GET /books/{id}",
        "replace_book": "PUT /books/{id}",
        "patch_book": "PATCH /books/{id}",
        "delete_book": "DELETE /books/{id}",
    }


def test_only_those_operations_are_there_that_are_wanted() -> None:
    client = serve(Shelf(), operations=["read", "list"], prefix="/shelf")
    assert operations(client) == {"list_books": "GET /shelf", "read_book": "GET /shelf/{id}"}
    assert client.post("/shelf", json={"title": "x"}).status_code == 405


def test_operations_without_a_schema_are_not_there() -> None:
    app = Vivace()
    app.include_router(make_router(replace(BOOKS, create=None, replace=None), Depends(Shelf)))
    assert {*operations(TestClient(app))} == {"list_books", "read_book", "delete_book"}
    with pytest.raises(ValueError, match="router of books is to patch"):
        make_router(replace(BOOKS, replace=None), Depends(Shelf), operations=["patch"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"operations": ["update"]}, "no 'update' for `operations`. There are: list, create"),
        ({"operation_dependencies": {"update": []}}, "no 'update' for `operation_dependencies`"),
        ({"pagination": ["pages"]}, "no 'pages' for `pagination`. There are: cursor, offset"),
        ({"sort": "-notes"}, "cannot be sorted by '-notes'"),
    ],
)
def test_an_option_that_makes_no_sense_is_an_error_at_once(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_router(BOOKS, Depends(Shelf), **options)


def test_an_option_that_there_is_not_is_an_error_at_once() -> None:
    with pytest.raises(TypeError, match=r"no option 'operation' .* Did you mean 'operations'"):
        make_router(BOOKS, Depends(Shelf), operation=["read"])  # type: ignore[call-arg]


def test_schemas_and_tags_have_the_names_of_the_resource() -> None:
    document = serve(Shelf()).get("/openapi.json").json()
    assert {"BookRead", "BookCreate", "BookReplace", "BookPatch", "BookPage"} <= {
        *document["components"]["schemas"]
    }
    patch = document["paths"]["/books/{id}"]["patch"]
    assert patch["tags"] == ["books"]
    assert patch["requestBody"]["content"] == {
        "application/merge-patch+json": {"schema": {"$ref": "#/components/schemas/BookPatch"}}
    }
    assert {"200", "404", "409", "412", "415", "422"} == {*patch["responses"]}
    created = document["paths"]["/books"]["post"]["responses"]["201"]
    assert {*created["headers"]} == {"ETag", "Location"}
    assert created["content"]["application/json"]["schema"]["$ref"].endswith("/BookRead")


class Role(Enum):
    EDITOR = "editor"


async def _check_editor(role: Annotated[str, Header()] = "") -> None:
    if role != "editor":
        raise HTTPException(403, "Only for editors.")


def test_an_operation_can_have_a_guard_of_its_own() -> None:
    guard = [Depends(_check_editor)]
    client = serve(Shelf(), operation_dependencies={"create": guard, "delete": guard})
    assert client.get("/books").status_code == 200
    assert client.post("/books", json={"title": "x"}).status_code == 403
    made = client.post("/books", json={"title": "x"}, headers={"Role": "editor"})
    assert made.status_code == 201
    assert client.put("/books/1", json={"title": "y"}).status_code == 200
    assert client.delete("/books/1").status_code == 403


def test_all_operations_can_have_a_guard() -> None:
    client = serve(Shelf(), dependencies=[Depends(_check_editor)])
    assert client.get("/books").status_code == 403
    assert client.get("/books", headers={"Role": "editor"}).status_code == 200


def test_operations_can_have_the_guards_of_sign_in() -> None:
    auth = Auth("x" * 32, store=MemoryStore(), roles=Roles(Role))
    guards: dict[Operation, Any] = {"create": [auth.require("editor")]}
    client = serve(Shelf(), operation_dependencies=guards)
    assert client.get("/books").status_code == 200
    refused = client.post("/books", json={"title": "x"})
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Bearer ")
    operation = client.get("/openapi.json").json()["paths"]["/books"]["post"]
    assert {"OAuth2PasswordBearer": ["editor"]} in operation["security"]


def test_reading_can_have_a_collection_of_its_own() -> None:
    writing, copied = Shelf(), Shelf()
    copied.add("Emma")

    async def write() -> Shelf:
        return writing

    async def read() -> Shelf:
        return copied

    app = Vivace()
    app.include_router(make_router(BOOKS, Depends(write), reading=Depends(read)))
    client = TestClient(app)
    assert client.get("/books/1").status_code == 200
    assert len(client.get("/books").json()["items"]) == 1
    assert client.delete("/books/1").status_code == 404


def test_a_key_can_have_several_parts() -> None:
    seen: list[Any] = []

    class Reading(Shelf):
        async def read(self, key: Any) -> Book | None:
            seen.append(key)
            return None

    resource = replace(BOOKS, key={"id": int, "title": str})
    app = Vivace()
    app.include_router(make_router(resource, Depends(Reading)))
    assert TestClient(app).get("/books/3/a%20b").status_code == 404
    assert seen == [(3, "a b")]


def test_a_refusal_is_a_problem_where_the_app_speaks_of_problems() -> None:
    class Full(Shelf):
        async def create(self, values: Any) -> Book:
            raise Conflict("full", "The shelf is full.")

    app = Vivace(problem_details=True)
    app.include_router(make_router(BOOKS, Depends(Full)))
    refused = TestClient(app).post("/books", json={"title": "x"})
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["errors"] == [
        {"type": "full", "loc": ["body"], "msg": "The shelf is full."}
    ]
