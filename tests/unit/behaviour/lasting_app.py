"""Streams and sockets without an end, and background tasks; a file has notes of their ends."""

import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import anyio
from anyio.lowlevel import checkpoint
from starlette.background import BackgroundTask
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from vivace import BackgroundTasks, Depends, Request, Response, Vivace, WebSocket
from vivace.middleware.gzip import GZipMiddleware
from vivace.responses import EventSourceResponse, JSONResponse, StreamingResponse

NOTES = Path(os.environ["NOTES"])


def note(text: str) -> None:
    with NOTES.open("a") as file:
        file.write(f"{text}\n")


@asynccontextmanager
async def lifespan(app: Vivace) -> AsyncIterator[None]:
    note("started")
    yield
    note("cleaned up")


app = Vivace(lifespan=lifespan)


async def pool() -> AsyncIterator[str]:
    yield "pool"
    note("pool closed")


async def session(
    pool: Annotated[str, Depends(pool, scope="app")], name: str
) -> AsyncIterator[str]:
    try:
        yield pool
    finally:
        await checkpoint()
        note(f"{name} released")


Session = Annotated[str, Depends(session)]


async def endless() -> AsyncIterator[str]:
    while True:
        yield "more\n"
        await anyio.sleep(0.05)


def endless_in_thread() -> Iterator[str]:
    while True:
        yield "more\n"
        time.sleep(0.05)


@app.get("/alive")
async def alive() -> str:
    return "yes"


@app.get("/events", response_class=EventSourceResponse)
async def events(session: Session) -> AsyncIterator[str]:
    async for item in endless():
        yield item


@app.get("/silence", response_class=EventSourceResponse)
async def silence(session: Session) -> AsyncIterator[str]:
    yield "only one"
    await anyio.sleep_forever()


@app.get("/lines")
async def lines(session: Session) -> AsyncIterator[str]:
    async for item in endless():
        yield item


@app.get("/response")
async def response(session: Session) -> StreamingResponse:
    return StreamingResponse(endless())


@app.get("/thread")
def thread(session: Session) -> StreamingResponse:
    return StreamingResponse(endless_in_thread())


@app.websocket("/socket")
async def talk(websocket: WebSocket, session: Session) -> None:
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.receive_text()


@app.websocket("/speaking")
async def speak(websocket: WebSocket, session: Session) -> None:
    await websocket.accept()
    async for item in endless():
        await websocket.send_text(item)


class PassMiddleware:
    """Pure ASGI middleware that only passes on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


async def pass_on(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    return await call_next(request)


MIDDLEWARE: dict[str, list[tuple[Any, dict[str, Any]]]] = {
    "none": [],
    "pure": [(PassMiddleware, {})],
    "http": [(BaseHTTPMiddleware, {"dispatch": pass_on})],
    "gzip": [(GZipMiddleware, {"minimum_size": 1})],
    "all": [
        (GZipMiddleware, {"minimum_size": 1}),
        (BaseHTTPMiddleware, {"dispatch": pass_on}),
        (PassMiddleware, {}),
        (BaseHTTPMiddleware, {"dispatch": pass_on}),
    ],
}

if "WITH" in os.environ:
    for cls, options in MIDDLEWARE[os.environ["WITH"]]:
        app.add_middleware(cls, **options)


async def work(name: str) -> None:
    await anyio.sleep(0.3)
    note(name)


def work_in_thread(name: str) -> None:
    time.sleep(0.3)
    note(name)


def add_tasks(app: Vivace) -> None:
    @app.get("/async")
    async def in_place(name: str, tasks: BackgroundTasks) -> str:
        tasks.add_task(work, name)
        return "promised"

    @app.get("/sync")
    def in_thread(name: str, tasks: BackgroundTasks) -> str:
        tasks.add_task(work_in_thread, name)
        return "promised"

    @app.get("/two")
    async def two(name: str, tasks: BackgroundTasks) -> str:
        tasks.add_task(anyio.sleep, 0.1)
        tasks.add_task(work_in_thread, name)
        return "promised"

    async def promise(name: str, tasks: BackgroundTasks) -> None:
        tasks.add_task(work, name)

    @app.get("/dependency", dependencies=[Depends(promise)])
    async def by_dependency() -> str:
        return "promised"

    @app.get("/response")
    async def by_response(name: str) -> JSONResponse:
        return JSONResponse("promised", background=BackgroundTask(work, name))

    @app.get("/streamed")
    async def by_stream(name: str) -> StreamingResponse:
        return StreamingResponse(iter(["promised"]), background=BackgroundTask(work, name))

    @app.get("/lines")
    async def by_lines(name: str, tasks: BackgroundTasks) -> AsyncIterator[str]:
        tasks.add_task(work, name)
        yield "promised"


for kind, layers in MIDDLEWARE.items():
    tasks_app = Vivace()
    add_tasks(tasks_app)
    for cls, options in layers:
        tasks_app.add_middleware(cls, **options)
    app.mount(f"/tasks/{kind}", tasks_app)
