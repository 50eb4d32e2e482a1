"""Of requests for one answer at once, one makes it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from vivace import Response, Vivace
from vivace.answers import Answer
from vivace.caching import Cache, Entry, Lead, MemoryStore, RedisStore, Store
from vivace.caching.lookup import Found, Lookup
from vivace.testclient import AsyncTestClient

from .conftest import REDIS, Clock


class Gate:
    """An endpoint that says when it runs, and waits until it may go on."""

    def __init__(self) -> None:
        self.runs = 0
        self.is_open = asyncio.Event()
        self._begins: asyncio.Queue[int] = asyncio.Queue()

    async def count(self) -> int:
        self.runs += 1
        number = self.runs
        self._begins.put_nowait(number)
        await self.is_open.wait()
        return number

    async def begun(self, times: int = 1) -> None:
        """Until it has begun so many times more."""
        for _ in range(times):
            await self._begins.get()


def make_app(
    endpoint: Callable[[], Awaitable[Any]], cache: Cache, **options: Any
) -> AsyncTestClient:
    app = Vivace()
    cache.install(app)

    async def read() -> Any:
        return await endpoint()

    app.get("/")(cache.store(60, tags=["t"], **options)(read))
    return AsyncTestClient(app)


async def settle() -> None:
    """Let all tasks go on as far as they can."""
    for _ in range(50):
        await asyncio.sleep(0)


def test_the_others_wait_for_the_one_that_makes_it() -> None:
    async def ask() -> None:
        gate = Gate()
        async with make_app(gate.count, Cache(wait=60)) as client:
            asked = [asyncio.create_task(client.get("/")) for _ in range(50)]
            await gate.begun()
            await settle()
            gate.is_open.set()
            assert {(await one).json() for one in asked} == {1}
        assert gate.runs == 1

    asyncio.run(ask())


def test_what_is_invalidated_while_it_is_made_is_not_kept() -> None:
    async def ask() -> None:
        gate, cache = Gate(), Cache(wait=60)
        async with make_app(gate.count, cache) as client:
            first = asyncio.create_task(client.get("/"))
            await gate.begun()
            await cache.invalidate("t")
            late = asyncio.create_task(client.get("/"))
            await settle()
            gate.is_open.set()
            # Who has asked after that gets a new one.
            assert [(await one).json() for one in (first, late)] == [1, 2]
            assert (await client.get("/")).json() == 2

    asyncio.run(ask())


def test_where_nothing_comes_of_it_the_others_do_not_wait_in_turn() -> None:
    async def ask() -> None:
        gate = Gate()

        async def fail() -> Response:
            return Response(str(await gate.count()), 404)

        async with make_app(fail, Cache(wait=60)) as client:
            first = asyncio.create_task(client.get("/"))
            await gate.begun()
            others = [asyncio.create_task(client.get("/")) for _ in range(5)]
            await settle()
            assert gate.runs == 1
            gate.is_open.set()
            await first
            gate.is_open.clear()
            await gate.begun(5)
            gate.is_open.set()
            assert {(await one).status_code for one in others} == {404}

    asyncio.run(ask())


def test_an_endpoint_that_fails_lets_the_others_go_on() -> None:
    async def ask() -> None:
        gate = Gate()

        async def fail_once() -> int:
            if await gate.count() == 1:
                raise ValueError
            return gate.runs

        async with make_app(fail_once, Cache(wait=60)) as client:
            client_errors = asyncio.create_task(client.get("/"))
            await gate.begun()
            other = asyncio.create_task(client.get("/"))
            await settle()
            gate.is_open.set()
            with pytest.raises(ValueError):
                await client_errors
            assert (await other).json() == 2
            assert (await client.get("/")).json() == 3
            assert (await client.get("/")).json() == 3

    asyncio.run(ask())


def test_nobody_waits_for_longer_than_is_said() -> None:
    async def ask() -> None:
        gate = Gate()
        async with make_app(gate.count, Cache(wait=0.01)) as client:
            first = asyncio.create_task(client.get("/"))
            await gate.begun()
            second = asyncio.create_task(client.get("/"))
            await gate.begun()
            gate.is_open.set()
            assert [(await one).json() for one in (first, second)] == [1, 2]
            assert (await client.get("/")).json() == 1

    asyncio.run(ask())


def test_while_one_makes_it_the_others_have_the_stale_one(clock: Clock) -> None:
    async def ask() -> None:
        gate = Gate()
        gate.is_open.set()
        async with make_app(gate.count, Cache(), stale_while_revalidate=30) as client:
            assert (await client.get("/")).json() == 1
            await gate.begun()
            clock.advance(70)
            gate.is_open.clear()
            leader = asyncio.create_task(client.get("/"))
            await gate.begun()
            others = [(await client.get("/")).json() for _ in range(5)]
            assert (others, gate.runs) == ([1] * 5, 2)
            gate.is_open.set()
            assert (await leader).json() == 1
            assert (await client.get("/")).json() == 2

    asyncio.run(ask())


def test_a_request_that_is_cancelled_lets_the_others_go_on() -> None:
    async def ask() -> None:
        gate = Gate()
        async with make_app(gate.count, Cache(wait=60)) as client:
            first = asyncio.create_task(client.get("/"))
            await gate.begun()
            second = asyncio.create_task(client.get("/"))
            await settle()
            first.cancel()
            await gate.begun()
            gate.is_open.set()
            assert (await second).json() == 2
            assert [(await client.get("/")).json() for _ in range(2)] == [3, 3]

    asyncio.run(ask())


# Two processes, as far as a store can see.


def stores(kind: str, request: pytest.FixtureRequest) -> tuple[Store, Store]:
    if kind == "memory":
        store = MemoryStore()
        return store, store
    prefix = request.getfixturevalue("redis_prefix")
    one, other = (RedisStore(REDIS, prefix=prefix, timeout=30) for _ in range(2))
    return one, other


@pytest.mark.parametrize("kind", ["memory", "redis"])
def test_over_processes_one_makes_it(kind: str, request: pytest.FixtureRequest) -> None:
    async def ask() -> None:
        one, other = stores(kind, request)
        gate = Gate()
        async with (
            make_app(gate.count, Cache(one, wait=60)) as first,
            make_app(gate.count, Cache(other, wait=60)) as second,
        ):
            asked = [asyncio.create_task(client.get("/")) for client in (first, second) * 20]
            await gate.begun()
            await asyncio.sleep(0.1)
            gate.is_open.set()
            assert {(await answer).json() for answer in asked} == {1}
        assert gate.runs == 1

    asyncio.run(ask())


def test_what_was_kept_while_the_lead_was_asked_for_is_not_made_again() -> None:
    class Slow(MemoryStore):
        """By the time that the lead is given, another one has kept the answer."""

        async def lead(self, *given: Any) -> Lead | None:
            lead = await super().lead(*given)
            assert lead is not None
            await self.keep("a", Entry(Answer(200, (), b"x"), time.time(), 60), lead)
            return await super().lead(*given)

    async def ask() -> None:
        store = Slow()
        lookup = Lookup(store, wait=60, lead=60)
        found = await lookup.look("a", [], 60)
        assert found.is_hit
        assert found.turn is None
        # And the lead is given back.
        assert await MemoryStore.lead(store, "a", [], 60, 60)

    asyncio.run(ask())


def test_a_process_that_is_gone_is_waited_for_no_longer_than_its_lead() -> None:
    async def ask() -> Found:
        store = MemoryStore()
        gone, here = (Lookup(store, wait=60, lead=0.05) for _ in range(2))
        assert (await gone.look("a", [], 60)).turn
        started = time.monotonic()
        found = await here.look("a", [], 60)
        assert time.monotonic() - started < 20
        return found

    assert asyncio.run(ask()).turn


def test_who_has_waited_for_another_process_long_enough_makes_its_own() -> None:
    async def ask() -> Found:
        store = MemoryStore()
        one, other = (Lookup(store, wait=0.03, lead=60) for _ in range(2))
        assert (await one.look("a", [], 60)).turn
        return await other.look("a", [], 60)

    assert asyncio.run(ask()) == Found()
