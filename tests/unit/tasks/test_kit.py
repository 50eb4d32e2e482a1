from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vivace import Depends, Vivace
from vivace.tasks import (
    EngineUnavailable,
    GiveUp,
    QueueFull,
    ResultNotKept,
    Status,
    TaskContext,
    TaskFailed,
    Tasks,
    current_task,
)
from vivace.tasks.engines.memory import MemoryEngine
from vivace.testclient import TestClient

pytestmark = pytest.mark.anyio


async def add(a: int, b: int = 1) -> int:
    return a + b


def test_a_task_is_still_a_function(tasks: Tasks) -> None:
    task = tasks.task(add)
    assert asyncio.run(task(1, b=2)) == 3
    assert (getattr(task, "__name__", ""), task.name) == ("add", f"{__name__}.add")
    assert tasks.registered == {task.name: task}


def test_two_tasks_of_one_name_are_refused(tasks: Tasks) -> None:
    tasks.task(add)
    with pytest.raises(ValueError, match=r"There is a task .*add' already"):
        tasks.task(add)
    tasks.task(name="other")(add)


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"retries": -1}, ValueError, "add: retries=-1"),
        ({"retires": 1}, TypeError, "retires"),
        ({"retry_on": (int,)}, TypeError, "no class of exceptions"),
    ],
)
def test_wrong_options_are_refused(
    tasks: Tasks, options: Any, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said):
        tasks.task(**options)(add)


def test_a_time_limit_for_a_thread_is_refused(tasks: Tasks) -> None:
    with pytest.raises(TypeError, match="nothing stops a function in a thread"):

        @tasks.task(timeout=5)
        def work() -> None: ...


def test_a_time_limit_that_rabbitmq_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="after 30 minutes"):
        Tasks("amqp://localhost").task(timeout=3600)(add)


