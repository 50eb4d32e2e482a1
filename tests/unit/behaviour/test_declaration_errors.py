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
    Security,
    UploadFile,
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
def no_discriminator(q: Annotated[Item, Body(discriminator="kind")]) -> None: ...
def without_parameters(q: Annotated[object, Depends(max)]) -> None: ...
def positional(q: int, /) -> None: ...
def options(q: int, **options: str) -> None: ...
def uses_options(q: Annotated[None, Depends(options)]) -> None: ...
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
        (wrong_bound, "q", "change the ones or the other. Error building"),
        (no_discriminator, "q", "change the one or the other. Model 'Item' needs a discriminator"),
        (without_parameters, "q", "builtins.max: Its parameters cannot be read"),
        (wrong_pattern, "q", "unclosed group"),
        (depends_on_nothing, "q", "Name the dependency: `Depends(get_it)`"),
        (depends_on_missing, "q", "Name the dependency: `Depends(get_it)`"),
        (outlives, "q", 'Declare "lend" with `scope="request"` too'),
        (app_of_request, "q", "Take the parameter away, or the scope"),
        (positional, "q", "Take the `/` out of the signature"),
        (options, "options", "put `functools.wraps` around a function"),
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
        (returns_nothing, {"dependencies": [Depends()]}, "Name it: `Depends(get_it)`"),
        (returns_nothing, {"path": "/{id}/{id}"}, "Give each parameter a name of its own"),
        (returns_nothing, {"path": "/{id:text}"}, "Take one of: str, path, int"),
        (returns_nothing, {"path": "/{item-id}"}, "digits and underscores in the name"),
        (returns_nothing, {"path": "/{id"}, "Write '{name}' or '{name:path}'"),
        (returns_nothing, {"tags": "items"}, "Give a list: tags=['items']"),
        (returns_item, {"reponse_model": Item}, "Did you mean 'response_model'?"),
        (returns_nothing, {"status_code": "created"}, "is not a number, such as 201"),
        (returns_nothing, {"max_body_size": -1}, "is not a non-negative integer or None"),
        (returns_nothing, {"form_limits": {"files": 1}}, "It takes: max_files"),
        (returns_nothing, {"form_limits": {"max_files": -1}}, "is not a non-negative integer"),
        (returns_nothing, {"form_limits": [1]}, "such as {'max_files': 10}"),
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
    with pytest.raises(AssertionError, match=r"takes_socket: .*Write `Depends\(...\)` around"):
        app.websocket("/talk", dependencies=[lend])(takes_socket)  # type: ignore[list-item]
    with pytest.raises(AssertionError, match=r"takes_socket: Unknown path convertor 'text'.* Take"):
        app.websocket("/{id:text}")(takes_socket)


def test_a_websocket_has_no_body() -> None:
    async def talk(websocket: WebSocket, item: Item) -> None: ...
    async def upload(websocket: WebSocket, file: UploadFile | None = None) -> None: ...

    app = Vivace()
    for endpoint, parameter in ((talk, "item"), (upload, "file")):
        place = rf"\.{endpoint.__name__}, parameter '{parameter}'"
        with pytest.raises(TypeError, match=rf"{place}: A WebSocket has no body\. Take the value"):
            app.websocket("/")(endpoint)


def test_a_dependency_that_takes_any_name_is_refused() -> None:
    with pytest.raises(TypeError, match=r"options, parameter 'options': Values are found by"):
        Vivace().get("/")(uses_options)


def test_a_decorator_is_called_with_a_path() -> None:
    for registrar in (Vivace(), APIRouter()):
        with pytest.raises(TypeError, match=r"returns_nothing .*as in `@app.get\('/items'\)`"):
            registrar.get(returns_nothing)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="A decorator is called with it"):
            registrar.websocket(returns_nothing)  # type: ignore[arg-type]


def test_a_path_of_an_app_starts_with_a_slash() -> None:
    app, router = Vivace(), APIRouter()
    message = r"\.returns_nothing: A path must start with '/': write '/items', not 'items'"
    with pytest.raises(AssertionError, match=message):
        app.get("items")(returns_nothing)
    router.get("items")(returns_nothing)
    with pytest.raises(AssertionError, match=message):
        app.include_router(router)
    with pytest.raises(AssertionError, match="takes_socket: A path must start with '/'"):
        app.websocket("talk")(takes_socket)


def test_a_list_of_methods_is_no_text() -> None:
    with pytest.raises(TypeError, match=r"Give a list: methods=\['GET'\]"):
        Vivace().api_route("/", methods="GET")(returns_nothing)  # type: ignore[arg-type]


class Parent:
    def __init__(self, parent: "Annotated[Parent, Depends()]") -> None: ...


def test_a_dependency_of_itself_is_refused() -> None:
    def read(parent: Annotated[Parent, Depends()]) -> None: ...

    message = r"read, parameter 'parent': .*Parent, parameter 'parent': .* Take the parameter away"
    with pytest.raises(RuntimeError, match=message):
        Vivace().get("/")(read)


