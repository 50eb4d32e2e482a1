"""An app with a cache, for servers that share a Redis.

``CACHED_REDIS`` and ``CACHED_PREFIX`` say where answers are. Each run of an endpoint is a line in
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
    os.environ["CACHED_REDIS"], prefix=os.environ["CACHED_PREFIX"], timeout=3, pause=0.3
)
cache = Cache(store, wait=30, lead=2)
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
