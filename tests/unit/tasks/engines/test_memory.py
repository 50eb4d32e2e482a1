from __future__ import annotations

import asyncio
import threading
import time

import pytest

from vivace.tasks import QueueFull
from vivace.tasks.engines.memory import MemoryEngine
from vivace.tasks.message import Message

from ..conftest import settings

pytestmark = pytest.mark.anyio


async def ids(engine: MemoryEngine, *queues: str, most: int = 10) -> list[str]:
    taken = engine.take_now(queues or ("default",), most)
    return [Message.decode(delivery.body).id for delivery in taken]


async def test_tasks_come_in_the_order_in_which_they_were_put(engine: MemoryEngine) -> None:
    for number in range(3):
        await engine.put(Message(str(number), "work"))
    assert await ids(engine, most=2) == ["0", "1"]
    assert await ids(engine) == ["2"]
    assert await engine.take(("default",), 1, 0.001) == []


async def test_queues_that_stand_first_go_first(engine: MemoryEngine) -> None:
    for queue in ("slow", "default", "urgent"):
        await engine.put(Message(queue, "work", queue=queue))
    assert await ids(engine, "urgent", "default") == ["urgent", "default"]


async def test_what_is_not_due_waits(engine: MemoryEngine) -> None:
    await engine.put(Message("later", "work", due=time.time() + 0.05))
    await engine.put(Message("much later", "work", due=time.time() + 60))
    assert (engine.waiting, engine.delayed) == (0, 2)
    [delivery] = await engine.take(("default",), 10, 10)
    assert Message.decode(delivery.body).id == "later"
    assert [d.body for d in engine.take_now(("default",), 10, early=True)]


async def test_whoever_waits_is_woken_also_from_another_thread(engine: MemoryEngine) -> None:
    async def put() -> None:
        await engine.put(Message("1", "work"))

    waiting = asyncio.create_task(engine.take(("default",), 1, 30))
    await asyncio.sleep(0)
    thread = threading.Thread(target=lambda: asyncio.run(put()))
    thread.start()
    assert len(await waiting) == 1
    thread.join()


async def test_a_full_queue_takes_no_more(engine: MemoryEngine) -> None:
    engine = MemoryEngine(settings(most_waiting=2))
    await engine.put(Message("1", "work"))
    await engine.put(Message("2", "work", due=time.time() + 60))
    with pytest.raises(QueueFull) as refused:
        await engine.put(Message("3", "work"))
    assert refused.value.status_code == 503 and "2 wait in default" in str(refused.value)
    # What was accepted once is not refused when it is tried again.
    await engine.take_now(("default",), 1)[0].replace(Message("1", "work", attempt=2))


async def test_a_key_is_remembered_for_a_time() -> None:
    engine = MemoryEngine(settings(remember_keys=0.05))
    for id in ("1", "2"):
        await engine.put(Message(id, "work"), key="a")
    await engine.put(Message("3", "work"), key="b")
    await asyncio.sleep(0.06)
    await engine.put(Message("4", "work"), key="a")
    assert await ids(engine) == ["1", "3", "4"]


async def test_of_too_many_dead_letters_the_oldest_go() -> None:
    engine = MemoryEngine(settings(most_dead=2))
    assert [engine.bury(Message(id, "work")) for id in ("1", "2", "3")] == [False, True, True]
    seen: list[str] = []

    async def visit(message: Message) -> bool:
        seen.append(message.id)
        return message.id == "2"

    await engine.visit_dead(visit, 10)
    await engine.visit_dead(visit, 10)
    assert seen == ["2", "3", "3"]


async def test_dead_letters_go_after_a_time() -> None:
    engine = MemoryEngine(settings(keep_dead=0.05))
    seen: list[str] = []

    async def visit(message: Message) -> bool:
        seen.append(message.id)
        return False

    engine.bury(Message("1", "work"))
    await asyncio.sleep(0.06)
    engine.bury(Message("2", "work"))
    await engine.visit_dead(visit, 10)
    assert seen == ["2"]
