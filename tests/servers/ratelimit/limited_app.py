"""An app with limits, for servers of several processes.

``LIMITED_REDIS`` and ``LIMITED_PREFIX`` say where it counts, and ``LIMITED_TIMEOUT`` for how long
it waits for that. Each response says which process has made it.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable

from vivace import Request, Response, Vivace, WebSocket
from vivace.ratelimit import ClientAddress, Limiter, RedisStore, Window

store = RedisStore(
    os.environ["LIMITED_REDIS"],
    prefix=os.environ["LIMITED_PREFIX"],
    timeout=float(os.environ["LIMITED_TIMEOUT"]),
    pause=0.5,
)
limiter = Limiter(store)
behind_proxy = Limiter(store, address=ClientAddress(["10.0.0.0/8", "127.0.0.1"]))
app = Vivace()


def by_test(request: Request) -> str:
    return request.headers["x-test"]


def declare(window: Window) -> None:
    async def count() -> None: ...

    limit = limiter.limit("100/day;1000/365 days", by=by_test, window=window, uncounted="refuse")
    app.get(f"/{window}")(limit(count))


windows: list[Window] = ["fixed", "sliding", "token"]
for window in windows:
    declare(window)


@app.get("/health")
async def health() -> None: ...


@app.get("/open")
@limiter.limit("5/day", by=by_test)
async def read_open() -> None: ...


@app.get("/closed")
@limiter.limit("5/day", by=by_test, uncounted="refuse")
async def read_closed() -> None: ...


@app.get("/address")
@behind_proxy.limit("3/day", uncounted="refuse")
async def read_address() -> None: ...


@app.websocket("/socket")
@behind_proxy.limit("2/day", uncounted="refuse")
async def open_socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


@app.middleware("http")
async def name_process(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await call_next(request)
    response.headers["x-process"] = str(os.getpid())
    return response
