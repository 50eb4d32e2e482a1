"""What the alias keeps of the peer's behaviour, where Vivace does otherwise."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
import json
from typing import Annotated, Any

from annotated_types import Gt
from fastapi import APIRouter, FastAPI, Query, Response, WebSocket
from fastapi.testclient import TestClient

app = FastAPI()
router = APIRouter()


@app.get("/items")
async def list_items() -> list[int]:
    return [1]


@router.post("/items")
async def create_item() -> str:
    return "created"


@app.head("/own")
async def own_head(response: Response) -> None:
    response.headers["X-Own"] = "yes"


@app.get("/own")
async def own_get() -> str:
    return "own"


@app.get("/broken")
async def broken() -> None:
    raise RuntimeError


@app.get("/marked")
async def marked(alone: Annotated[int, Gt(3)] = Query(), inside: Annotated[int, Gt(3)] = 4) -> int:
    return alone + inside


@app.get("/misfit")
async def misfit(q: Annotated[int | str, Query(ge=3)] = 3) -> Any:
    return q


@app.websocket("/misfit")
async def misfit_socket(websocket: WebSocket, q: Annotated[str, Query(ge=3)] = "") -> None: ...


app.include_router(router)
client = TestClient(app, raise_server_exceptions=False)
head = client.head("/items")
patch = client.patch("/items")
print(json.dumps({
    "class": FastAPI.__name__,
    "head": [head.status_code, head.headers.get("allow")],
    "patch": [patch.status_code, patch.headers["allow"]],
    "own": [client.head("/own").headers["x-own"], client.get("/own").json()],
    "both": [client.get("/items").json(), client.post("/items").json()],
    "broken": client.get("/broken").status_code,
    "marked": [
        client.get("/marked?alone=2").json(),
        client.get("/marked?alone=2&inside=2").status_code,
    ],
    "misfit": client.get("/misfit").json(),
    "cdn": "swagger-ui-dist" in client.get("/docs").text,
    "title": client.get("/openapi.json").json()["info"]["title"],
}))
"""


ONLY_ALIASED = """
import json
from typing import Annotated, Any

from fastapi import (
    Body,
    Depends,
    FastAPI,
    Form,
    UploadFile,
    WebSocket,
    WebSocketDisconnect,
    applications,
)
from fastapi.responses import HTMLResponse
from fastapi.testclient import TestClient
from pydantic import BaseModel

app = FastAPI()
client = TestClient(app)


class Item(BaseModel):
    name: str


def find_item(item: Item | None = None, size: Annotated[int, Form()] = 3) -> list[Any]:
    return [item, size]


@app.websocket("/body")
async def body_socket(
    websocket: WebSocket,
    found: Annotated[list[Any], Depends(find_item)],
    tags: Annotated[list[str], Body()] = ["new"],
    upload: UploadFile | None = None,
) -> None:
    await websocket.accept()
    await websocket.send_json([*found, tags, upload])


@app.websocket("/required")
async def required_socket(websocket: WebSocket, item: Item) -> None: ...


def talk(path: str) -> Any:
    try:
        with client.websocket_connect(path) as websocket:
            return websocket.receive_json()
    except WebSocketDisconnect as closed:
        return [closed.code, closed.reason]


def get_own_page(*, openapi_url: str, title: str, **options: Any) -> HTMLResponse:
    return HTMLResponse(f"own page of {title} at {openapi_url}")


def page_of_own() -> str:
    original = applications.get_swagger_ui_html
    applications.get_swagger_ui_html = get_own_page
    try:
        return client.get("/docs").text
    finally:
        applications.get_swagger_ui_html = original


print(json.dumps({
    "body": talk("/body"),
    "required": talk("/required"),
    "own page": page_of_own(),
}))
"""


def run(directory: Path, program: str, *arguments: str) -> dict[str, Any]:
    file = directory / "program.py"
    file.write_text(program)
    completed = subprocess.run(
        [sys.executable, *arguments, str(file)],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert completed.returncode == 0, completed.stderr
    found: dict[str, Any] = json.loads(completed.stdout)
    return found


@pytest.fixture(scope="module")
def aliased(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run(tmp_path_factory.mktemp("aliased"), PROGRAM, "-m", "vivace.compat")


@pytest.fixture(scope="module")
def only_aliased(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run(tmp_path_factory.mktemp("only_aliased"), ONLY_ALIASED, "-m", "vivace.compat")


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    program = PROGRAM.replace("from fastapi", "from vivace").replace("FastAPI", "Vivace")
    program = program.replace("Query(ge=3)", "Query()")  # It is refused: see test_constraints.
    return run(tmp_path_factory.mktemp("native"), program)


def test_head_of_a_get_route_is_refused_by_the_alias_only(
    aliased: dict[str, Any], native: dict[str, Any]
) -> None:
    assert aliased["head"] == [405, "GET"]
    assert native["head"] == [200, None]


def test_the_alias_names_the_methods_of_the_first_route(
    aliased: dict[str, Any], native: dict[str, Any]
) -> None:
    assert aliased["patch"] == [405, "GET"]
    assert native["patch"] == [405, "GET, HEAD, POST"]


def test_the_app_has_the_name_it_is_imported_by(
    aliased: dict[str, Any], native: dict[str, Any]
) -> None:
    assert (aliased["class"], aliased["title"]) == ("FastAPI", "FastAPI")
    assert (native["class"], native["title"]) == ("Vivace", "Vivace")


def test_all_else_is_the_same(aliased: dict[str, Any], native: dict[str, Any]) -> None:
    for found in (aliased, native):
        assert found["own"] == ["yes", "own"]
        assert found["both"] == [[1], "created"]
        assert found["broken"] == 500


def test_a_marker_that_is_a_default_stands_alone_in_the_alias_only(
    aliased: dict[str, Any], native: dict[str, Any]
) -> None:
    assert aliased["marked"] == [6, 422]
    assert native["marked"][0]["detail"][0]["type"] == "greater_than"
    assert native["marked"][1] == 422


def test_the_pages_of_the_alias_load_what_the_peer_s_do(
    aliased: dict[str, Any], native: dict[str, Any]
) -> None:
    assert aliased["cdn"]
    assert not native["cdn"]


def test_constraints_that_fit_no_text_are_taken_by_the_alias(aliased: dict[str, Any]) -> None:
    assert aliased["misfit"] == 3


def test_what_would_be_in_the_body_of_a_socket_gets_its_default(
    only_aliased: dict[str, Any],
) -> None:
    assert only_aliased["body"] == [None, 3, ["new"], None]
    code, reason = only_aliased["required"]
    assert code == 1008
    assert "'missing', 'loc': ['body']" in reason


def test_a_page_may_be_made_by_a_function_that_is_put_in_place(
    only_aliased: dict[str, Any],
) -> None:
    assert only_aliased["own page"] == "own page of FastAPI - Swagger UI at /openapi.json"