@pytest.mark.parametrize(
    ("url", "options", "said"),
    [
        ("kafka://localhost", {}, "no engine"),
        (None, {"results": "amqp://localhost"}, "keeps no results"),
        (None, {"name": "a.b"}, "is no name"),
        (None, {"queues": ["a b"]}, "is no name"),
        (None, {"lease": 0}, "positive"),
        (None, {"most_dead": 0}, "positive"),
        ("amqp://localhost", {"keep_dead": 50 * 24 * 3600}, "RabbitMQ keeps messages for 4233600"),
    ],
)
def test_a_kit_that_cannot_work_is_refused(url: str | None, options: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Tasks(url, **options)


def test_the_clock_sends_tasks_that_need_nothing(tasks: Tasks) -> None:
    task = tasks.task(add)
    with pytest.raises(TypeError, match="add needs arguments"):
        tasks.every(5)(task)
    with pytest.raises(TypeError, match="is no task"):
        tasks.cron("* * * * *")(add)


def test_of_several_apps_the_one_that_has_started_is_that_of_the_tasks(tasks: Tasks) -> None:
    first, second = Vivace(), Vivace()
    tasks.install(first)
    tasks.install(second)
    assert tasks.app is second
    with TestClient(first):
        assert tasks.app is first
    with TestClient(second):
        assert tasks.app is second


async def test_what_is_sent_runs_beside_the_app(tasks: Tasks) -> None:
    task = tasks.task(add)
    app = Vivace()
    tasks.install(app)

    @app.post("/sum")
    async def send(a: int) -> str:
        return (await task.send(a, b=5)).id

    def ask() -> None:
        with TestClient(app) as client:
            handle = task.handle(client.post("/sum?a=2").json())
            assert client.portal is not None
            assert client.portal.call(handle.result, 5) == 7
            assert client.portal.call(handle.status) is Status.DONE

    await asyncio.to_thread(ask)


def test_an_app_that_stops_runs_what_waits(tasks: Tasks) -> None:
    done: list[int] = []
    closed: list[str] = []

    async def pool() -> AsyncIterator[list[str]]:
        yield closed
        closed.append("closed")

    app = Vivace()
    tasks.install(app)

    @tasks.task
    async def work(number: int, pool: list[str] = Depends(pool, scope="app")) -> None:
        await asyncio.sleep(0.01)
        assert not pool
        done.append(number)
        if number < 5:
            await work.send(number + 1)

    @app.post("/")
    async def send() -> None:
        for _ in range(15):
            await work.send(3)

    with TestClient(app) as client:
        client.post("/")
    assert sorted(done) == [3] * 15 + [4] * 15 + [5] * 15
    assert closed == ["closed"]


async def test_tests_see_what_is_sent(tasks: Tasks) -> None:
    task = tasks.task(add)
    with tasks.testing() as sent:
        handle = await task.send(1, b=2)
        await task.send_in(timedelta(hours=1), 2)
        await task.send_at(datetime(2100, 1, 1, tzinfo=UTC), 3)
        assert [message.arguments for message in sent.messages] == [
            {"a": 1, "b": 2},
            {"a": 2},
            {"a": 3},
        ]
        assert sent.messages[2].due == datetime(2100, 1, 1, tzinfo=UTC).timestamp()
        assert await handle.status() is Status.PENDING
        with pytest.raises(TimeoutError):
            await handle.result(timeout=0.01)
        await tasks.drain()
        assert await handle.result(timeout=1) == 3
        assert (sent.engine.waiting, sent.engine.delayed) == (0, 0)
    assert tasks.memory.waiting == 0


async def test_eager_tasks_run_where_they_are_sent(tasks: Tasks) -> None:
    attempts: list[int] = []

    @tasks.task(retries=2)
    async def work(context: TaskContext = Depends(current_task)) -> None:
        attempts.append(context.attempt)
        raise ValueError("no")

    with tasks.testing(eager=True):
        handle = await work.send()
        assert attempts == [1, 2, 3]
        with pytest.raises(TaskFailed, match="ValueError: no") as failed:
            await handle.result(timeout=1)
        assert (failed.value.id, failed.value.kind) == (handle.id, "ValueError")
        assert [letter.id for letter in await tasks.dead_letters.list()] == [handle.id]


async def test_overrides_of_the_app_hold(tasks: Tasks) -> None:
    app = Vivace()
    tasks.install(app)

    def get_name() -> str:
        return "real"

    @tasks.task
    async def work(name: str = Depends(get_name)) -> str:
        return name

    app.dependency_overrides[get_name] = lambda: "replaced"
    with tasks.testing(eager=True):
        assert await (await work.send()).result(timeout=1) == "replaced"


async def test_a_key_leads_to_the_first_that_was_sent(tasks: Tasks) -> None:
    task = tasks.task(add)
    with tasks.testing() as sent:
        first = await task.sending(key="a").send(1)
        second = await task.sending(key="a").send(2)
        other = await task.sending(key="b").send(3)
        await tasks.drain()
        assert first.id == second.id != other.id
        assert await second.result(timeout=1) == 2
        assert sent.engine.waiting == 0


async def test_wrong_sendings_are_refused(tasks: Tasks) -> None:
    task = tasks.task(add)
    with pytest.raises(ValueError, match="has no time zone"):
        await task.send_at(datetime(2030, 1, 1), 1)
    with pytest.raises(ValueError, match="two times"):
        task.sending(delay=1, at=datetime.now(UTC))
    with pytest.raises(ValueError, match="no queue 'other'"):
        task.sending(queue="other")


async def test_sending_waits_for_an_engine_that_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tasks = Tasks(timeout=0.5)
    task = tasks.task(add)
    put, failures = MemoryEngine.put, [EngineUnavailable("away"), EngineUnavailable("away")]

    async def failing(engine: MemoryEngine, *args: Any, **kwargs: Any) -> None:
        if failures:
            raise failures.pop()
        await put(engine, *args, **kwargs)

    monkeypatch.setattr(MemoryEngine, "put", failing)
    await task.send(1)
    assert tasks.memory.waiting == 1
    failures += [EngineUnavailable("away") for _ in range(100)]
    with pytest.raises(EngineUnavailable, match="out of reach: away") as away:
        await task.send(1)
    assert away.value.status_code == 503
    failures[:] = [QueueFull("full")]
    with pytest.raises(QueueFull):
        await task.send(1)


async def test_results_that_nobody_keeps_are_said_to_be_so(tasks: Tasks) -> None:
    task = tasks.task(keep_result=False)(add)
    with tasks.testing(eager=True):
        handle = await task.send(1)
        with pytest.raises(ResultNotKept, match="keep_result=False"):
            await handle.status()
    other = Tasks("amqp://localhost")
    with pytest.raises(ResultNotKept, match='results="redis'):
        await other.task(add).handle("1").status()


async def test_tasks_in_an_engine_are_not_drained() -> None:
    with pytest.raises(RuntimeError, match=r"tasks\.testing"):
        await Tasks("amqp://localhost").drain()


async def test_dead_letters_are_listed_replayed_and_discarded(tasks: Tasks) -> None:
    @tasks.task(retries=1)
    async def work(number: int) -> None:
        raise GiveUp("no") if number else ValueError("wrong")

    with tasks.testing() as sent:
        handles = [await work.send(number) for number in range(3)]
        await tasks.drain()
        letters = await tasks.dead_letters.list()
        found = [(one.kind, one.attempts, one.arguments["number"]) for one in letters]
        # Those that have failed first.
        assert found == [("GiveUp", 1, 1), ("GiveUp", 1, 2), ("ValueError", 2, 0)]
        assert len(await tasks.dead_letters.list(most=2)) == 2
        # One that is named is found behind any number of others.
        assert await tasks.dead_letters.discard(most=0) == 0
        assert await tasks.dead_letters.discard(handles[1].id, most=0) == 1
        assert await handles[0].status() is Status.FAILED
        assert await tasks.dead_letters.replay(handles[0].id) == 1
        # What is known is not of the time before.
        assert await handles[0].status() is Status.PENDING
        assert [message.id for message in sent.messages[3:]] == [handles[0].id]
        assert sent.messages[-1].attempt == 1 and not sent.messages[-1].failure
        assert await tasks.dead_letters.replay() == 1
        assert await tasks.dead_letters.discard() == 0
