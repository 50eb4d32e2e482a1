"""Tools that watch a program put functions of their own in place of the peer's."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

APPLICATION = """
from fastapi import FastAPI, HTTPException, WebSocket, routing
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.middleware import exceptions

def make_application():
    app = FastAPI()

    @app.get("/items/{number}")
    def read_item(number: int, offset: int = 1):
        return number + offset

    @app.get("/refuse")
    def refuse():
        raise HTTPException(503)

    @app.websocket("/rooms/{room}")
    async def join(websocket: WebSocket, room: str):
        await websocket.accept()
        await websocket.send_text(room)
        await websocket.close()

    return TestClient(app)
"""

PROGRAMS = {
    "what a route takes is shown by the names of the peer": """
from fastapi import APIRouter, Body, Depends
from pydantic import BaseModel
class Item(BaseModel):
    name: str
def find(size: int = 3): return size
app, router = FastAPI(), APIRouter()
@router.put("/one/{key}")
def put_one(key: str, item: Item, size: int = Depends(find)): ...
@router.put("/two")
def put_two(item: Item, count: int = Body(1)): ...
app.include_router(router, prefix="/items")
one, two = app.routes[-2:]
(key,), (item,) = one.dependant.path_params, one.dependant.body_params
assert (key.field_info.annotation, item.field_info.annotation, item.required) == (str, Item, True)
(size,) = one.dependant.dependencies[0].query_params
assert (size.name, size.field_info.default) == ("size", 3)
assert one.body_field.field_info.annotation is Item
model = two.body_field.field_info.annotation
assert (two.body_field.name, model.__name__) == ("body", "Body_put_two_items_two_put")
assert list(model.model_fields) == ["item", "count"]
assert app.routes[0].path == "/openapi.json"
one.body_field = None
assert one.body_field is None
""",
    "nothing is called by way of hooks that nobody has replaced": """
async def fail(**options): raise AssertionError
client = make_application()
assert client.get("/items/1").json() == 2
routing.run_endpoint_function = fail
assert client.get("/items/1").json() == 2
""",
    "the arguments are shown, and may be changed": """
import dataclasses
original, seen = routing.solve_dependencies, []
async def solve(*, request, **options):
    solved = await original(request=request, **options)
    seen.append((request.url.path, set(solved.values), solved.errors))
    if "offset" in solved.values:
        return dataclasses.replace(solved, values={**solved.values, "offset": 5})
    return solved
routing.solve_dependencies = solve
client = make_application()
assert client.get("/items/1").json() == 6
with client.websocket_connect("/rooms/blue") as websocket:
    assert websocket.receive_text() == "blue"
assert seen == [
    ("/items/1", {"number", "offset"}, []), ("/rooms/blue", {"websocket", "room"}, [])
], seen
""",
    "the call of an endpoint is wrapped": """
original, seen = routing.run_endpoint_function, []
async def run(*, dependant, values, is_coroutine):
    seen.append((dependant.call.__name__, is_coroutine))
    return await original(dependant=dependant, values=values, is_coroutine=is_coroutine)
routing.run_endpoint_function = run
assert make_application().get("/items/1").json() == 2
assert seen == [("read_item", False)]
""",
    "another function takes the endpoint's place": """
original = routing.get_request_handler
def get_request_handler(*, dependant, **options):
    dependant.call = lambda **values: 7
    return original(dependant=dependant, **options)
routing.get_request_handler = get_request_handler
assert make_application().get("/items/1").json() == 7
""",
    "a package adds a dependency to a route that has been read, and makes its handler anew": """
from typing import Annotated
from fastapi import APIRouter, Depends, FastAPI, Query, Response
from fastapi.dependencies.utils import (
    _get_body_field, _get_flat_body_params, get_parameterless_sub_dependant
)
from fastapi.routing import request_response
def set_page(response: Response, page: Annotated[int, Query(ge=1)] = 1):
    response.headers["X-Page"] = str(page)
def paginate(routes):
    for route in routes:
        if isinstance(route, routing.APIRoute):
            if all(inner.call is not set_page for inner in route.dependant.dependencies):
                depends = Depends(set_page)
                route.dependencies.append(depends)
                route.dependant.dependencies.append(
                    get_parameterless_sub_dependant(depends=depends, path=route.path_format)
                )
                route.body_field = _get_body_field(
                    body_params=_get_flat_body_params(route.dependant),
                    name=route.unique_id,
                    embed_body_fields=route._embed_body_fields,
                )
                route.app = request_response(route.get_route_handler())
