from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from vivace import APIRouter, Request, Response, WebSocket
from vivace.exceptions import VivaceError
from vivace.routing import APIRoute
from vivace.versioning import Versions, deprecated, since, until
from vivace.versioning.tables import shape


async def endpoint() -> str:
    return "endpoint"


@since("2")
async def second() -> str:
    return "second"


@until("2")
async def first() -> str:
    return "first"


def declare(*declarations: Callable[[APIRouter], Any], **options: Any) -> Versions:
    router = APIRouter()
    for declaration in declarations:
        declaration(router)
    versions = Versions("1", "2", "3")
    versions.include_router(router, **options)
    return versions


def problem_of(versions: Versions) -> str:
    with pytest.raises(VivaceError) as caught:
        versions._catalog.check()
    return str(caught.value)


def test_two_functions_for_one_path_and_method_in_one_version_are_named() -> None:
    problem = problem_of(
        declare(lambda router: router.get("/a")(endpoint), lambda router: router.get("/a")(second))
    )
    assert "GET /a is declared twice in version 2" in problem
    assert "test_tables.endpoint, and by" in problem
    assert "test_tables.second (since 2)" in problem
    assert "End the older one with @until" in problem


def test_names_of_parameters_do_not_tell_paths_apart() -> None:
    assert shape("/a/{b}/{c:int}/d") == "/a/{}/{:int}/d"
    declarations = [
        lambda router: router.get("/{a}")(endpoint),
        lambda router: router.api_route("/{b}", methods=["POST", "GET"])(second),
    ]
    assert "GET /{b} is declared twice" in problem_of(declare(*declarations))


@pytest.mark.parametrize(
    "declarations",
    [
        [lambda router: router.get("/a")(first), lambda router: router.get("/a")(second)],
        [lambda router: router.get("/a")(endpoint), lambda router: router.post("/a")(second)],
        [lambda router: router.get("/a")(endpoint), lambda router: router.get("/b")(second)],
        [
            lambda router: router.get("/{a}")(endpoint),
            lambda router: router.get("/{a:int}")(second),
        ],
    ],
)
def test_others_stand_beside_each_other(declarations: list[Any]) -> None:
    declare(*declarations)._catalog.check()


def test_sockets_and_plain_routes_are_compared_too() -> None:
    async def greet(websocket: WebSocket) -> None: ...

    async def show(request: Request) -> Response:
        return Response()

    sockets = declare(
        lambda router: router.websocket("/a")(greet), lambda router: router.websocket("/a")(greet)
    )
    assert "WEBSOCKET /a is declared twice" in problem_of(sockets)
    plain = declare(
        lambda router: router.route("/a")(show), lambda router: router.get("/a")(endpoint)
    )
    assert "GET /a is declared twice" in problem_of(plain)
    declare(lambda router: router.get("/a")(endpoint), lambda router: router.websocket("/a")(greet))


def test_marks_that_name_no_version_are_mistakes() -> None:
    @since("7")
    async def misplaced() -> None: ...

    problem = problem_of(declare(lambda router: router.get("/a")(misplaced)))
    assert "misplaced: since '7' is no version. There are: 1, 2, 3." in problem


def test_a_function_that_is_in_no_version_of_its_router_is_named() -> None:
    problem = problem_of(declare(lambda router: router.get("/a")(first), since="2"))
    assert "test_tables.first (until 2) is in no version: its router is included in 2, 3" in problem


def test_what_can_have_no_dependency_cannot_be_refused_after_its_sunset() -> None:
    @deprecated(since=date(2026, 1, 1), sunset=date(2027, 1, 1), gone=True)
    async def show(request: Request) -> Response:
        return Response()

    problem = problem_of(declare(lambda router: router.route("/a")(show)))
    assert "show cannot have gone=True" in problem
    declare(lambda router: router.get("/a")(show))._catalog.check()


def test_routes_of_own_classes_stay_what_they_are() -> None:
    class Own(APIRoute):
        pass

    router = APIRouter(route_class=Own)
    router.get("/a")(endpoint)
    versions = Versions("1")
    versions.include_router(router)
    (placed,) = [r for part in versions.router().routes for r in part.routes]  # type: ignore[attr-defined]
    assert type(placed) is Own
