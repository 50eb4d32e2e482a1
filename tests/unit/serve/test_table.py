"""The table finds what trying one route after the other would find."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from starlette import convertors
from starlette.convertors import CONVERTOR_TYPES, Convertor
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Match, Mount, Route, Router
from tests.unit.compile.exchange import ask

from vivace import APIRouter, Vivace
from vivace.serve.table import Found, RouteTable

LITERALS = ["a", "b", "ab", "1", "A", "a.b", "", "é", "a{b c}", "(a)+", "-"]
PARAMETERS = ["{}", "{}:int", "{}:float", "{}:path", "{}:str", "{}:uuid"]
UUID = "00000000-0000-0000-0000-000000000001"


def in_braces(form: str, name: str) -> str:
    return "{" + form.format(name) + "}"


@st.composite
def route_paths(draw: st.DrawFn) -> str:
    """A path of literal segments, parameters, and mixtures of both."""
    names = iter("xyzuvwst")

    def segment() -> str:
        kind = draw(st.sampled_from(["literal", "whole", "literal", "whole", "two", "around"]))
        if kind == "literal":
            return draw(st.sampled_from(LITERALS))
        if kind == "whole":
            return in_braces(draw(st.sampled_from(PARAMETERS)), next(names))
        first = in_braces(draw(st.sampled_from(PARAMETERS)), next(names))
        if kind == "two":
            return f"{first}-{in_braces(draw(st.sampled_from(PARAMETERS)), next(names))}"
        return f"a{first}b"

    return "/" + "/".join(segment() for _ in range(draw(st.integers(0, 4))))


segments = st.sampled_from([*LITERALS, "a-b", "1-2", "12", "1.5", "aab", "axb", UUID, "x", "a b"])
paths = st.lists(segments, max_size=5).map(lambda found: "/" + "/".join(found))
route_sets = st.lists(route_paths(), min_size=1, max_size=8)


async def endpoint(request: Any) -> PlainTextResponse: ...  # type: ignore[empty-body]


def routes_of(declared: list[str]) -> list[Route]:
    return [Route(path, endpoint) for path in declared]


def table_of(routes: list[Route]) -> RouteTable:
    return RouteTable(enumerate(routes))


def linear_scan(routes: list[Route], path: str) -> list[tuple[int, dict[str, Any]]]:
    """What matches, by asking every route."""
    found = []
    for number, route in enumerate(routes):
        match, child = route.matches({"type": "http", "path": path, "method": "GET"})
        if match is not Match.NONE:
            found.append((number, child["path_params"]))
    return found


def seen(found: Any) -> list[tuple[int, dict[str, Any]]]:
    return [(item.entry.order, item.params) for item in found]


@given(route_sets, st.lists(paths, max_size=12))
@settings(max_examples=150)
def test_it_finds_what_a_linear_scan_finds(declared: list[str], requested: list[str]) -> None:
    routes = routes_of(declared)
    table = table_of(routes)
    # Some of the paths should be those that were declared.
    for path in [*requested, *declared]:
        assert seen(table.find(path)) == linear_scan(routes, path)


@given(route_sets, st.text(max_size=8).map(lambda text: f"/{text}"))
def test_it_takes_any_text(declared: list[str], path: str) -> None:
    routes = routes_of(declared)
    expected = linear_scan(routes, path)
    if path.endswith("\n"):
        # In a regular expression, `$` stands before a last line end too. That is another path.
        expected = [found for found in expected if declared[found[0]] != path.rstrip("\n")]
    assert seen(table_of(routes).find(path)) == expected


@pytest.mark.parametrize(
    ("declared", "path", "number", "params"),
    [
        (["/{x}", "/a"], "/a", 0, {"x": "a"}),
        (["/a", "/{x}"], "/a", 0, {}),
        (["/{x:int}", "/{x}"], "/1", 0, {"x": 1}),
        (["/{x:int}", "/{x}"], "/a", 1, {"x": "a"}),
        (["/{x:path}", "/a/b"], "/a/b", 0, {"x": "a/b"}),
        (["/a/{x}", "/{x}/b"], "/a/b", 0, {"x": "b"}),
        (["/a/{x}/c", "/{x}/b"], "/a/b", 1, {"x": "a"}),
        (["/{x}-{y}", "/{x}"], "/a-b-c", 0, {"x": "a-b", "y": "c"}),
        (["/{x}/"], "/a/", 0, {"x": "a"}),
        (["/{x:path}"], "/", 0, {"x": ""}),
    ],
)
def test_the_route_that_was_declared_first_wins(
    declared: list[str], path: str, number: int, params: dict[str, Any]
) -> None:
    assert seen(table_of(routes_of(declared)).find(path))[0] == (number, params)


@pytest.mark.parametrize(
    ("declared", "path"),
    [
        ("/{x}", "/"),
        ("/{x}", "/a/"),
        ("/{x}", "/a/b"),
        ("/{x}/", "/a"),
        ("/a", "/a/"),
        ("/a", "/A"),
        ("/{x:int}", "/-1"),
        ("/{x:int}", "/" + "9" * 5000),
        ("/a/{x}", "//a"),
    ],
)
def test_what_does_not_match_is_not_found(declared: str, path: str) -> None:
    assert not table_of(routes_of([declared])).find(path)


def test_a_path_without_parameters_is_looked_up_only() -> None:
    table = table_of(routes_of(["/a/b", "/{x}/b", "/{x:path}"]))
    first = table.find("/a/b")
    assert [item.entry.order for item in first] == [0, 1, 2]
    assert table.find("/a/b") is first


class Anything(Convertor[str]):
    regex = ".*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


@pytest.fixture
def own_convertors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONVERTOR_TYPES, "anything", Anything())
    monkeypatch.setitem(CONVERTOR_TYPES, "int", Anything())


@pytest.mark.usefixtures("own_convertors")
@pytest.mark.parametrize("kind", ["anything", "int"])
def test_a_convertor_of_one_s_own_may_match_anything(kind: str) -> None:
    assert convertors.CONVERTOR_TYPES[kind].regex == ".*"
    table = table_of(routes_of([f"/a/{{x:{kind}}}/b"]))
    assert seen(table.find("/a/1/2/b")) == [(0, {"x": "1/2"})]
    assert seen(table.find("/a//b")) == [(0, {"x": ""})]


def test_found_routes_know_their_methods() -> None:
    routes: list[Any] = [Route("/", endpoint, methods=["POST"])]
    (found,) = table_of(routes).find("/")
    assert isinstance(found, Found)
    assert found.accepts("POST")
    assert not found.accepts("GET")

    class Endpoint: ...

    assert table_of([Route("/", Endpoint)]).find("/")[0].accepts("BREW")


# With methods, mounts and redirects: the whole way to an endpoint.


def make_routes(declared: list[tuple[str, str]]) -> Iterator[BaseRoute]:
    for number, (kind, path) in enumerate(declared):

        async def answer(request: Any, number: int = number) -> PlainTextResponse:
            return PlainTextResponse(f"{number} {sorted(request.path_params.items())}")

        if kind == "mount":
            inner = Route("/{rest:path}", answer)
            yield Mount(path.rstrip("/"), routes=[Route("/a", answer), inner])
        else:
            yield Route(path, answer, methods=[kind])


declarations = st.lists(
    st.tuples(st.sampled_from(["GET", "GET", "POST", "mount"]), route_paths()),
    min_size=1,
    max_size=6,
).filter(lambda found: all(kind != "mount" or ":path" not in path for kind, path in found))


@given(declarations, st.lists(paths, min_size=1, max_size=6))
@settings(max_examples=75, deadline=None)
def test_requests_reach_the_endpoint_that_starlette_s_router_finds(
    declared: list[tuple[str, str]], requested: list[str]
) -> None:
    theirs = Router(list(make_routes(declared)))
    ours = APIRouter(routes=list(make_routes(declared)))
    for path in requested:
        for method in ("GET", "POST"):
            expected, reply = ask(theirs, method, path), ask(ours, method, path)
            assert (reply.status, reply.body) == (expected.status, expected.body)
            assert dict(reply.headers).get(b"location") == dict(expected.headers).get(b"location")


def test_an_app_of_thousands_of_routes_finds_the_last() -> None:
    app = Vivace(openapi_url=None)
    for number in range(2000):
        app.add_api_route(f"/r{number}/{{x}}", answer)
    assert ask(app, "GET", "/r1999/a").body == b'"a"'


async def answer(x: str) -> str:
    return x
