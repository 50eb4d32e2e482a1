"""A wrong declaration fails at import, and says where it is wrong and how to mend it."""

# Annotations are objects here: some name what is local to a test.

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from pydantic import BaseModel

from vivace import (
    APIRouter,
    Body,
    Depends,
    Header,
    Path,
    Query,
    Request,
    Response,
    Vivace,
    WebSocket,
)
from vivace.requests import HTTPConnection
from vivace.testclient import TestClient

if TYPE_CHECKING:
    from somewhere import Missing  # type: ignore[import-not-found]


class Session:
    """A class that pydantic knows nothing of."""


class Item(BaseModel):
    name: str


def get_session(session: Session) -> None: ...


def lend() -> Iterator[int]:
    yield 1


def lend_longer(value: int = Depends(lend, scope="function")) -> Iterator[int]:
    yield value


def with_request(request: Request) -> str:
    return request.method


# The wrong endpoints, each with the parameter that is wrong and words of how to mend it.


def takes_session(session: Session) -> None: ...
def takes_sessions(q: list[Session]) -> None: ...
def takes_queue(queue: asyncio.Queue[int]) -> None: ...
def uses_session(user: Annotated[None, Depends(get_session)]) -> None: ...
def names_missing(item: "Missing") -> None: ...
def names_missing_inside(items: Annotated[list["Missing"] | None, Query()] = None) -> None: ...
def model_in_path(id: Item) -> None: ...
def list_in_path(id: list[int]) -> None: ...
def query_in_path(id: int = Query()) -> None: ...
def body_in_path(id: Annotated[int, Body()]) -> None: ...
def two_defaults(q: Annotated[int, Query(5)]) -> None: ...
def two_markers(q: Annotated[int, Query()] = Query()) -> None: ...
def two_depends(q: Annotated[int, Depends(lend)] = Depends(lend)) -> None: ...
def both(q: Annotated[int, Query()] = Depends(lend)) -> None: ...
def mapping_in_query(q: dict[str, int] = Query()) -> None: ...
def models_in_query(q: list[Item] = Query()) -> None: ...
def odd_header(h: Annotated[int, Header(alias="é")]) -> None: ...
def wrong_bound(q: Annotated[int, Query(gt="a")]) -> None: ...
def wrong_pattern(q: Annotated[str, Query(pattern="(")]) -> None: ...
def depends_on_nothing(q=Depends()) -> None: ...  # type: ignore[no-untyped-def]
def depends_on_missing(q: "Missing" = Depends()) -> None: ...
def outlives(q: int = Depends(lend_longer)) -> None: ...
def app_of_request(q: str = Depends(with_request, scope="app")) -> None: ...
def positional(q: int, /) -> None: ...
def takes_socket(socket: WebSocket) -> None: ...


@pytest.mark.parametrize(
    ("endpoint", "parameter", "mend"),
    [
        (takes_session, "session", "name the function that makes the value: `Depends(get_it)`"),
        (takes_sessions, "q", "Use a pydantic model, a dataclass"),
        (takes_queue, "queue", "Depends(get_it)"),
        (uses_session, "user", "get_session, parameter 'session'"),
        (names_missing, "item", "Define or import it before"),
        (names_missing_inside, "items", "Define or import it before"),
        (model_in_path, "id", "Take it from the query or the body"),
        (list_in_path, "id", "Take it from the query or the body"),
        (query_in_path, "id", "Declare it with `Path()`, or give one of the two another name"),
        (body_in_path, "id", "Declare it with `Path()`"),
        (two_defaults, "q", "Set the default value with `=` instead"),
        (two_markers, "q", "Keep one of the two"),
        (two_depends, "q", "Keep one of the two"),
        (both, "q", "A value comes from the request or from a dependency"),
        (mapping_in_query, "q", "from the body, with `Body()`"),
        (models_in_query, "q", "from the body, with `Body()`"),
        (odd_header, "h", "write it in ASCII"),
        (wrong_bound, "q", "'gt' must be coercible to an integer"),
        (wrong_pattern, "q", "unclosed group"),
        (depends_on_nothing, "q", "Name the dependency: `Depends(get_it)`"),
        (depends_on_missing, "q", "Name the dependency: `Depends(get_it)`"),
        (outlives, "q", 'Declare "lend" with `scope="request"` too'),
        (app_of_request, "q", "it cannot have the parameter 'request'"),
        (positional, "q", "Take the `/` out of the signature"),
        (takes_socket, "socket", "Take an `HTTPConnection`"),
    ],
)
def test_an_error_names_function_and_parameter_and_the_mend(
    endpoint: Callable[..., Any], parameter: str, mend: str
) -> None:
    place = f"{__name__}.{endpoint.__name__}, parameter {parameter!r}: "
    with pytest.raises(Exception, match=re.escape(place)) as caught:
        Vivace().get("/items/{id}")(endpoint)
    assert str(caught.value).startswith(place)
    assert mend in str(caught.value)
    # A mistake in a program is no error of pydantic's, with a link to its pages.
    assert "errors.pydantic.dev" not in str(caught.value)


