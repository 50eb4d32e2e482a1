"""A task: a function that can be called, and that can be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import update_wrapper
from time import time
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar
from uuid import NAMESPACE_URL, uuid4, uuid5

from vivace.tasks.arguments import Arguments
from vivace.tasks.errors import ResultNotKept, TaskFailed
from vivace.tasks.message import Message
from vivace.tasks.options import TaskOptions
from vivace.tasks.results import Record, Status
from vivace.tasks.tracing import current_trace

if TYPE_CHECKING:
    from vivace.tasks.kit import Tasks

P = ParamSpec("P")
#: What calling the function gives: a coroutine, where it is ``async def``.
C = TypeVar("C")
#: What the function returns.
R = TypeVar("R")

#: Seconds between two looks at a result: at first, and at most.
FIRST_LOOK, LONGEST_LOOK = 0.02, 0.5


class Task(Generic[P, C, R]):
    """A function that workers can run; :meth:`vivace.tasks.Tasks.task` makes one.

    Calling it calls the function, here and now, as if it were no task: with all of its parameters,
    for tests and for other code.

    Attributes:
        name: What it is called in messages.
        function: The function.
        options: What was declared.
        arguments: Its parameters.
    """

    def __init__(
        self, kit: Tasks, function: Callable[P, C], name: str, options: TaskOptions
    ) -> None:
        self._kit = kit
        self.function = function
        self.name = name
        self.options = options
        self.arguments = Arguments(function, keep_result=options.keep_result)
        update_wrapper(self, function)

    def __repr__(self) -> str:
        return f"<Task {self.name}>"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> C:
        return self.function(*args, **kwargs)

    async def send(self, *args: P.args, **kwargs: P.kwargs) -> Handle[R]:
        """Have a worker run it. When this returns, the engine has it.

        Dependencies are not given: the worker makes them.

        Raises:
            EngineUnavailable: The engine does not answer.
            QueueFull: Too many tasks wait.
            TypeError, ValueError: The arguments are not those of the function, or too large.
        """
        return await self.sending().send(*args, **kwargs)

    async def send_in(
        self, delay: float | timedelta, /, *args: P.args, **kwargs: P.kwargs
    ) -> Handle[R]:
        """The same, to be run in ``delay`` seconds at the earliest."""
        return await self.sending(delay=delay).send(*args, **kwargs)

    async def send_at(self, when: datetime, /, *args: P.args, **kwargs: P.kwargs) -> Handle[R]:
        """The same, to be run at ``when`` at the earliest.

        Raises:
            ValueError: ``when`` has no time zone.
        """
        return await self.sending(at=when).send(*args, **kwargs)

    def sending(
        self,
        *,
        key: str | None = None,
        delay: float | timedelta | None = None,
        at: datetime | None = None,
        queue: str | None = None,
    ) -> Sending[P, R]:
        """How a task is sent, where there is more to say of it: ``task.sending(key="a").send()``.

        Args:
            key: What was sent with this key before, within ``remember_keys`` seconds, is not sent
                again. The handle is that of the first one.
            delay: Seconds to wait at least.
            at: When it is to run at the earliest; with a time zone.
            queue: Another queue than that of the task.

        Raises:
            ValueError: There is no such queue, two times, or one without a time zone.
        """
        if queue is not None and queue not in self._kit.queues:
            raise ValueError(
                f"There is no queue {queue!r}. Declare a task with it, or name it: "
                f"Tasks(queues=[{queue!r}])."
            )
        return Sending(self._kit, self, key, _due(delay, at), queue or self.options.queue)

    def handle(self, id: str) -> Handle[R]:
        """The handle of a task that was sent before, maybe by another process."""
        return Handle(self._kit, self, id)


@dataclass(frozen=True, slots=True)
class Sending(Generic[P, R]):
    """A task with what is said of one time that it is sent."""

    _kit: Tasks
    _task: Task[Any, Any, R]
    _key: str | None
    _due: float
    _queue: str

    async def send(self, *args: P.args, **kwargs: P.kwargs) -> Handle[R]:
        """As :meth:`Task.send`."""
        task, key = self._task, self._key
        if key is not None:
            key = f"{task.name}:{key}"
        # Whoever sends the same key has the same id.
        id = str(uuid4() if key is None else uuid5(NAMESPACE_URL, key))
        message = Message(
            id=id,
            task=task.name,
            arguments=task.arguments.dump(args, kwargs),
            queue=self._queue,
            due=self._due,
            sent=time(),
            trace=current_trace(),
        )
        message.check_size()
        await self._kit.put(message, key=key)
        return Handle(self._kit, task, id)


def _due(delay: float | timedelta | None, at: datetime | None) -> float:
    """Seconds since 1970; 0 where there is nothing to wait for."""
    if delay is not None and at is not None:
        raise ValueError("delay= and at= are two times. Leave one of them out.")
    if delay is not None:
        seconds = delay.total_seconds() if isinstance(delay, timedelta) else delay
        return time() + seconds if seconds > 0 else 0.0
    if at is None:
        return 0.0
    if at.tzinfo is None:
        raise ValueError(
            f"{at!r} has no time zone, and machines have several: datetime.now(UTC) has one."
        )
    return at.timestamp()


class Handle(Generic[R]):
    """A task that was sent.

    Attributes:
        id: What tells it from all others.
    """

    def __init__(self, kit: Tasks, task: Task[Any, Any, R], id: str) -> None:
        self._kit = kit
        self._task = task
        self.id = id

    def __repr__(self) -> str:
        return f"<Handle of {self._task.name} {self.id}>"

    async def status(self) -> Status:
        """How far it has come: ``PENDING`` also where nothing is known of it any more.

        Raises:
            ResultNotKept: Nobody keeps it.
            EngineUnavailable: It is out of reach.
        """
        return (await self._record()).status

    async def result(self, timeout: float) -> R:  # noqa: ASYNC109 - it is what users look for
        """What it returns; waits for it.

        Args:
            timeout: Seconds to wait at most.

        Raises:
            TaskFailed: It has failed for good.
            TimeoutError: It has not come to an end in time, or its result is not kept any more.
            ResultNotKept: Nobody keeps it.
            EngineUnavailable: It is out of reach.
        """
        pause = FIRST_LOOK
        async with asyncio.timeout(timeout):
            while not (record := await self._record()).is_final:
                await asyncio.sleep(pause)
                pause = min(LONGEST_LOOK, pause * 1.5)
        if record.status is Status.FAILED:
            raise TaskFailed(self.id, record.kind, record.message)
        result: R = self._task.arguments.load_result(record.result)
        return result

    async def _record(self) -> Record:
        if not self._task.options.keep_result:
            raise ResultNotKept(f"{self._task.name} is declared with keep_result=False.")
        text = await self._kit.known_results().read(self.id)
        return Record(status=Status.PENDING) if text is None else Record.model_validate_json(text)


__all__ = ["Handle", "Sending", "Task"]
