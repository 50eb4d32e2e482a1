"""An app with all middleware at once, and its access log on standard output."""

from __future__ import annotations

import hashlib
import logging
import sys
from collections.abc import AsyncIterable, AsyncIterator
from contextvars import ContextVar

import anyio

from vivace import HTTPException, Request, Response, Vivace, WebSocket
from vivace.caching import Cache
from vivace.idempotency import Idempotency
from vivace.middleware import (
    AccessLogMiddleware,
    CallNext,
    CallNextSocket,
    CompressionMiddleware,
    JSONLinesFormatter,
    RequestId,
    RequestIdMiddleware,
    SecurityHeadersMiddleware,
    ServerTimingMiddleware,
    get_request_id,
    timing,
)
from vivace.middleware.cors import CORSMiddleware
from vivace.ratelimit import Limiter
from vivace.responses import PlainTextResponse, StreamingResponse
from vivace.sse import EventSourceResponse, ServerSentEvent
from vivace.types import ASGIApp, Message, Receive, Scope, Send

handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(JSONLinesFormatter())
logging.getLogger("vivace.access").addHandler(handler)
logging.getLogger("vivace.access").setLevel(logging.INFO)

TENANT: ContextVar[str] = ContextVar("tenant", default="none")

app = Vivace(scalar_url="/scalar", problem_details=True)


@app.middleware("http")
async def hash_body(request: Request, call_next: CallNext) -> Response:
    """Reads the body, and the app reads it again."""
    token = TENANT.set(request.headers.get("X-Tenant", "none"))
    try:
        digest = None
        if request.method == "POST":
            digest = hashlib.sha256(await request.body()).hexdigest()
        with anyio.fail_after(30):
            response = await call_next(request)
        if digest:
            response.headers["X-Digest"] = digest
        return response
    finally:
        TENANT.reset(token)


@app.middleware("http")
async def refuse(request: Request, call_next: CallNext) -> Response:
    if "X-Refused" in request.headers:
        raise HTTPException(403, "Not you")
    return await call_next(request)


@app.middleware("websocket")
async def guard(websocket: WebSocket, call_next: CallNextSocket) -> None:
    if "refused" in websocket.query_params:
        raise HTTPException(403, "Not you")
    await call_next(websocket)


class NoteParts:
    """Says at ``/state``, by the query of its request, that a part of a body has come."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def note() -> Message:
            message = await receive()
            if message.get("body") and scope["query_string"]:
                ended.append(scope["query_string"].decode())
            return message

        await self.app(scope, note, send)


cache, idempotency, limiter = Cache(), Idempotency(), Limiter()
cache.install(app)
idempotency.install(app)
limiter.install(app, "100000/minute")
app.add_middleware(NoteParts)
app.add_middleware(CompressionMiddleware, minimum_size=100)
app.add_middleware(SecurityHeadersMiddleware)
app.add_middleware(
    CORSMiddleware, allow_origins=["https://shop.example"], expose_headers=["X-Request-ID"]
)
app.add_middleware(ServerTimingMiddleware)
app.add_middleware(AccessLogMiddleware, exclude={"/state"})
app.add_middleware(RequestIdMiddleware)

#: How many parts of a stream the test has asked for; and what has ended.
asked = anyio.Semaphore(0)
ended: list[str] = []


@app.get("/")
async def read(id: RequestId) -> dict[str, str | None]:
    with timing("work"):
        return {"id": id, "current": get_request_id(), "tenant": TENANT.get(), "text": "x" * 500}


@app.get("/cached")
@cache.store(seconds=60)
async def read_cached() -> dict[str, str]:
    ended.append("cached")
    return {"text": "x" * 500}


@app.post("/orders", status_code=201)
@idempotency.required
async def order() -> dict[str, str]:
    ended.append("ordered")
    return {"text": "x" * 500}


@app.get("/state")
async def state() -> list[str]:
    return ended


@app.post("/next", status_code=204)
async def let_go_on() -> None:
    asked.release()


async def parts(name: str) -> AsyncIterator[bytes]:
    try:
        for number in range(1000):
            yield b"part %d\n" % number
            await asked.acquire()
    finally:
        ended.append(name)


@app.get("/stream")
async def stream() -> StreamingResponse:
    return StreamingResponse(parts("stream"), media_type="text/plain")


@app.get("/yielded")
async def yielded() -> AsyncIterator[str]:
    async for part in parts("yielded"):
        yield part.decode()


@app.get("/events", response_class=EventSourceResponse)
async def events() -> AsyncIterable[ServerSentEvent]:
    async for part in parts("events"):
        yield ServerSentEvent(data=part.decode().strip())


@app.post("/upload")
async def upload(request: Request) -> PlainTextResponse:
    return PlainTextResponse(hashlib.sha256(await request.body()).hexdigest())


@app.get("/broken")
async def broken() -> None:
    raise ValueError("secret")


@app.get("/broken-stream")
async def broken_stream() -> StreamingResponse:
    async def body() -> AsyncIterator[bytes]:
        yield b"part\n"
        raise ValueError("secret")

    return StreamingResponse(body(), media_type="text/plain")


@app.websocket("/socket")
async def socket(websocket: WebSocket, id: RequestId) -> None:
    await websocket.accept()
    await websocket.send_text(id)
    async for text in websocket.iter_text():
        await websocket.send_text(text)
    ended.append("socket")
