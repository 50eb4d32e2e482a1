"""What routers and inclusions are given is refused where it is given, with the way to mend it."""

from __future__ import annotations

from typing import Any

import pytest

from vivace import APIRouter, Depends
from vivace.exceptions import VivaceError
from vivace.routing import APIRoute
from vivace.serve.checks import (
    check_given,
    check_inclusion,
    check_list,
    check_options,
    check_paths,
    check_prefix,
)


async def endpoint() -> str:
    return "endpoint"


class LenientRoute(APIRoute):
    is_strict = False


class OpenRoute(APIRoute):
    """Takes options of its own."""

    def __init__(self, path: str, endpoint: Any, **options: Any) -> None:
        self.audience = options.pop("audience", None)
        super().__init__(path, endpoint, **options)


def test_dependencies_and_responses_are_taken() -> None:
    check_given(APIRouter, [Depends(endpoint)], {404: {"description": "Not there"}, "5XX": {}})


@pytest.mark.parametrize("dependency", [endpoint, Depends(), None])
def test_what_is_no_dependency_is_refused_with_the_place(dependency: Any) -> None:
    with pytest.raises(AssertionError, match=r"APIRouter, parameter 'dependencies': .*Depends"):
        check_given(APIRouter, [Depends(endpoint), dependency], {})


@pytest.mark.parametrize("response", ["Not there", None, dict])
def test_a_response_that_is_no_dictionary_is_refused_with_its_status(response: Any) -> None:
    with pytest.raises(AssertionError, match=r"APIRouter, parameter 'responses': .*404"):
        check_given(APIRouter, [], {404: response})


def test_options_of_a_route_are_taken() -> None:
    check_options(APIRoute, {"methods": ["GET"], "tags": ["items"], "status_code": 201})


@pytest.mark.parametrize(("name", "hint"), [("sumary", " Did you mean 'summary'?"), ("zzzzzz", "")])
def test_an_unknown_option_is_refused_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(TypeError) as caught:
        check_options(APIRoute, {name: "x"})
    assert str(caught.value) == f"A route has no option {name!r}.{hint}"


def test_a_class_that_takes_any_option_is_given_any() -> None:
    check_options(OpenRoute, {"audience": "public"})
    router = APIRouter(route_class=OpenRoute)
    router.get("/", audience="public")(endpoint)  # type: ignore[call-arg]
    (route,) = router.routes
    assert isinstance(route, OpenRoute)
    assert route.audience == "public"


@pytest.mark.parametrize("name", ["methods", "tags"])
def test_a_text_in_place_of_a_list_is_refused_where_the_route_is_strict(name: str) -> None:
    with pytest.raises(TypeError, match=rf"Give a list: {name}=\['GET'\]"):
        check_options(APIRoute, {name: "GET"})
    check_options(LenientRoute, {name: "GET"})


@pytest.mark.parametrize("value", [None, [], ["GET"], {"GET"}, ("GET",)])
def test_what_is_no_text_may_be_a_list(value: object) -> None:
    check_list("methods", value)


@pytest.mark.parametrize("prefix", ["/a", "/a/b", "/{key}", "/{key:int}/b"])
def test_paths_can_be_put_after_a_prefix(prefix: str) -> None:
    check_prefix(prefix)


@pytest.mark.parametrize(
    ("prefix", "error", "message"),
    [
        ("a", AssertionError, "must start with '/': write '/a', not 'a'"),
        ("/a/", AssertionError, "must not end with '/'.*write '/a', not '/a/'"),
        ("/", AssertionError, "must not end with '/'.*write '', not '/'"),
        ("/{key:number}", AssertionError, "Take one of"),
        ("/{key}/{key}", ValueError, "a name of its own"),
    ],
)
def test_a_prefix_that_cannot_be_is_refused(
    prefix: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        check_prefix(prefix)


def test_a_router_is_not_included_in_itself() -> None:
    router = APIRouter()
    with pytest.raises(AssertionError, match="into itself"):
        check_inclusion(router, router)


def test_a_circle_of_routers_is_refused_at_any_depth() -> None:
    outer, middle, inner = APIRouter(), APIRouter(), APIRouter()
    middle.include_router(inner, prefix="/inner")
    outer.include_router(middle, prefix="/middle")
    for included in (middle, inner):
        with pytest.raises(AssertionError, match="they would never end"):
            check_inclusion(included, outer)


def test_a_router_may_be_included_twice() -> None:
    outer, inner = APIRouter(), APIRouter()
    outer.include_router(inner, prefix="/first")
    check_inclusion(outer, inner)


def test_an_empty_path_needs_a_prefix() -> None:
    router = APIRouter()
    router.add_api_route("", endpoint)
    with pytest.raises(VivaceError, match=r"test_checks\.endpoint: .*cannot be both empty"):
        check_paths(router)


def test_an_empty_path_below_a_prefix_is_in_order() -> None:
    inner, outer = APIRouter(), APIRouter()
    inner.add_api_route("", endpoint)
    outer.include_router(inner, prefix="/items")
    outer.add_api_route("/", endpoint)
    check_paths(outer)


def test_an_empty_path_is_found_in_a_router_that_is_included_later() -> None:
    inner, outer = APIRouter(), APIRouter()
    outer.include_router(inner)
    inner.add_api_route("", endpoint)
    with pytest.raises(VivaceError, match="cannot be both empty"):
        check_paths(outer)


def test_a_path_without_a_slash_is_refused_where_the_route_is_strict() -> None:
    strict, lenient = APIRouter(), APIRouter(route_class=LenientRoute)
    for router in (strict, lenient):
        router.add_api_route("items", endpoint)
    with pytest.raises(AssertionError, match=r"test_checks\.endpoint: .*write '/items'"):
        check_paths(strict)
    check_paths(lenient)
