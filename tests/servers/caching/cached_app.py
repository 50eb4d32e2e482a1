"""An app with a cache, for servers that share a Redis.

``CACHED_REDIS`` says where answers are, ``CACHED_TIMEOUT`` how long it is waited for, and
``CACHED_LEAD`` how long whoever makes one. Each run of an endpoint is a line in
``CACHED_RUNS``, and while the file ``CACHED_GATE`` is there, it goes no further.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

from vivace import Depends, Header, HTTPException, Vivace
from vivace.caching import Cache, RedisStore

runs, gate = Path(os.environ["CACHED_RUNS"]), Path(os.environ["CACHED_GATE"])
store = RedisStore(
    os.environ["CACHED_REDIS"],
    prefix="test",
    timeout=float(os.environ.get("CACHED_TIMEOUT", "20")),
    pause=0.3,
)
cache = Cache(store, wait=60, lead=float(os.environ.get("CACHED_LEAD", "60")))
app = Vivace()
cache.install(app)


def write_run() -> int:
    with runs.open("a") as file:
        file.write(f"{os.getpid()}\n")
    return len(runs.read_text().splitlines())


@app.get("/books/{book}")
@cache.store(3600, tags=["book:{book}"])
async def read(book: str) -> int:
    number = write_run()
    is_held = gate.exists
    while is_held():  # noqa: ASYNC110 - it is a file that tells
        await asyncio.sleep(0.01)
    return number


@app.put("/books/{book}")
@cache.invalidates("book:{book}")
async def change(book: str) -> None: ...


def guard(authorization: Annotated[str, Header()] = "") -> None:
    if authorization != "good":
        raise HTTPException(401)


@app.get("/guarded", dependencies=[Depends(guard)])
@cache.store(3600, shared=True)
async def read_guarded() -> int:
    return write_run()
