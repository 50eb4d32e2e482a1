from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from vivace.cli.discovery import find_target
from vivace.cli.listing import list_routes, show_source, show_table

from .conftest import Run, Write

APP = """
from typing import Annotated

from vivace import APIRouter, Depends, Vivace, WebSocket

app = Vivace(openapi_url=None)
router = APIRouter(prefix="/shop")


def open_database():
    print("opening")
    yield 1


async def get_user() -> str:
    return "user"


@app.get("/")
async def read_root(user: Annotated[str, Depends(get_user)]) -> str:
    return user


@app.api_route("/items/{item_id}", methods=["POST", "PUT"])
def change_item(item_id: int, database: Annotated[int, Depends(open_database)]) -> int:
    with open("somewhere"):
        return item_id


@router.get("/orders")
async def list_orders(database: Annotated[int, Depends(open_database)]) -> list[int]:
    return []


@router.websocket("/live")
async def tell(websocket: WebSocket) -> None: ...


app.include_router(router)
inner = Vivace(openapi_url=None)


@inner.get("/status")
async def read_status() -> str:
    return "fine"


app.mount("/inner", inner)
"""


def test_routes_are_listed(run: Run, write: Write) -> None:
    write("main.py", APP)
    result = run("routes")
    assert result.exit_code == 0, result.stderr
    assert [re.split(r"  +", line.rstrip()) for line in result.stdout.splitlines()] == [
        ["Method", "Path", "Name", "In a thread"],
        ["GET", "/", "read_root", "-"],
        ["POST, PUT", "/items/{item_id}", "change_item", "open_database, change_item"],
        ["GET", "/shop/orders", "list_orders", "open_database"],
        ["WEBSOCKET", "/shop/live", "tell", "-"],
        ["GET", "/inner/status", "read_status", "-"],
    ]


def test_no_line_is_folded_where_there_is_no_terminal(run: Run, write: Write) -> None:
    path = "/" + "/".join(f"part{number}" for number in range(60))
    write("main.py", f"{APP}\napp.get({path!r})(read_status)")
    assert path in run("routes").stdout


def test_an_app_without_routes(run: Run, write: Write) -> None:
    write("main.py", "from vivace import Vivace\napp = Vivace(openapi_url=None)")
    result = run("routes")
    assert result.exit_code == 1
    assert result.stderr == "Error: main:app has no routes.\n"


def test_the_compiled_handler_is_printed(run: Run, write: Write) -> None:
    write("main.py", APP)
    result = run("routes", "--source", "/shop/orders")
    assert result.exit_code == 0, result.stderr
    first, *rest = result.stdout.splitlines()
    assert first == "# GET /shop/orders"
    compile("\n".join(rest), "handler", "exec")
    assert "list_orders" in result.stdout
    assert "\x1b" not in result.stdout


def test_every_handler_of_a_path_is_printed(run: Run, write: Write) -> None:
    write("main.py", f'{APP}\n@app.get("/items/{{item_id}}")\nasync def read(item_id: str): ...')
    result = run("routes", "--source", "/items/{item_id}")
    assert "# POST, PUT /items/{item_id}" in result.stdout
    assert "# GET /items/{item_id}" in result.stdout


def test_the_paths_are_named_where_one_is_not_found(run: Run, write: Write) -> None:
    write("main.py", APP)
    result = run("routes", "--source", "/missing")
    assert result.exit_code == 1
    assert "no compiled route of the path /missing" in result.stderr
    assert "/items/{item_id}, /shop/live" in result.stderr


def shown_on_terminal(width: int, *, source: str | None = None) -> str:
    """What is printed on a terminal of this width."""
    console = Console(
        file=io.StringIO(), width=width, force_terminal=True, highlight=False, legacy_windows=False
    )
    rows = list(list_routes(find_target(None).app.routes))
    if source is None:
        show_table(console, rows)
    else:
        show_source(console, rows, source)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def strip_styles(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_table_fits_the_terminal(write: Write, width: int) -> None:
    write("main.py", f"{APP}\napp.get('/a/' + 'long/' * 30)(read_status)")
    output = strip_styles(shown_on_terminal(width))
    assert all(len(line) <= width for line in output.splitlines())
    # Text is folded, never cut.
    written = "".join(output.split()).replace(",", "")
    whole = "".join(strip_styles(shown_on_terminal(1000)).split()).replace(",", "")
    assert sorted(written.replace("─", "")) == sorted(whole.replace("─", ""))


def test_names_stand_below_each_other_where_there_is_little_room(write: Write) -> None:
    write("main.py", APP)
    assert "open_database, change_item" in strip_styles(shown_on_terminal(120))
    narrow = [line.split()[-1] for line in strip_styles(shown_on_terminal(66)).splitlines()]
    assert narrow[narrow.index("open_database") + 1] == "change_item"


def test_the_handler_is_coloured_on_a_terminal(write: Write) -> None:
    write("main.py", APP)
    output = shown_on_terminal(80, source="/shop/orders")
    assert "\x1b[" in output
    assert "def list_orders" in strip_styles(output)
