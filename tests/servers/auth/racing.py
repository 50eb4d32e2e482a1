"""Replaces one record from two processes: ``racing.py KIND ADDRESS PREFIX ID``.

They are forked when the store has been made, and used. Servers start theirs by spawning.
Each counts ``epoch`` up 25 times; printed is how often each was too late, and what came out.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
from typing import Any

from vivace.auth import RedisStore, SQLStore, Store, TokenFamily

KIND, ADDRESS, PREFIX, ID = sys.argv[1:]
STORE: Store = RedisStore(ADDRESS, prefix=PREFIX) if KIND == "redis" else SQLStore(ADDRESS)


async def count(ready: Any) -> int:
    await STORE.open()
    ready.wait()
    late = 0
    for _ in range(25):
        while True:
            family = await STORE.get(TokenFamily, ID)
            assert family is not None
            if await STORE.replace(family, epoch=family.epoch + 1) is not None:
                break
            late += 1
    await STORE.close()
    return late


def run(ready: Any, answers: Any) -> None:
    answers.put(asyncio.run(count(ready)))


async def result() -> TokenFamily | None:
    await STORE.open()
    family = await STORE.get(TokenFamily, ID)
    await STORE.close()
    return family


def main() -> None:
    asyncio.run(result())
    context: Any = multiprocessing.get_context("fork")
    ready, answers = context.Barrier(2), context.Queue()
    processes = [context.Process(target=run, args=(ready, answers)) for _ in range(2)]
    for process in processes:
        process.start()
    late = [answers.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    family = asyncio.run(result())
    assert family is not None
    print(family.epoch, family.version, *late)


if __name__ == "__main__":
    main()
