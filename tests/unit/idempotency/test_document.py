"""Keys in the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any

from vivace import APIRouter, Header, Vivace
from vivace.idempotency import Idempotency


def document(**options: Any) -> dict[str, Any]:
    app, idempotency = Vivace(**options), Idempotency()
    idempotency.install(app)
    router = APIRouter(prefix="/r")

    @router.post("/required")
    @idempotency.required
    async def required() -> None: ...

    @router.post("/accepted", responses={409: {"description": "Own"}})
    @idempotency.accepted
    async def accepted(number: int) -> None: ...

    @router.post("/own")
    @idempotency.accepted
    async def own(idempotency_key: Annotated[str, Header()]) -> None: ...

    @router.post("/none")
    async def none() -> None: ...

    app.include_router(router)
    paths: dict[str, Any] = app.openapi()["paths"]
    return {path.removeprefix("/r/"): item["post"] for path, item in paths.items()}


def test_the_header_is_a_parameter() -> None:
    operations = document()
    [parameter] = operations["required"]["parameters"]
    assert (parameter["name"], parameter["in"]) == ("Idempotency-Key", "header")
    assert parameter["required"] is True
    names = [(one["name"], one["required"]) for one in operations["accepted"]["parameters"]]
    assert names == [("number", True), ("Idempotency-Key", False)]
    [own] = operations["own"]["parameters"]
    assert own["name"].lower() == "idempotency-key"
    assert "parameters" not in operations["none"]


def test_refusals_are_responses() -> None:
    operations = document()
    assert set(operations["required"]["responses"]) == {"200", "400", "409", "422"}
    assert "Retry-After" in operations["required"]["responses"]["409"]["headers"]
    assert set(operations["none"]["responses"]) == {"200"}
    # What an endpoint says of it itself stays.
    accepted = operations["accepted"]["responses"]
    assert accepted["409"]["description"] == "Own"
    assert accepted["422"]["description"] == "Validation Error"


def test_they_are_problems_where_the_app_has_these() -> None:
    refused = document(problem_details=True)["required"]["responses"]["400"]
    assert [*refused["content"]] == ["application/problem+json"]