def outer_with(**inclusion: Any) -> None:
    router = APIRouter()
    router.get("/{id}")(returns_nothing)
    Vivace().include_router(router, **inclusion)


def include_empty() -> None:
    router = APIRouter()
    router.get("")(returns_nothing)
    Vivace().include_router(router)


def include_itself() -> None:
    router = APIRouter()
    router.include_router(router)


@pytest.mark.parametrize(
    ("declare", "place", "mend"),
    [
        (lambda: APIRouter(dependencies=[lend]), "APIRouter, parameter 'dependencies'", "Depends("),  # type: ignore[list-item]
        (lambda: APIRouter(responses={404: Item}), "APIRouter, parameter 'responses'", "be a dict"),  # type: ignore[dict-item]
        (lambda: APIRouter(prefix="shop"), "A path prefix must start with '/'", "write '/shop'"),
        (lambda: APIRouter(prefix="/shop/"), "A path prefix must not end", "write '/shop'"),
        (lambda: APIRouter(prefix="/{a}/{a}"), "/{a}/{a}", "Give each parameter a name of its own"),
        (
            lambda: outer_with(dependencies=[lend]),
            "APIRouter.include_router, parameter 'dependencies'",
            "Write `Depends(...)` around it",
        ),
        (
            lambda: outer_with(responses={404: Item}),
            "APIRouter.include_router, parameter 'responses'",
            "must be a dict",
        ),
        (lambda: APIRouter(tags="shop"), "tags='shop'", "Give a list: tags=['shop']"),  # type: ignore[arg-type]
        (lambda: outer_with(tags="shop"), "tags='shop'", "Give a list: tags=['shop']"),
        (lambda: outer_with(prefix="/{shop-id}"), "/{shop-id}", "digits and underscores"),
        (lambda: outer_with(prefix="/{id:text}"), "the path '/{id:text}'", "Take one of: str"),
        (lambda: Vivace().include_router(Vivace()), "Only an APIRouter", "with `mount`"),  # type: ignore[arg-type]
        (include_itself, "Cannot include the same APIRouter", "include a different router"),
        (include_empty, ".returns_nothing: Prefix and path cannot be both empty", "the path '/'"),
        (lambda: Vivace(form_limits={"files": 1}), "form_limits has no 'files'", "It takes"),  # type: ignore[arg-type]
        (lambda: Vivace(max_body_size=-1), "max_body_size=-1", "non-negative integer or None"),
        (
            lambda: Vivace().add_event_handler("start", returns_nothing),
            "'start' for tests.unit.behaviour.test_declaration_errors.returns_nothing",
            "'startup' or 'shutdown'",
        ),
        (lambda: Vivace().frontend("app", directory="."), "A frontend's path", "write '/app'"),
        (
            lambda: Vivace().frontend("/", directory=".", fallback="index"),  # type: ignore[arg-type]
            "is 'index'",
            "'auto', 'index.html', '404.html' or None",
        ),
        (
            lambda: Vivace().exception_handler(returns_nothing),  # type: ignore[arg-type]
            "and this is <function returns_nothing",
            "as in `@app.exception_handler(404)`",
        ),
        (lambda: Vivace(exception_handlers={"404": print}), "this is '404'", "Name one"),
        (lambda: Path(default_factory=int), "Path parameters", "Take the default away"),
        (lambda: Depends(3), "3 is not", "Give the function or class itself"),  # type: ignore[arg-type]
        (lambda: Depends(lend, scope="once"), "scope='once'", '"function", "request", "app"'),  # type: ignore[arg-type]
        (lambda: Depends(lend, max_concurrency=0), "max_concurrency=0", "a positive integer"),
        (lambda: Security(lend, scopes="a"), "scopes='a'", "Give a list: scopes=['a']"),
        (lambda: Query(max_lenght=3), "'max_lenght'", "Did you mean 'max_length'?"),  # type: ignore[call-arg]
    ],
)
def test_an_error_of_what_holds_for_many_routes_names_it_and_the_mend(
    declare: Callable[[], Any], place: str, mend: str
) -> None:
    with pytest.raises(Exception, match=re.escape(mend)) as caught:
        declare()
    assert place in str(caught.value)


def test_an_inclusion_that_does_not_fit_a_path_is_missed_when_the_app_starts() -> None:
    app = Vivace()
    router = APIRouter()
    router.get("/{id}")(returns_nothing)
    router.websocket("/{id}/talk")(takes_socket)
    app.include_router(router, prefix="/{id}")
    with pytest.raises(ValueError, match=r"returns_nothing: Duplicated .* a name of its own"):
        TestClient(app).__enter__()


def test_a_status_that_is_none_is_missed_in_the_document() -> None:
    app = Vivace()
    app.get("/", responses={"gone": {"description": "Gone."}})(returns_nothing)
    with pytest.raises(ValueError, match=r"returns_nothing: responses=\{'gone'.* use a number"):
        app.openapi()


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
