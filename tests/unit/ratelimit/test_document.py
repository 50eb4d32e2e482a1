"""Refusals in the document."""

from __future__ import annotations

from typing import Any

import pytest

from vivace import APIRouter, Vivace
from vivace.ratelimit import Limiter
from vivace.testclient import TestClient
from vivace.versioning import ByHeader, ByPath, Versions, since, until

from .conftest import Clock


def refusals(app: Vivace) -> dict[str, Any]:
    """What the document says of a 429, by method and path."""
    return {
        f"{method.upper()} {path}": operation["responses"]["429"]
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
        if "429" in operation["responses"]
    }


def shop(limiter: Limiter, **options: Any) -> Vivace:
    app = Vivace(**options)
    router = APIRouter(dependencies=[limiter.limit("1/minute").dependency])

    @app.get("/decorated/{number}")
    @limiter.limit("1/minute")
    async def decorated(number: int) -> None: ...

    @router.post("/routed")
    async def routed() -> None: ...

    @app.get("/free")
    async def free() -> None: ...

    @app.get("/hidden", include_in_schema=False)
    @limiter.limit("1/minute")
    async def hidden() -> None: ...

    app.include_router(router, prefix="/outer")
    return app


def test_limited_endpoints_say_that_they_may_refuse() -> None:
    limiter = Limiter()
    app = shop(limiter)
    limiter.install(app)
    said = refusals(app)
    assert said.keys() == {"GET /decorated/{number}", "POST /outer/routed"}
    for refusal in said.values():
        assert refusal["description"] == "Too Many Requests"
        assert refusal["headers"].keys() == {"Retry-After", "RateLimit", "RateLimit-Policy"}
        assert refusal["content"].keys() == {"application/json"}
    assert TestClient(app).get("/openapi.json").json() == app.openapi()


def test_in_an_app_of_problems_they_are_problems() -> None:
    limiter = Limiter()
    app = shop(limiter, problem_details=True)
    limiter.install(app)
    for refusal in refusals(app).values():
        [(media_type, content)] = refusal["content"].items()
        assert media_type == "application/problem+json"
        assert "violated-policies" in content["schema"]["required"]


def test_where_the_whole_app_is_limited_every_endpoint_says_so() -> None:
    limiter = Limiter()
    app = shop(limiter)
    limiter.install(app, "9/minute")
    assert "GET /free" in refusals(app)


def test_what_an_endpoint_says_itself_is_left() -> None:
    app, limiter = Vivace(), Limiter()
    limiter.install(app, "9/minute")

    @app.get("/", responses={429: {"description": "Not so fast."}})
    async def read() -> None: ...

    assert refusals(app)["GET /"] == {"description": "Not so fast."}


def test_further_documents_say_it_too() -> None:
    limiter = Limiter()
    app = shop(limiter)
    limiter.install(app)
    router = APIRouter(prefix="/staff")

    @router.get("/till")
    @limiter.limit("1/minute")
    async def till() -> None: ...

    document = app.describe(router.routes, version="2")
    assert document["info"]["version"] == "2"
    assert document["paths"]["/staff/till"]["get"]["responses"].keys() == {"200", "429"}


def test_endpoints_of_versions_are_limited_and_say_so(clock: Clock) -> None:
    app, router, limiter = Vivace(), APIRouter(), Limiter()
    limiter.install(app)
    versions = Versions("1", "2", by=[ByPath(), ByHeader("API-Version")], default="1")

    @router.get("/books")
    @until("2")
    @limiter.limit("1/minute")
    async def list_titles() -> str:
        return "titles"

    @router.get("/books")
    @limiter.limit("1/minute")
    @since("2")
    async def list_books() -> str:
        return "books"

    versions.include_router(router)
    versions.install(app)
    client = TestClient(app)
    for version, answer in (("1", "titles"), ("2", "books")):
        document = client.get(f"/openapi/{version}.json").json()
        [path] = document["paths"].values()
        assert "429" in path["get"]["responses"]
        for url, headers in ((f"/v{version}/books", {}), ("/books", {"API-Version": version})):
            first, second = (client.get(url, headers=headers) for _ in range(2))
            assert (first.json(), second.status_code) == (answer, 429)


def test_routes_that_come_later_are_there_too() -> None:
    app, limiter = Vivace(), Limiter()
    limiter.install(app)
    assert refusals(app) == {}

    @app.get("/later")
    @limiter.limit("1/minute")
    async def later() -> None: ...

    assert refusals(app).keys() == {"GET /later"}


@pytest.mark.parametrize("problem_details", [True, False])
def test_the_document_is_valid(problem_details: bool) -> None:
    from vivace.describe.models import OpenAPI

    limiter = Limiter()
    app = shop(limiter, problem_details=problem_details)
    limiter.install(app, "9/minute")
    assert OpenAPI.model_validate(app.openapi())
