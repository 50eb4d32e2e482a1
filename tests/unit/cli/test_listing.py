from __future__ import annotations

import functools
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from rich.console import Console
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from vivace import Depends, Vivace, WebSocket
from vivace.cli.errors import CommandError
from vivace.cli.listing import (
    Row,
    callable_name,
    describe_methods,
    list_routes,
    show_source,
    show_table,
    threaded_calls,
)


def open_database() -> Iterator[int]:
    yield 1


# A function that reads a file may wait, so that it is called in a thread.
def get_user() -> str:
    return Path("user").read_text()


async def get_language() -> str:
    return "en"


def read_settings() -> str:
    return Path("settings").read_text()


Database = Annotated[int, Depends(open_database)]


@pytest.fixture
def app() -> Vivace:
    app = Vivace(openapi_url=None)

    @app.get("/")
    async def read_root(language: Annotated[str, Depends(get_language)]) -> str:
        return language

    @app.api_route("/items/{item_id}", methods=["POST", "PUT"])
    def change_item(item_id: int, database: Database) -> int:
        return item_id + Path("items").stat().st_size

    @app.get("/orders")
    async def list_orders(database: Database) -> list[int]:
        return []

    @app.websocket("/live")
    async def tell(websocket: WebSocket) -> None: ...

    return app


def rows_of(app: Vivace) -> list[Row]:
    return list(list_routes(app.routes))


def shown(app: Vivace, *, width: int | None = None, source: str | None = None) -> str:
    """What is printed: on a terminal of this width, or where there is none."""
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=width is not None,
        highlight=False,
        legacy_windows=False,
    )
    if source is None:
        show_table(console, rows_of(app))
    else:
        show_source(console, rows_of(app), source)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def strip_styles(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_a_row_says_how_a_route_is_reached(app: Vivace) -> None:
    assert [(row.methods, row.path, row.name, row.threaded) for row in rows_of(app)] == [
        ("GET", "/", "read_root", ()),
        ("POST, PUT", "/items/{item_id}", "change_item", ("open_database", "change_item")),
        ("GET", "/orders", "list_orders", ("open_database",)),
        ("WEBSOCKET", "/live", "tell", ()),
    ]
    assert [row.route for row in rows_of(app)] == list(app.routes)


async def answer(request: Any) -> Any: ...


def test_routes_of_mounted_apps_stand_under_their_path() -> None:
    inner = Starlette(routes=[Route("/", answer), Mount("/deep", routes=[Route("/end", answer)])])
    routes = [Mount("/inner", inner), Mount("/files", StaticFiles(check_dir=False), name="files")]
    assert [(row.methods, row.path, row.name) for row in list_routes(routes)] == [
        ("GET", "/inner/", "answer"),
        ("GET", "/inner/deep/end", "answer"),
        ("MOUNT", "/files", "files"),
    ]


def test_an_app_at_the_root_has_a_path() -> None:
    (row,) = list_routes([Mount("/", StaticFiles(check_dir=False))])
    assert (row.path, row.name, row.threaded) == ("/", "", ())


@pytest.mark.parametrize(
    ("methods", "expected"),
    [
        (["GET"], "GET"),
        (["HEAD"], "HEAD"),
        (["PUT", "DELETE"], "DELETE, PUT"),
        (["HEAD", "GET", "POST"], "GET, POST"),
    ],
)
def test_head_is_named_only_where_it_stands_without_get(methods: list[str], expected: str) -> None:
    route = Route("/", answer, methods=methods)
    route.methods = set(methods)
    assert describe_methods(route) == expected


def test_a_callable_in_a_thread_is_named_once() -> None:
    app = Vivace(openapi_url=None)

    @app.get("/")
    async def read(
        one: Annotated[str, Depends(get_user)],
        another: Annotated[str, Depends(get_user, use_cache=False)],
    ) -> str:
        return one + another

    (row,) = rows_of(app)
    assert row.threaded == ("get_user",)


def test_what_the_app_makes_when_it_starts_is_no_cost_of_a_request() -> None:
    app = Vivace(openapi_url=None)

    @app.get("/")
    async def read(settings: Annotated[str, Depends(read_settings, scope="app")]) -> str:
        return settings

    (row,) = rows_of(app)
    assert row.threaded == ()


def test_a_route_without_a_plan_calls_nothing_in_a_thread() -> None:
    assert list(threaded_calls(None)) == []


class Opener:
    def __call__(self) -> None: ...


@pytest.mark.parametrize(
    ("call", "name"),
    [(get_user, "get_user"), (Opener, "Opener"), (Opener(), "Opener")],
)
def test_a_callable_has_a_name(call: Any, name: str) -> None:
    assert callable_name(call) == name


def test_a_partial_function_is_named_after_its_class() -> None:
    assert callable_name(functools.partial(get_user)) == "partial"


def test_no_line_is_folded_where_there_is_no_terminal(app: Vivace) -> None:
    path = "/" + "long/" * 100
    app.get(path)(get_user)
    lines = shown(app).splitlines()
    assert len(lines) == 6
    assert path in lines[-1]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_table_fits_the_terminal(app: Vivace, width: int) -> None:
    app.get("/a/" + "long/" * 30)(get_user)
    output = strip_styles(shown(app, width=width))
    assert all(len(line) <= width for line in output.splitlines())
    # Text is folded, never cut.
    written = "".join(output.split()).replace(",", "")
    whole = "".join(strip_styles(shown(app, width=1000)).split()).replace(",", "")
    assert sorted(written.replace("─", "")) == sorted(whole.replace("─", ""))


def test_names_stand_below_each_other_where_there_is_little_room(app: Vivace) -> None:
    assert "open_database, change_item" in strip_styles(shown(app, width=120))
    narrow = [line.split()[-1] for line in strip_styles(shown(app, width=66)).splitlines()]
    assert narrow[narrow.index("open_database") + 1] == "change_item"


def test_brackets_of_a_path_are_no_styles() -> None:
    app = Vivace(openapi_url=None)
    app.get("/[bold]/[/]")(get_user)
    assert "/[bold]/[/]" in shown(app)


def test_the_handler_is_python(app: Vivace) -> None:
    output = shown(app, source="/orders")
    assert output.startswith("# GET /orders\n")
    assert "\x1b" not in output
    compile(output, "handler", "exec")


def test_the_handler_is_coloured_on_a_terminal(app: Vivace) -> None:
    output = shown(app, width=80, source="/orders")
    assert "\x1b[" in output
    assert "def list_orders" in strip_styles(output)


def test_a_path_without_a_compiled_route_is_an_error(app: Vivace) -> None:
    app.mount("/files", StaticFiles(check_dir=False))
    with pytest.raises(CommandError) as caught:
        shown(app, source="/files")
    assert caught.value.message == "There is no compiled route of the path /files."
    assert caught.value.hint == "There are: /, /items/{item_id}, /live, /orders"


def test_no_paths_are_named_where_there_are_none() -> None:
    with pytest.raises(CommandError) as caught:
        shown(Vivace(openapi_url=None), source="/")
    assert caught.value.hint is None
