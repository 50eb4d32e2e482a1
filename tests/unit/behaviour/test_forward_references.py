"""What is named before it exists is read when the app starts, and is missed at the latest then."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from pydantic import BaseModel

from vivace import APIRouter, Body, Depends, Form, Header, Query, Vivace, WebSocket
from vivace.testclient import TestClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from somewhere import Never  # type: ignore[import-not-found]


class Basket(BaseModel):
    kind: Kind
    kinds: list[Kind] = []
    further: Kinds = []


class Wrong(BaseModel):
    it: Never


def get_basket(basket: Annotated[Basket, Query()]) -> Basket:
    return basket


def get_wrong(wrong: Annotated[Wrong, Query()]) -> Wrong:
    return wrong


app = Vivace()
router = APIRouter()
app.include_router(router, prefix="/included")


@app.post("/body")
def take_body(basket: Basket) -> Basket:
    return basket


@app.post("/bodies")
def take_bodies(basket: Basket, number: Annotated[int, Body()]) -> Basket:
    return basket


@app.post("/form")
def take_form(basket: Annotated[Basket, Form()]) -> Basket:
    return basket


@app.get("/query")
def take_query(basket: Annotated[Basket, Query()]) -> Basket:
    return basket


@app.get("/headers")
def take_headers(basket: Annotated[Basket, Header()]) -> Basket:
    return basket


@router.get("/dependency")
def depend(basket: Annotated[Basket, Depends(get_basket)]) -> Basket:
    return basket


@app.websocket("/socket")
async def talk(websocket: WebSocket, basket: Annotated[Basket, Query()]) -> None:
    await websocket.accept()
    await websocket.send_json(basket.model_dump(mode="json"))


@app.get("/answer")
async def answer() -> Later:
    return {"name": "a", "secret": "b"}  # type: ignore[return-value]


@app.get("/answers")
async def answer_many() -> list[Later]:
    return [{"name": "a", "secret": "b"}]  # type: ignore[list-item]


@app.get("/stream")
async def stream() -> Iterator[Later]:  # type: ignore[misc]
    yield Later(name="a")


class Kind(Enum):
    large = "large"
    small = "small"


Kinds = list[Kind]


class Later(BaseModel):
    name: str


FULL = {"kind": "large", "kinds": ["small", "large"], "further": ["large", "small"]}
QUERY = "kind=large&kinds=small&kinds=large&further=large&further=small"


def test_a_model_may_name_what_is_defined_later_wherever_it_comes_from() -> None:
    client = TestClient(app)
    assert client.post("/body", json=FULL).json() == FULL
    assert client.post("/bodies", json={"basket": FULL, "number": 1}).json() == FULL
    assert client.post("/form", data=FULL).json() == FULL
    assert client.get(f"/query?{QUERY}").json() == FULL
    assert client.get(f"/included/dependency?{QUERY}").json() == FULL
    headers = [(name, value) for name, value in _pairs(FULL)]
    assert client.get("/headers", headers=headers).json() == FULL
    with client.websocket_connect(f"/socket?{QUERY}") as socket:
        assert socket.receive_json() == FULL


def _pairs(values: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, item)
        for name, value in values.items()
        for item in (value if isinstance(value, list) else [value])
    ]


def test_it_is_described_as_it_is_read() -> None:
    paths = app.openapi()["paths"]
    by_name = {p["name"]: p["schema"] for p in paths["/query"]["get"]["parameters"]}
    assert by_name["further"]["items"] == {"$ref": "#/components/schemas/Kind"}
    answered = paths["/answer"]["get"]["responses"]["200"]["content"]["application/json"]
    assert answered["schema"] == {"$ref": "#/components/schemas/Later"}


def test_a_return_annotation_may_name_what_is_defined_later() -> None:
    client = TestClient(app)
    assert client.get("/answer").json() == {"name": "a"}
    assert client.get("/answers").json() == [{"name": "a"}]


def test_the_items_of_a_stream_need_a_type_that_exists_to_be_checked() -> None:
    assert TestClient(app).get("/stream").json() == {"name": "a"}


def take_wrong(wrong: Wrong) -> None: ...
def query_wrong(wrong: Annotated[Wrong, Query()]) -> None: ...
def depend_on_wrong(value: Annotated[Wrong, Depends(get_wrong)]) -> None: ...
def take_wrongs(wrongs: dict[str, Wrong | None]) -> None: ...
def answer_wrong() -> Wrong: ...  # type: ignore[empty-body]
def answer_never() -> Never: ...
def answer_nevers() -> list[Never]: ...  # type: ignore[empty-body]


@pytest.mark.parametrize(
    ("endpoint", "place"),
    [
        (take_wrong, ", parameter 'wrong': The type"),
        (query_wrong, ", parameter 'wrong': The type"),
        (depend_on_wrong, rf", parameter 'value': {__name__}.get_wrong, parameter 'wrong': The"),
        (take_wrongs, ", parameter 'wrongs': The type"),
        (answer_wrong, ": The type"),
        (answer_never, ": Its return type is written as"),
        (answer_nevers, ": Its return type is written as"),
    ],
)
def test_what_never_exists_is_missed_when_the_app_starts(
    endpoint: Callable[..., Any], place: str
) -> None:
    message = rf"^{__name__}\.{endpoint.__name__}{place}.*\bNever.*Define or import it"
    for make in (directly, included, mounted):
        started: list[str] = []
        with pytest.raises(RuntimeError, match=message), TestClient(make(endpoint)):
            started.append("started")
        assert not started
        # An app that is served without a lifespan has no earlier time than this.
        with pytest.raises(RuntimeError, match=message):
            TestClient(make(endpoint)).post("/wrong")


def directly(endpoint: Callable[..., Any]) -> Vivace:
    wrong = Vivace()
    wrong.post("/wrong")(endpoint)
    return wrong


def included(endpoint: Callable[..., Any]) -> Vivace:
    wrong, outer = Vivace(), APIRouter()
    wrong.include_router(outer)
    outer.post("/wrong")(endpoint)
    return wrong


def mounted(endpoint: Callable[..., Any]) -> Vivace:
    outer = Vivace()
    outer.mount("", directly(endpoint))
    return outer


def test_a_wrong_socket_is_missed_when_the_app_starts() -> None:
    wrong = Vivace()

    @wrong.websocket("/socket")
    async def talk_wrong(websocket: WebSocket, it: Annotated[Wrong, Query()]) -> None: ...

    with pytest.raises(RuntimeError, match=r"talk_wrong, parameter 'it': .*Never"):
        TestClient(wrong).__enter__()


def test_a_wrong_dependency_of_all_routes_is_missed_when_the_app_starts() -> None:
    wrong = Vivace(dependencies=[Depends(get_wrong)])
    wrong.get("/")(get_basket)
    with pytest.raises(RuntimeError, match=r"get_basket: .*get_wrong, parameter 'wrong': .*Never"):
        TestClient(wrong).__enter__()


def test_a_wrong_dependency_of_a_frontend_is_missed_when_the_app_starts(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("index")
    wrong = Vivace()
    router = APIRouter(dependencies=[Depends(get_wrong)])
    router.frontend("/", directory=tmp_path)
    wrong.include_router(router)
    with pytest.raises(RuntimeError, match=r"get_wrong, parameter 'wrong': .*Never"):
        TestClient(wrong).__enter__()


def test_a_response_that_is_only_documented_is_missed_in_the_document() -> None:
    wrong = Vivace()
    wrong.get("/", responses={404: {"model": Wrong}})(get_basket)
    with TestClient(wrong) as client:
        assert client.get(f"/?{QUERY}").json() == FULL
        with pytest.raises(RuntimeError, match=r"get_basket: .*Never"):
            wrong.openapi()


def test_a_return_annotation_that_is_not_asked_need_not_exist() -> None:
    app = Vivace()
    app.get("/", response_model=None)(answer_never)
    with TestClient(app) as client:
        assert client.get("/").json() is None


def test_the_server_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(
        "from pydantic import BaseModel\n"
        "from vivace import Vivace\n"
        "app = Vivace()\n"
        "class Order(BaseModel):\n"
        "    lines: list['Line']\n"
        "@app.post('/orders')\n"
        "def create_order(order: Order): ...\n"
    )
    command = [sys.executable, "-m", "vivace", "run", "main.py", "--port", "0"]
    completed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert completed.returncode != 0
    expected = "main.create_order, parameter 'order': The type <class 'main.Order'> names 'Line'"
    assert expected in completed.stdout + completed.stderr
