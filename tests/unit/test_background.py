from __future__ import annotations

import threading

import pytest
from starlette.responses import PlainTextResponse

import vivace
from vivace import Vivace
from vivace.background import BackgroundTask, BackgroundTasks
from vivace.testclient import TestClient


def test_the_class_is_public() -> None:
    assert vivace.BackgroundTasks is BackgroundTasks


@pytest.mark.anyio
async def test_tasks_run_in_order_with_their_arguments() -> None:
    calls: list[tuple[int, str]] = []

    async def note_later(number: int, *, by: str) -> None:
        calls.append((number, by))

    def note(number: int, *, by: str) -> None:
        calls.append((number, by))

    tasks = BackgroundTasks()
    tasks.add_task(note_later, 1, by="coroutine")
    tasks.add_task(note, 2, by="thread")
    tasks.add_task(note_later, 3, by="coroutine")
    await tasks()
    assert calls == [(1, "coroutine"), (2, "thread"), (3, "coroutine")]


@pytest.mark.anyio
async def test_a_plain_function_runs_in_a_thread() -> None:
    threads: list[int] = []
    tasks = BackgroundTasks()
    tasks.add_task(lambda: threads.append(threading.get_ident()))
    await tasks()
    assert threads and threads != [threading.get_ident()]


@pytest.mark.anyio
async def test_there_may_be_no_tasks() -> None:
    tasks = BackgroundTasks()
    await tasks()
    assert tasks.tasks == []


@pytest.mark.anyio
async def test_a_task_that_fails_ends_those_after_it() -> None:
    calls: list[int] = []

    async def fail() -> None:
        raise LookupError("lost")

    tasks = BackgroundTasks(
        [BackgroundTask(calls.append, 1), BackgroundTask(fail), BackgroundTask(calls.append, 2)]
    )
    with pytest.raises(LookupError, match="lost"):
        await tasks()
    assert calls == [1]


def test_tasks_run_when_the_response_has_been_made() -> None:
    app = Vivace()
    order: list[str] = []

    @app.get("/")
    async def read(tasks: BackgroundTasks) -> str:
        tasks.add_task(order.append, "task")
        order.append("endpoint")
        return "done"

    assert TestClient(app).get("/").json() == "done"
    assert order == ["endpoint", "task"]


def test_tasks_of_a_dependency_and_of_the_endpoint_are_one_list() -> None:
    app = Vivace()
    order: list[str] = []

    def note(tasks: BackgroundTasks) -> None:
        tasks.add_task(order.append, "dependency")

    @app.get("/", dependencies=[vivace.Depends(note)])
    async def read(tasks: BackgroundTasks) -> None:
        tasks.add_task(order.append, "endpoint")

    TestClient(app).get("/")
    assert order == ["dependency", "endpoint"]


def test_a_response_may_carry_tasks_itself() -> None:
    app = Vivace()
    calls: list[str] = []

    @app.get("/")
    async def read() -> PlainTextResponse:
        tasks = BackgroundTasks()
        tasks.add_task(calls.append, "task")
        return PlainTextResponse("done", background=tasks)

    assert TestClient(app).get("/").text == "done"
    assert calls == ["task"]


def test_nothing_runs_where_the_endpoint_fails() -> None:
    app = Vivace()
    calls: list[str] = []

    @app.get("/")
    async def read(tasks: BackgroundTasks) -> None:
        tasks.add_task(calls.append, "task")
        raise vivace.HTTPException(409)

    assert TestClient(app).get("/").status_code == 409
    assert calls == []
