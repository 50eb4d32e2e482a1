"""An app with tasks, which note in a file what becomes of them."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from vivace import Depends, Response, Vivace
from vivace.tasks import Backoff, GiveUp, TaskContext, Tasks, current_task

NOTES, GATE = Path(os.environ["TASKS_NOTES"]), Path(os.environ["TASKS_GATE"])

tasks = Tasks(
    os.environ["TASKS_URL"],
    name=os.environ["TASKS_NAME"],
    results=os.environ.get("TASKS_RESULTS"),
    queues=["urgent"],
    replicas=int(os.environ.get("TASKS_REPLICAS", "1")),
    lease=float(os.environ.get("TASKS_LEASE", "60")),
    most_waiting=int(os.environ.get("TASKS_MOST", "100000")),
    keep_results=float(os.environ.get("TASKS_KEEP", "3600")),
    timeout=float(os.environ.get("TASKS_TIMEOUT", "10")),
)
app = Vivace()
tasks.install(app)


def note(event: str, number: int, context: TaskContext) -> None:
    """Write down that something has happened, in one step for all processes."""
    line = f"{event} {number} {os.getpid()} {context.attempt} {context.id} {time.time()}\n"
    with NOTES.open("a") as file:
        file.write(line)


@tasks.task
async def quick(number: int, context: TaskContext = Depends(current_task)) -> int:
    note("done", number, context)
    return number * 2


@tasks.task(retries=0)
async def slow(
    number: int, seconds: float = 0.0, context: TaskContext = Depends(current_task)
) -> None:
    note("begun", number, context)
    await asyncio.sleep(seconds)
    is_held = GATE.exists
    while is_held():  # noqa: ASYNC110 - it is a file that tells
        await asyncio.sleep(0.02)
    note("done", number, context)


@tasks.task(retries=0)
def blocking(number: int, context: TaskContext = Depends(current_task)) -> None:
    note("begun", number, context)
    while GATE.exists():
        time.sleep(0.02)
    note("done", number, context)


@tasks.task(retries=3, backoff=Backoff(0.3, jitter=0))
async def flaky(number: int, context: TaskContext = Depends(current_task)) -> str:
    note("tried", number, context)
    if context.attempt < 3:
        raise OSError("not yet")
    return "at last"


@tasks.task(retries=1, backoff=Backoff(0.1), no_retry=(KeyError,))
async def failing(number: int, context: TaskContext = Depends(current_task)) -> None:
    note("tried", number, context)
    if number == 1:
        raise GiveUp("for good")
    if number == 2:
        raise KeyError("no use")
    raise ValueError(f"wrong: {number}")


if os.environ.get("TASKS_CLOCK"):

    @tasks.every(1)
    @tasks.task
    async def tick(context: TaskContext = Depends(current_task)) -> None:
        note("tick", int(context.sent_at.timestamp()), context)


@app.get("/health")
async def health(response: Response) -> None:
    response.headers["X-Process"] = str(os.getpid())


@app.post("/quick/{number}")
async def send_quick(number: int) -> int:
    await quick.send(number)
    return os.getpid()
