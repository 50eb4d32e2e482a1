from __future__ import annotations

from typing import Any

from vivace import APIRouter, Request, Vivace
from vivace.responses import JSONResponse
from vivace.testclient import TestClient
from vivace.versioning import ByQuery, VersionError, Versions


def make_app(**options: Any) -> Vivace:
    router = APIRouter()
    router.get("/items")(lambda: "items")
    versions = Versions("1", by=[ByQuery()])
    versions.include_router(router)
    app = Vivace(**options)
    versions.install(app)
    return app


def test_refusals_are_answered_by_the_handlers_of_the_app() -> None:
    app = make_app()

    @app.exception_handler(VersionError)
    async def answer(request: Request, error: VersionError) -> JSONResponse:
        return JSONResponse({"known": [1], "status": error.status_code}, status_code=418)

    response = TestClient(app).get("/items?version=9")
    assert (response.status_code, response.json()) == (418, {"known": [1], "status": 400})


def test_they_pass_through_its_middleware_once() -> None:
    app = make_app()
    seen: list[int] = []

    @app.middleware("http")
    async def note(request: Request, call_next: Any) -> Any:
        response = await call_next(request)
        seen.append(response.status_code)
        return response

    TestClient(app).get("/items?version=9")
    assert seen == [400]


def test_they_have_no_body_for_head() -> None:
    response = TestClient(make_app()).head("/items?version=9")
    assert (response.status_code, response.content) == (400, b"")
