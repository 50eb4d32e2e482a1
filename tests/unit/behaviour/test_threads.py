"""Functions that may block take a thread, and never keep the event loop or each other waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from queue import Queue
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest

from vivace import BackgroundTasks, Depends, Response, Vivace
from vivace.responses import FileResponse, StreamingResponse
from vivace.testclient import TestClient

POOL_SIZE = 5
REQUESTS = 200


class Pool:
    """A few connections, for which callers wait in their threads."""

    def __init__(self) -> None:
        self.connections: Queue[int] = Queue()
        for number in range(POOL_SIZE):
            self.connections.put(number)
        self.most_in_use = 0

    def borrow(self) -> Iterator[int]:
        connection = self.connections.get(timeout=20)
        self.most_in_use = max(self.most_in_use, POOL_SIZE - self.connections.qsize())
        try:
            yield connection
        finally:
            self.connections.put(connection)


def sleeping(connection: int) -> int:
    time.sleep(0.001)
    return connection


async def answers(app: Vivace, path: str, requests: int, threads: int) -> list[int]:
    """The statuses of as many requests at once, with that many threads."""
    anyio.to_thread.current_default_thread_limiter().total_tokens = threads
    statuses: list[int] = []
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:

        async def ask() -> None:
            statuses.append((await client.get(path, timeout=60)).status_code)

        async with anyio.create_task_group() as group:
            for _ in range(requests):
                group.start_soon(ask)
    return statuses


PATHS = ["/endpoint", "/nested", "/async", "/function", "/stream", "/response", "/file", "/task"]


@pytest.mark.parametrize("path", PATHS)
def test_a_pool_smaller_than_the_threads_cannot_lock_them_all_up(path: str) -> None:
    app = Vivace()
    pool = Pool()

    @app.get("/endpoint")
    def use(connection: int = Depends(pool.borrow)) -> int:
        return sleeping(connection)

    def repository(connection: int = Depends(pool.borrow)) -> Iterator[int]:
        time.sleep(0.001)
        yield connection
        time.sleep(0.001)

    def service(repository: int = Depends(repository)) -> int:
        return sleeping(repository)

    @app.get("/nested")
    def use_nested(service: int = Depends(service)) -> int:
        return sleeping(service)

    @app.get("/async")
    async def use_in_place(service: int = Depends(service)) -> int:
        return service

    @app.get("/function")
    def use_early(connection: int = Depends(pool.borrow, scope="function")) -> int:
        return sleeping(connection)

    @app.get("/stream")
    def stream(connection: int = Depends(pool.borrow)) -> Iterator[int]:
        for _ in range(3):
            yield sleeping(connection)

    @app.get("/response")
    def respond(connection: int = Depends(pool.borrow)) -> StreamingResponse:
        return StreamingResponse(str(sleeping(connection)) for _ in range(3))

    @app.get("/file")
    def send_file(connection: int = Depends(pool.borrow)) -> FileResponse:
        return FileResponse(__file__)

    @app.get("/task")
    def promise(tasks: BackgroundTasks, connection: int = Depends(pool.borrow)) -> None:
        tasks.add_task(sleeping, connection)

    statuses = anyio.run(answers, app, path, REQUESTS, 10)
    assert statuses == [200] * REQUESTS
    assert pool.connections.qsize() == POOL_SIZE
    assert pool.most_in_use == POOL_SIZE


def test_requests_that_hold_something_else_cannot_keep_a_pool_from_being_given_back() -> None:
    app = Vivace()
    pool = Pool()

    def settings() -> Iterator[str]:
        yield "settings"

    async def user(settings: str = Depends(settings)) -> str:
        return settings

    def connect(user: str = Depends(user), connection: int = Depends(pool.borrow)) -> int:
        return connection

    @app.get("/long")
    def use_last(connection: int = Depends(connect)) -> int:
        return sleeping(connection)

    all_borrowed, go_on, borrowed = anyio.Event(), anyio.Event(), set[int]()

    async def prepared(connection: int = Depends(pool.borrow)) -> AsyncIterator[int]:
        borrowed.add(connection)
        if len(borrowed) == POOL_SIZE:
            all_borrowed.set()
        await go_on.wait()
        yield connection

    @app.get("/short")
    def use_first(connection: int = Depends(prepared)) -> int:
        return sleeping(connection)

    async def run() -> list[int]:
        statuses: list[int] = []
        async with anyio.create_task_group() as group:

            async def ask(path: str, requests: int) -> None:
                statuses.extend(await answers(app, path, requests, 10))

            group.start_soon(ask, "/short", POOL_SIZE)
            with anyio.fail_after(20):
                await all_borrowed.wait()
            assert pool.connections.empty()
            group.start_soon(ask, "/long", 60)
            # Until they wait for what the others hold.
            await anyio.sleep(0.2)
            go_on.set()
        return statuses

    assert anyio.run(run) == [200] * (POOL_SIZE + 60)


def blocking_app() -> Vivace:
    app = Vivace()

    def wait() -> None:
        time.sleep(0.5)

    def wait_and_yield() -> Iterator[None]:
        time.sleep(0.25)
        yield
        time.sleep(0.25)

    @app.get("/endpoint")
    def slow() -> str:
        time.sleep(0.5)
        return threading.current_thread().name

    @app.get("/dependency", dependencies=[Depends(wait)])
    async def behind() -> str:
        return "slow"

    @app.get("/generator", dependencies=[Depends(wait_and_yield)])
    async def within() -> str:
        return "slow"

    @app.get("/stream")
    def stream() -> Iterator[str]:
        time.sleep(0.5)
        yield "slow"

    @app.exception_handler(LookupError)
    def handle(request: Any, error: LookupError) -> Any:
        time.sleep(0.5)
        return Response("slow")

    @app.get("/handler")
    async def fail() -> None:
        raise LookupError

    @app.get("/quick")
    async def quick() -> str:
        return "quick"

    return app


@pytest.mark.parametrize("path", ["/endpoint", "/dependency", "/generator", "/stream", "/handler"])
def test_the_loop_goes_on_while_a_function_blocks(path: str) -> None:
    async def run() -> tuple[int, int]:
        transport = httpx.ASGITransport(blocking_app())
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            await client.get("/quick")
            served = 0
            slow = 0

            async def ask_slow() -> None:
                nonlocal slow
                slow = (await client.get(path)).status_code
                group.cancel_scope.cancel()

            async with anyio.create_task_group() as group:
                group.start_soon(ask_slow)
                while True:
                    await client.get("/quick")
                    await anyio.sleep(0.001)
                    served += 1
            return slow, served

    slow, served = anyio.run(run)
    assert slow == 200
    # One would have been answered before the slow one if that held the loop.
    assert served > 10


def test_many_functions_block_side_by_side() -> None:
    started = time.monotonic()
    assert anyio.run(answers, blocking_app(), "/endpoint", 20, 40) == [200] * 20
    # One after the other they would take ten seconds.
    assert time.monotonic() - started < 5


def test_an_endpoint_that_may_block_is_not_on_the_thread_of_the_loop() -> None:
    name = TestClient(blocking_app()).get("/endpoint").json()
    assert name != threading.current_thread().name
    assert "worker" in name.lower()


def test_a_limit_of_a_dependency_holds_over_all_requests() -> None:
    app = Vivace()
    lock = threading.Lock()
    running = 0
    most = 0

    @asynccontextmanager
    async def counted() -> AsyncIterator[None]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        await anyio.sleep(0.005)
        try:
            yield
        finally:
            with lock:
                running -= 1

    async def narrow() -> AsyncIterator[None]:
        async with counted():
            yield

    @app.get("/", dependencies=[Depends(narrow, max_concurrency=3)])
    async def use() -> str:
        await anyio.sleep(0.005)
        return "used"

    assert anyio.run(answers, app, "/", 30, 10) == [200] * 30
    assert most == 3
