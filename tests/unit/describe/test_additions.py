"""What batteries add to the operations of a document."""

from __future__ import annotations

from vivace import APIRouter, Vivace
from vivace.describe.additions import described_operations, error_content


def make_app() -> Vivace:
    app, router = Vivace(), APIRouter(prefix="/books")

    @router.get("")
    async def list_books() -> None: ...

    @router.post("", include_in_schema=False)
    async def add_book() -> None: ...

    @app.put("/both")
    @app.patch("/both")
    async def change() -> None: ...

    app.include_router(router, prefix="/v1")
    return app


def test_each_operation_of_the_document_is_found_with_its_route() -> None:
    app = make_app()
    document = app.openapi()
    found = [
        (route.path_format, operation["operationId"], route.name)
        for route, operation in described_operations(document, app.routes)
    ]
    paths = document["paths"]
    assert sorted(found) == sorted(
        [
            ("/v1/books", paths["/v1/books"]["get"]["operationId"], "list_books"),
            ("/both", paths["/both"]["put"]["operationId"], "change"),
            ("/both", paths["/both"]["patch"]["operationId"], "change"),
        ]
    )


def test_what_is_changed_is_in_the_document() -> None:
    app = make_app()
    document = app.openapi()
    for _, operation in described_operations(document, app.routes):
        operation["x-seen"] = True
    assert document["paths"]["/v1/books"]["get"]["x-seen"]


def test_an_error_has_a_detail_or_is_a_problem() -> None:
    [(plain_type, plain)] = error_content(problem_details=False).items()
    assert plain_type == "application/json"
    assert plain["schema"]["required"] == ["detail"]
    members = {"place": {"type": "string"}}
    [(problem_type, problem)] = error_content(problem_details=True, members=members).items()
    assert problem_type == "application/problem+json"
    assert problem["schema"]["required"] == ["type", "title", "status", "place"]
    assert problem["schema"]["properties"]["place"] == {"type": "string"}
    # Each has its own, since users change documents.
    other = error_content(problem_details=True)["application/problem+json"]["schema"]
    assert "place" not in other["properties"]