app, router = FastAPI(), APIRouter()
@app.post("/own")
async def own(names: list[str]):
    return names
@router.get("/{item}")
def included(item: int):
    return item
app.include_router(router, prefix="/items")
client = TestClient(app, raise_server_exceptions=False)
assert client.get("/items/1").headers.get("x-page") is None
app.openapi()
app.openapi_schema = None
for _ in range(2):
    paginate(app.routes)
for method, path in [("POST", "/own"), ("GET", "/items/1")]:
    response = client.request(method, path + "?page=3", json=["a"])
    assert (response.status_code, response.headers["x-page"]) == (200, "3"), response.text
    assert client.request(method, path + "?page=0", json=["a"]).status_code == 422
operation = app.openapi()["paths"]["/items/{item}"]["get"]
assert [parameter["name"] for parameter in operation["parameters"]] == ["item", "page"]
""",
    "a package changes signatures before it includes a router": """
import inspect
from fastapi import APIRouter, Depends, FastAPI
router = APIRouter(prefix="/views")
def get_offset(offset: int = 1): return offset
class View:
    def __init__(self, offset: int = Depends(get_offset)): self.offset = offset
    @router.get("/{number}")
    def read(self, number: int): return self.offset + number
    @router.websocket("/socket")
    async def join(self, websocket: WebSocket):
        await websocket.accept()
        await websocket.send_json(self.offset)
        await websocket.close()
views = APIRouter()
for route in list(router.routes):
    signature = inspect.signature(route.endpoint)
    self, *others = signature.parameters.values()
    others = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in others]
    route.endpoint.__signature__ = signature.replace(
        parameters=[self.replace(default=Depends(View)), *others]
    )
    router.routes.remove(route)
    route.path = route.path.removeprefix("/views")
    views.routes.append(route)
router.include_router(views)
app = FastAPI()
app.include_router(router)
client = TestClient(app)
assert client.get("/views/1?offset=5").json() == 6
with client.websocket_connect("/views/socket?offset=7") as websocket:
    assert websocket.receive_json() == 7
""",
    "an app goes through what stands in Starlette's place": """
original, seen = Starlette.__call__, []
async def call(self, scope, receive, send):
    seen.append((scope["type"], type(self).__name__))
    await original(self, scope, receive, send)
Starlette.__call__ = call
with make_application() as client:
    assert client.get("/items/1").json() == 2
assert seen == [("lifespan", "FastAPI"), ("http", "FastAPI")], seen
""",
    "handlers are those that a changed ExceptionMiddleware has": """
original, seen = exceptions.ExceptionMiddleware.__init__, []
def init(self, *arguments, **options):
    original(self, *arguments, **options)
    for cls, handler in list(self._exception_handlers.items()):
        async def watch(request, error, handler=handler):
            seen.append(type(error).__name__)
            return await handler(request, error)
        self._exception_handlers[cls] = watch
exceptions.ExceptionMiddleware.__init__ = init
assert make_application().get("/refuse").status_code == 503
assert seen == ["HTTPException"]
""",
}


#: Runs each program in a process of its own, in which all has been imported already.
RUN_EACH = """
import json, os, sys, traceback
for name, program in json.loads(sys.argv[1]).items():
    if os.fork():
        os.wait()
        continue
    failure = None
    try:
        exec(program, globals())
    except BaseException:
        failure = traceback.format_exc()
    print(json.dumps([name, failure]), flush=True)
    os._exit(0)
"""


@pytest.fixture(scope="module")
def failures() -> dict[str, str | None]:
    """How each program has failed; ``None`` where it has not."""
    command = [sys.executable, "-m", "vivace.compat", "-c", APPLICATION + RUN_EACH]
    completed = subprocess.run(
        [*command, json.dumps(PROGRAMS)], capture_output=True, text=True, timeout=60
    )
    assert not completed.stderr
    return dict(json.loads(line) for line in completed.stdout.splitlines())


@pytest.mark.parametrize("program", PROGRAMS)
def test_hooks(failures: dict[str, str | None], program: str) -> None:
    assert failures[program] is None, failures[program]
