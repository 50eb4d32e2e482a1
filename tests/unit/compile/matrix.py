"""An app with an endpoint of every kind, and requests of every kind to it."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from tests.unit.compile.exchange import Headers

from vivace import (
    APIRouter,
    BackgroundTasks,
    Body,
    Cookie,
    Depends,
    File,
    Form,
    Header,
    HTTPException,
    Query,
    Request,
    Response,
    UploadFile,
    Vivace,
)
from vivace.responses import (
    EventSourceResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    StreamingResponse,
)
from vivace.sse import ServerSentEvent

router = APIRouter()
#: What background tasks and clean-up have done.
log: list[str] = []


class Color(Enum):
    RED = "red"


class Item(BaseModel):
    name: str
    price: Decimal = Decimal("1.50")
    color: Color | None = None
    wire_name: str = Field("é", alias="wireName")


class Public(BaseModel):
    name: str


class Row:
    name = "row"


class Filters(BaseModel):
    q: str = ""
    tags: list[str] = []


class Teapot(Exception):
    pass


def blocking() -> str:
    time.sleep(0)
    return "blocking"


async def waiting(x_token: Annotated[str, Header()] = "none") -> str:
    return x_token


def holding(name: Annotated[str, Depends(blocking)]) -> Iterator[str]:
    time.sleep(0)
    try:
        yield name
    except Teapot:
        log.append("holding: teapot")
        raise
    finally:
        log.append("holding: closed")


async def holding_async(name: Annotated[str, Depends(waiting)]) -> AsyncIterator[str]:
    yield name
    log.append("holding async: closed")


async def holding_early() -> AsyncIterator[str]:
    yield "early"
    log.append("holding early: closed")


async def swallowing() -> AsyncIterator[None]:
    with suppress(Teapot):
        yield


async def turning() -> AsyncIterator[None]:
    try:
        yield
    except Teapot:
        raise HTTPException(418, "turned") from None


async def failing() -> AsyncIterator[None]:
    yield
    raise HTTPException(503, "too late")


def refusing() -> None:
    raise HTTPException(401, headers={"www-authenticate": "Basic"})


Held = Annotated[str, Depends(holding)]
HeldAsync = Annotated[str, Depends(holding_async)]
HeldEarly = Annotated[str, Depends(holding_early, scope="function")]


@router.get("/path/{item_id}")
def path(item_id: int, q: str | None = None, n: Annotated[float, Query(gt=0)] = 1):  # type: ignore[no-untyped-def]
    return {"id": item_id, "q": q, "n": n}


@router.get("/text/{name}/{rest:path}")
async def text(name: str, rest: str) -> Any:
    return {"name": name, "rest": rest}


@router.get("/converted/{n:int}")
def converted(n: str):  # type: ignore[no-untyped-def]
    return n


@router.get("/lists")
def lists(a: Annotated[list[int], Query()], b: Annotated[set[str], Query()] = {"b"}) -> Any:  # noqa: B006
    return [a, sorted(b)]


@router.get("/filters")
def filters(it: Annotated[Filters, Query()]) -> Filters:
    return it


@router.get("/headers")
def headers(  # type: ignore[no-untyped-def]
    x_token: Annotated[str, Header()],
    user_agent: Annotated[list[str] | None, Header()] = None,
    session: Annotated[str | None, Cookie()] = None,
):
    return [x_token, user_agent, session]


@router.post("/model", response_model=Item, status_code=201)
async def model(item: Item) -> Any:
    return item


@router.post("/model/public", response_model=Public)
def public(item: Item) -> Any:
    return item


@router.post("/model/unset", response_model=Item, response_model_exclude_unset=True)
def unset(item: Item) -> Any:
    time.sleep(0)
    return item


@router.post("/embedded")
def embedded(item: Item, n: Annotated[int, Body()] = 1, q: int = 0):  # type: ignore[no-untyped-def]
    return {"item": item, "n": n, "q": q}


@router.post("/raw")
async def raw(body: Annotated[dict[str, Any], Body()]) -> Any:
    return body


@router.post("/form")
async def form(a: Annotated[str, Form()], b: Annotated[list[int], Form()] = []) -> Any:  # noqa: B006
    return [a, b]


@router.post("/file")
def file(upload: UploadFile, content: Annotated[bytes | None, File()] = None) -> Any:
    return [upload.filename, upload.file.read().decode(), content and content.decode()]


@router.get("/dependencies")
def dependencies(
    a: Held, b: HeldAsync, c: HeldEarly, d: Annotated[str, Depends(blocking)], n: int = 0
) -> Any:
    time.sleep(0)
    log.append("endpoint")
    return [a, b, c, d, n]


@router.get("/dependencies/async")
async def dependencies_async(a: Held, b: HeldAsync, c: HeldEarly) -> Any:
    log.append("endpoint")
    return [a, b, c]


@router.get("/refused", dependencies=[Depends(refusing)])
def refused(q: int) -> Any:
    return q


@router.get("/parameters")
def parameters(response: Response, code: int = 0) -> Any:
    response.headers["x-one"] = "1"
    response.set_cookie("a", "b")
    if code:
        response.status_code = code
    return {"code": code}


@router.get("/parameters/model", response_model=Public)
def parameters_model(response: Response) -> Any:
    response.headers["x-one"] = "1"
    return Row()


@router.get("/background")
async def background(tasks: BackgroundTasks, response: Response) -> Any:
    tasks.add_task(log.append, "task")
    tasks.add_task(log.append, "another")


@router.get("/background/response")
async def background_response(tasks: BackgroundTasks, a: HeldAsync) -> Any:
    tasks.add_task(log.append, "task")
    return PlainTextResponse("mine")


@router.get("/background/html", response_class=HTMLResponse)
def background_html(tasks: BackgroundTasks) -> Any:
    tasks.add_task(log.append, "task")
    return "<p>é</p>"


@router.get("/request")
async def request(request: Request) -> Any:
    return [request.url.path, await request.body() == b""]


def nothing():  # type: ignore[no-untyped-def]
    pass


for status in (201, 202, 204, 205, 304, 404):
    router.add_api_route(f"/status/{status}", nothing, status_code=status)


def letters() -> str:
    return "é/x"


CLASSES: dict[str, Any] = {
    "json": JSONResponse,
    "html": HTMLResponse,
    "plain": PlainTextResponse,
    "redirect": RedirectResponse,
    "bare": Response,
}
for name, cls in CLASSES.items():
    router.add_api_route(f"/class/{name}", letters, response_class=cls)


@router.get("/response")
def response() -> Response:
    return PlainTextResponse("mine", 203, headers={"x-one": "1"})


@router.get("/values")
async def values() -> Any:
    return {
        "text": "é\u2028\U0001f600",
        "float": 0.1,
        "when": datetime(2000, 1, 1, tzinfo=UTC),
        "key": UUID(int=1),
        "color": Color.RED,
        "item": Item(name="x", wireName="y"),
        "tuple": (1, 2.0, None, True),
        1: {2: 3},
    }


@router.get("/error/http")
def error_http() -> Any:
    raise HTTPException(404, detail={"a": [1]}, headers={"x-one": "1"})


@router.get("/error/304")
def error_304() -> Any:
    raise HTTPException(304)


@router.get("/error/teapot")
async def error_teapot(a: Held) -> Any:
    raise Teapot


@router.get("/error/turned", dependencies=[Depends(turning)])
async def error_turned() -> Any:
    raise Teapot


@router.get("/error/swallowed", dependencies=[Depends(swallowing)])
async def error_swallowed() -> Any:
    raise Teapot


@router.get("/error/late", dependencies=[Depends(failing)])
async def error_late() -> Any:
    return "sent"


@router.get("/error/early", dependencies=[Depends(failing, scope="function")])
async def error_early() -> Any:
    return "not sent"


@router.get("/error/unhandled")
def error_unhandled(a: Held) -> Any:
    raise LookupError("no one handles this")


@router.get("/error/response", response_model=Item)
def error_response() -> Any:
    return {"price": 1}


@router.get("/error/response/class", response_model=Item, response_class=JSONResponse)
async def error_response_class() -> Any:
    return {"price": 1}


@router.get("/error/encoding")
async def error_encoding() -> Any:
    return {"a": float("nan")}


@router.get("/lines")
async def lines(n: int = 2) -> AsyncIterator[Public]:
    for i in range(n):
        yield Public(name=str(i))


@router.get("/lines/sync")
def lines_sync(a: Held) -> Iterator[Any]:
    yield {"a": a}
    yield [1]


@router.get("/lines/wrong")
def lines_wrong() -> Iterator[Public]:
    yield {"price": 1}  # type: ignore[misc]


@router.get("/events", response_class=EventSourceResponse)
async def events() -> AsyncIterator[Any]:
    yield {"a": 1}
    yield ServerSentEvent(data="x", event="e", id="1")


@router.get("/stream", response_class=StreamingResponse)
def stream() -> Iterator[str]:
    yield "a"
    yield "b"


JSON = (b"content-type", b"application/json")
URL_ENCODED = (b"content-type", b"application/x-www-form-urlencoded")
MULTIPART = (b"content-type", b"multipart/form-data; boundary=b")
PART = b'--b\r\nContent-Disposition: form-data; name="%b"; filename="f.txt"\r\n\r\n%b\r\n'
PARTS = PART % (b"upload", b"one") + PART % (b"content", b"two") + b"--b--\r\n"
ITEM = b'{"name": "x", "wireName": "y", "color": "red"}'
AGENT = (b"user-agent", b"b")

REQUESTS: list[tuple[str, str, Headers, bytes]] = [
    *(
        ("GET", url, [], b"")
        for url in [
            *("/path/1", "/path/1?q=x&n=2.5", "/path/x", "/path/1?n=-1&q=a&q=b", "/path/x?n=y"),
            *("/text/a/b/c", "/text/%C3%A9/", "/lists?a=1&a=2&b=x", "/lists?a=x", "/lists"),
            *("/converted/1", "/filters", "/filters?q=x&tags=a&tags=b", "/filters?tags="),
            *("/headers", "/dependencies", "/dependencies?n=1", "/dependencies?n=x"),
            *("/dependencies/async", "/refused", "/refused?q=1"),
            *("/parameters", "/parameters?code=201", "/parameters?code=418"),
            *("/parameters?code=204", "/parameters?code=304", "/parameters/model"),
            *("/background", "/background/response", "/background/html"),
            *("/request", "/response", "/values"),
            *(f"/status/{status}" for status in (201, 202, 204, 205, 304, 404)),
            *(f"/class/{name}" for name in CLASSES),
            *("/error/http", "/error/304", "/error/teapot", "/error/turned", "/error/swallowed"),
            *("/error/late", "/error/early", "/error/unhandled", "/error/response"),
            *("/error/response/class", "/error/encoding"),
            *("/lines", "/lines?n=0", "/lines?n=x", "/lines/sync", "/lines/wrong"),
            *("/events", "/stream", "/missing", "/path/1/"),
        ]
    ),
    ("HEAD", "/path/1", [], b""),
    ("POST", "/path/1", [], b""),
    ("GET", "/headers", [(b"x-token", b"a"), AGENT, (b"cookie", b"session=c")], b""),
    ("GET", "/headers", [(b"x-token", b"\xe9"), AGENT, (b"user-agent", b"c")], b""),
    *(
        ("POST", url, [JSON], body)
        for url in ("/model", "/model/public", "/model/unset", "/embedded", "/raw")
        for body in (ITEM, b'{"item": ' + ITEM + b', "n": 2}', b"{", b"", b"null", b"[1]", b"\xff")
    ),
    ("POST", "/embedded?q=x", [JSON], b'{"n": "y"}'),
    ("POST", "/model", [], ITEM),
    ("POST", "/model", [(b"content-type", b"text/plain")], ITEM),
    ("POST", "/model", [(b"content-type", b"application/vnd.x+json")], ITEM),
    ("POST", "/form", [URL_ENCODED], b"a=x&b=1&b=2"),
    ("POST", "/form", [URL_ENCODED], b"a=&b=x"),
    ("POST", "/form", [JSON], b"{}"),
    ("POST", "/file", [MULTIPART], PARTS),
    ("POST", "/file", [MULTIPART], b"--b--\r\n"),
    ("POST", "/file", [MULTIPART], b"broken"),
]


async def show_teapot(request: Request, error: Exception) -> Response:
    return PlainTextResponse(f"teapot {type(error).__name__}", 418)


def options_of(route: Any) -> dict[str, Any]:
    """What was declared of a route, to declare another one like it."""
    return {
        "methods": list(route.methods),
        "name": route.name,
        "status_code": route.status_code,
        "response_model": route._declared_model,
        "response_class": route.response_class,
        "response_model_exclude_unset": route.response_model_exclude_unset,
        "dependencies": route.dependencies,
    }


def make_app(route_class: Any = None, **options: Any) -> Vivace:
    """An app with the routes of this module, of the class ``route_class`` where it is given."""
    app = Vivace(openapi_url=None, exception_handlers={Teapot: show_teapot}, **options)
    if route_class is None:
        app.include_router(router)
    else:
        for route in router.routes:
            made: Any = route
            app.router.routes.append(route_class(made.path, made.endpoint, **options_of(made)))
    return app
