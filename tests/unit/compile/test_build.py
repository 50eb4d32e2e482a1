from __future__ import annotations

import inspect
import linecache
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from vivace import Vivace
from vivace.compile.build import build
from vivace.compile.source import Source
from vivace.routing import APIRoute
from vivace.testclient import TestClient


def make_endpoint() -> Callable[..., Any]:
    """A fresh function, so that its handlers' file names are its own."""

    def endpoint() -> None:
        """What it says."""

    endpoint.__qualname__ = f"endpoint_{id(endpoint)}"
    return endpoint


def source_of(*lines: str) -> Source:
    source = Source()
    with source.block("def endpoint():"):
        for line in lines:
            source.line(line)
    return source


@pytest.fixture(autouse=True)
def clean_linecache() -> Iterator[None]:
    before = dict(linecache.cache)
    yield
    linecache.cache.clear()
    linecache.cache.update(before)


def test_the_function_passes_for_the_endpoint() -> None:
    endpoint = make_endpoint()
    built = build(source_of("return 1"), "endpoint", endpoint)
    assert built() == 1
    assert built.__module__ == __name__
    assert built.__qualname__ == endpoint.__qualname__
    assert built.__doc__ == "What it says."


def test_an_object_that_is_called_may_have_no_name() -> None:
    class Callee:
        def __call__(self) -> None: ...

    built = build(source_of("return 1"), "endpoint", Callee())
    assert built() == 1
    assert "Callee" in built.__code__.co_filename


def test_its_names_are_those_bound_and_no_others() -> None:
    source = source_of("return _v_it")
    source.bind("it", 5)
    built = build(source, "endpoint", make_endpoint())
    assert built() == 5
    assert set(built.__globals__) == {"_v_it", "endpoint", "__builtins__"}
    assert "endpoint" not in source.namespace


def test_inspect_and_linecache_show_the_text() -> None:
    source = source_of("return 1")
    built = build(source, "endpoint", make_endpoint())
    assert inspect.getsource(built) == source.text()
    filename = built.__code__.co_filename
    assert linecache.getlines(filename) == source.text().splitlines(keepends=True)
    linecache.checkcache()
    assert linecache.getline(filename, 2) == "    return 1\n"


def test_files_of_one_endpoint_are_numbered_where_they_differ() -> None:
    endpoint = make_endpoint()
    name = f"<vivace handler {__name__}.{endpoint.__qualname__}"
    names = [
        build(source_of(line), "endpoint", endpoint).__code__.co_filename
        for line in ("return 1", "return 2", "return 1", "return 3", "return 2")
    ]
    assert names == [f"{name}>", f"{name}-2>", f"{name}>", f"{name}-3>", f"{name}-2>"]


def test_a_traceback_shows_the_line_of_the_handler() -> None:
    async def endpoint() -> None:
        raise LookupError

    app = Vivace()
    app.get("/")(endpoint)
    with pytest.raises(LookupError) as caught:
        TestClient(app).get("/")
    frames = traceback.extract_tb(caught.tb)
    frame = next(f for f in reversed(frames) if f.filename.startswith("<vivace handler"))
    assert frame.line == "endpoint_0_value = await _v_call_endpoint()"
    assert frame.name == "endpoint"
    assert f"{__name__}.test_a_traceback" in frame.filename


def test_equal_plans_give_equal_source() -> None:
    async def endpoint(q: int, r: str | None = None) -> dict[str, int]: ...  # type: ignore[empty-body]

    first, second = (APIRoute("/{q}", endpoint) for _ in range(2))
    assert first.source() == second.source()
    assert first.plan is not second.plan
    assert first.source() != APIRoute("/", endpoint).source()
