from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from vivace.runtime.form_limits import FormLimitsMiddleware, merge_inherited

if TYPE_CHECKING:
    from vivace.declare.form_limits import FormLimits


def make_app(outer: FormLimits, inner: FormLimits) -> TestClient:
    async def show(request: Request) -> JSONResponse:
        return JSONResponse(merge_inherited(request.scope, inner))

    child = Starlette(routes=[Route("/", show)])
    return TestClient(Starlette(routes=[Mount("/child", FormLimitsMiddleware(child, outer))]))


def test_a_mounted_app_completes_its_limits_with_those_around_it() -> None:
    client = make_app({"max_part_size": 2, "max_fields": 0}, {"max_fields": 1})
    assert client.get("/child/").json() == {"max_part_size": 2, "max_fields": 1}


def test_limits_pass_through_several_mounts() -> None:
    async def show(request: Request) -> JSONResponse:
        return JSONResponse(merge_inherited(request.scope, {}))

    innermost = Starlette(routes=[Route("/", show)])
    middle = Starlette(
        routes=[Mount("/b", FormLimitsMiddleware(innermost, {"max_fields": 1, "max_files": 2}))]
    )
    outer = Starlette(
        routes=[Mount("/a", FormLimitsMiddleware(middle, {"max_fields": 0, "max_part_size": 3}))]
    )
    assert TestClient(outer).get("/a/b/").json() == {
        "max_fields": 1,
        "max_files": 2,
        "max_part_size": 3,
    }


def test_an_app_that_is_not_mounted_has_its_own_limits_only() -> None:
    limits: FormLimits = {"max_fields": 1}
    assert merge_inherited({"type": "http"}, limits) is limits


def test_merged_limits_are_arguments_of_form() -> None:
    async def read(request: Request) -> JSONResponse:
        async with request.form(**merge_inherited(request.scope, {})) as form:
            return JSONResponse(len(form))

    child = Starlette(routes=[Route("/", read, methods=["POST"])])
    limited = FormLimitsMiddleware(child, {"max_fields": 1})
    client = TestClient(Starlette(routes=[Mount("/child", limited)]))
    assert client.post("/child/", data={"a": "1"}).json() == 1
    assert client.post("/child/", data={"a": "1", "b": "2"}).status_code == 400
