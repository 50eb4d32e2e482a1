"""Middleware in many orders: whatever stands around what, the response is one of HTTP."""

from __future__ import annotations

import asyncio
import gzip
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from vivace import APIRouter, BackgroundTasks, HTTPException, Request, Response, Vivace
from vivace.caching import Cache, ETagMiddleware
from vivace.idempotency import Idempotency
from vivace.middleware import (
    AccessLogMiddleware,
    CallNext,
    CompressionMiddleware,
    FunctionMiddleware,
    RequestIdMiddleware,
    SecurityHeadersMiddleware,
    ServerTimingMiddleware,
)
from vivace.middleware.exchange import AppResponse
from vivace.ratelimit import Limiter
from vivace.responses import StreamingResponse
from vivace.versioning import ByHeader, Versions

from .asgi import Connection, http_scope

TEXT = {"text": "x" * 2000}


class Kits:
    """What the decorators of one app are taken from."""

    def __init__(self) -> None:
        self.cache, self.idempotency, self.limiter = Cache(), Idempotency(), Limiter()


async def pass_on(request: Request, call_next: CallNext) -> Response:
    return await call_next(request)


async def make_anew(request: Request, call_next: CallNext) -> Response:
    response = await call_next(request)
    if response.status_code != 200 or request.method == "HEAD":
        return response
    assert isinstance(response, AppResponse)
    chunks: list[Any] = [chunk async for chunk in response.body_iterator]
    fields = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Response(b"".join(chunks), headers=fields)


Install = Callable[[Vivace, Kits], Any]
MIDDLEWARE: dict[str, Install] = {
    "compression": lambda app, kits: app.add_middleware(CompressionMiddleware, levels={"gzip": 1}),
    "cache": lambda app, kits: kits.cache.install(app),
    "etag": lambda app, kits: app.add_middleware(ETagMiddleware),
    "idempotency": lambda app, kits: kits.idempotency.install(app),
    "limiter": lambda app, kits: kits.limiter.install(app, "10000/minute"),
    "security": lambda app, kits: app.add_middleware(SecurityHeadersMiddleware),
    "timing": lambda app, kits: app.add_middleware(ServerTimingMiddleware),
    "log": lambda app, kits: app.add_middleware(AccessLogMiddleware),
    "id": lambda app, kits: app.add_middleware(RequestIdMiddleware),
    "function": lambda app, kits: app.add_middleware(FunctionMiddleware, dispatch=pass_on),
    "another": lambda app, kits: app.add_middleware(FunctionMiddleware, dispatch=make_anew),
}


def make_router(kits: Kits) -> APIRouter:
    router = APIRouter()
    vary = ["Accept-Encoding", "API-Version"]

    @router.get("/plain")
    async def plain() -> dict[str, str]:
        return TEXT

    @router.get("/limited")
    @kits.limiter.limit("1000/minute")
    @kits.cache.store(60, vary=vary)
    def limited(tasks: BackgroundTasks) -> dict[str, str]:
        tasks.add_task(len, "")
        return TEXT

    @router.get("/tagged")
    @kits.cache.store(60, vary=vary)
    async def tagged(response: Response) -> dict[str, str]:
        response.headers.update({"ETag": '"a"', "Vary": "Accept-Encoding"})
        return TEXT

    @router.post("/ordered", status_code=201)
    @kits.idempotency.required
    async def ordered() -> dict[str, str]:
        return TEXT

    @router.get("/streamed")
    async def streamed() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield b"x" * 500

        return StreamingResponse(parts(), media_type="text/plain")

    @router.get("/empty", status_code=204)
    async def empty() -> None: ...

    @router.get("/refused")
    async def refused() -> None:
        raise HTTPException(418, "x" * 2000, {"Vary": "Cookie"})

    return router


def make_app(order: list[str]) -> Vivace:
    app, inner, kits, versions = Vivace(), Vivace(), Kits(), Versions("1", "2", by=[ByHeader()])
    for name in order:
        MIDDLEWARE[name](app, kits)
    app.include_router(make_router(kits))
    inner.include_router(make_router(kits))
    app.mount("/mounted", inner)
    versions.include_router(make_router(kits))
    versions.install(app, prefix="/versioned")
    return app


REQUESTS = [
    (method, path, {"Accept-Encoding": coding} if coding else {})
    for path in ("/plain", "/limited", "/tagged", "/streamed", "/empty", "/refused", "/nowhere")
    for method in ("GET", "HEAD")
    for coding in ("gzip", "")
] + [("POST", "/ordered", {"Idempotency-Key": key}) for key in ("a", "b", "a")]


async def ask(app: Vivace, method: str, path: str, headers: dict[str, str]) -> Connection:
    given = {"API-Version": "2", **headers}.items()
    connection = Connection(scope=http_scope(path, method, given))
    return await connection.call(app)


def check(asked: Connection) -> bytes:
    """Check that a response is one of HTTP; its content, without coding."""
    start, *bodies = asked.sent
    assert start["type"] == "http.response.start"
    assert {message["type"] for message in bodies} == {"http.response.body"}
    assert [message.get("more_body", False) for message in bodies][-1:] == [False]
    assert all(message["more_body"] for message in bodies[:-1])
    names = [name for name, _ in start["headers"]]
    assert len(names) == len({*names}), names
    vary = [name.strip().lower() for name in asked.headers.get("vary", "").split(",")]
    assert len(vary) == len({*vary}), vary
    is_coded = "content-encoding" in asked.headers
    assert "accept-encoding" in vary or not is_coded
    if asked.status in (204, 304):
        assert not asked.body and asked.headers.get("content-length", "0") == "0"
    elif asked.scope["method"] != "HEAD":
        assert int(asked.headers.get("content-length", len(asked.body))) == len(asked.body)
    return gzip.decompress(asked.body) if is_coded and asked.body else asked.body


def orders() -> list[list[str]]:
    names, chosen = [*MIDDLEWARE], random.Random(9)
    # Of two of them, each stands inside of the other in some order.
    return [names, names[::-1], *(chosen.sample(names, len(names)) for _ in range(2))]


@pytest.mark.parametrize("prefix", ["", "/mounted", "/versioned"])
@pytest.mark.parametrize("order", orders(), ids="-".join)
def test_in_any_order_a_response_is_what_it_is_without(order: list[str], prefix: str) -> None:
    async def compare() -> None:
        app, plain = make_app(order), make_app(["cache", "idempotency"])
        for method, path, headers in REQUESTS:
            asked = [await ask(one, method, prefix + path, headers) for one in (app, plain)]
            contents = [check(one) for one in asked]
            assert asked[0].status == asked[1].status
            if method != "HEAD":
                assert contents[0] == contents[1]
            if prefix == "/versioned" and path != "/nowhere":
                assert all("api-version" in one.headers["vary"].lower() for one in asked)
            etag = asked[0].headers.get("etag")
            if method == "GET" and etag and asked[0].status == 200:
                known = await ask(app, method, prefix + path, {**headers, "If-None-Match": etag})
                check(known)
                assert (known.status, known.headers["etag"]) == (304, etag)

    asyncio.run(compare())
