from __future__ import annotations

import re

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