def star_arguments(*args: int) -> None: ...
def returns_session() -> Session: ...  # type: ignore[empty-body]
def returns_either() -> Response | dict[str, int]: ...  # type: ignore[empty-body]
def returns_item() -> Item: ...  # type: ignore[empty-body]
def returns_nothing() -> None: ...


@pytest.mark.parametrize(
    ("endpoint", "options", "mend"),
    [
        (star_arguments, {}, "Name the parameters"),
        (returns_session, {}, "response_model=None"),
        (returns_either, {}, "response_model=None"),
        (returns_nothing, {"response_model": list[Session]}, "response_model=None"),
        (returns_item, {"status_code": 204}, "Declare that the endpoint returns `None`"),
        (returns_nothing, {"responses": {204: {"model": Item}}}, "Take the model away"),
        (returns_nothing, {"responses": {404: Item}}, "must be a dict"),
        (returns_nothing, {"responses": {404: {"model": Session}}}, "valid Pydantic field type"),
        (returns_nothing, {"dependencies": [lend]}, "Write `Depends(...)` around it"),
        (returns_nothing, {"dependencies": [Depends(get_session)]}, "parameter 'session'"),
        (returns_nothing, {"path": "/{id}/{id}"}, "Duplicated param name id"),
        (returns_nothing, {"path": "/{id:text}"}, "Unknown path convertor 'text'"),
    ],
)
def test_an_error_of_the_route_names_the_function_and_the_mend(
    endpoint: Callable[..., Any], options: dict[str, Any], mend: str
) -> None:
    for registrar in (Vivace(), APIRouter()):
        with pytest.raises(Exception, match=re.escape(mend)) as caught:
            registrar.get(options.get("path", "/"), **_without_path(options))(endpoint)
        assert str(caught.value).startswith(f"{__name__}.{endpoint.__name__}: ")


def _without_path(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != "path"}


def test_a_wrong_dependency_of_a_websocket_fails_at_import_too() -> None:
    async def talk(websocket: WebSocket, user: None = Depends(get_session)) -> None: ...
    async def ask(websocket: WebSocket, method: str = Depends(with_request)) -> None: ...

    app = Vivace()
    with pytest.raises(Exception, match=r"talk, parameter 'user': .*get_session"):
        app.websocket("/talk")(talk)
    with pytest.raises(TypeError, match=r"with_request, parameter 'request': There is no request"):
        app.websocket("/ask")(ask)


def test_what_is_local_to_a_function_can_be_named_where_annotations_are_objects() -> None:
    class Local(BaseModel):
        name: str

    app = Vivace()

    @app.post("/{id}")
    async def create(local: Local, id: Annotated[int, Path()]) -> Local:
        return local

    assert TestClient(app).post("/1", json={"name": "a"}).json() == {"name": "a"}


def test_a_dependency_may_serve_requests_and_websockets() -> None:
    def which(request: Request = None, websocket: WebSocket = None) -> str:  # type: ignore[assignment]
        assert (request is None) != (websocket is None)
        return "websocket" if request is None else "request"

    async def path(connection: HTTPConnection) -> AsyncIterator[str]:
        yield connection.url.path

    app = Vivace()

    @app.get("/request")
    async def read(kind: str = Depends(which), path: str = Depends(path)) -> list[str]:
        return [kind, path]

    @app.websocket("/socket")
    async def talk(
        websocket: WebSocket, kind: str = Depends(which), path: str = Depends(path)
    ) -> None:
        await websocket.accept()
        await websocket.send_json([kind, path])

    client = TestClient(app)
    assert client.get("/request").json() == ["request", "/request"]
    with client.websocket_connect("/socket") as socket:
        assert socket.receive_json() == ["websocket", "/socket"]
