"""One attempt at a task, and what comes of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from uuid import uuid4

import anyio
from pydantic import ValidationError

from vivace import Vivace
from vivace.tasks.context import TaskContext, running
from vivace.tasks.engines.protocol import Delivery
from vivace.tasks.errors import DeliveryLost, EngineUnavailable, GiveUp, Retry
from vivace.tasks.message import Message
from vivace.tasks.results import Record, ResultStore, Status
from vivace.tasks.task import Task
from vivace.tasks.tracing import traced

logger = logging.getLogger("vivace.tasks")

#: How often a task may take its worker with it, beyond its own attempts.
MOST_CRASHES = 5
#: How often a task may come to workers that do not know it, as while a new version is rolled out.
MOST_LOST = 20
#: Seconds before such a task is tried again, at most.
LONGEST_LOST = 60.0
#: Seconds for which the engine is told what has come of a task, while it is away.
TELLING = 60.0
#: Seconds that giving a task back may take.
GIVING_BACK = 5.0
#: How many outcomes are remembered that the engine could not be told.
MOST_UNTOLD = 1000
#: Seconds that a task may be early.
EARLY = 0.25

#: What an attempt has and no other, also where a key has had a task sent again under its old id.
Key = tuple[str, float, int]
#: Tells the engine what has come of a task.
Tell = Callable[[Delivery], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of an attempt; observers of a kit get one for each."""

    id: str
    name: str
    queue: str
    attempt: int
    #: ``DONE``, ``RETRYING`` or ``FAILED``.
    status: Status
    #: Seconds that it took.
    seconds: float
    #: What was raised.
    error: BaseException | None


class Run:
    """A task that a worker has taken."""

    def __init__(self, delivery: Delivery) -> None:
        #: All that the engine has given of it, in that order: there is more than one, where it has
        #: lost us for a moment, or has it twice, as it was sent again when the answer was lost.
        self.deliveries: list[Delivery] = [delivery]
        self.unreadable: ValueError | None = None
        #: Whether it is out of our hands, whatever still comes of it.
        self.is_settled = False
        try:
            self.message = Message.decode(delivery.body)
        except ValueError as error:
            self.unreadable = error
            body = delivery.body[:10_000].decode(errors="replace")
            self.message = Message(id=str(uuid4()), task="", arguments={"body": body})

    @property
    def key(self) -> Key:
        message = self.message
        return message.id, message.sent, message.attempt


class Attempts:
    """Runs tasks.

    Args:
        tasks: All that are known, by name.
        app: Whose dependencies they have.
        results: Where their results are kept; ``None`` for nowhere.
        observers: Are told of each attempt that has ended.
    """

    def __init__(
        self,
        tasks: Mapping[str, Task[Any, Any, Any]],
        app: Vivace,
        results: ResultStore | None,
        observers: tuple[Callable[[Ended], None], ...] = (),
    ) -> None:
        self._tasks = tasks
        self._app = app
        self._results = results
        self._observers = observers
        self._untold: dict[Key, Tell] = {}
        #: Whether it was said that dead letters go.
        self._has_warned = False

    async def keep_alive(self, run: Run, period: float) -> None:
        """Tell the engine every ``period`` seconds that the task is still at work."""
        while True:
            await asyncio.sleep(period)
            for delivery in tuple(run.deliveries):
                try:
                    await delivery.renew()
                except DeliveryLost:
                    logger.warning("Task %s runs here, and may run elsewhere too.", run.message.id)
                except EngineUnavailable as error:
                    logger.debug("Task %s was not renewed: %s", run.message.id, error)

    async def work(self, run: Run) -> None:
        """Run a task, and tell the engine what has come of it."""
        message = run.message
        untold = self._untold.pop(run.key, None)
        if untold is not None:
            return await self._tell(run, untold)
        if run.unreadable is not None:
            failure = _failure("Unreadable", run.unreadable)
            logger.error("A message is no task, and is put among the dead letters.")
            return await self._tell(run, self._burying(message, failure))
        if message.wait > EARLY:
            return await self._tell(run, lambda delivery: delivery.replace(message))
        task = self._tasks.get(message.task)
        if task is None:
            return await self._unknown(run)
        if message.attempt > task.options.retries + 1 + MOST_CRASHES:
            failure = {"kind": "WorkerLost", "message": "Workers have ended while they ran it."}
            return await self._failed(run, task, message.attempt, failure)
        if run.deliveries[0].is_again:
            # That is written down first, so that what ends its workers does not do so for ever.
            # From the second time on it waits, so that what was lost beside it goes another way.
            pause = task.options.backoff.delay(message.attempt) if message.attempt > 1 else 0.0
            after = max(message.wait, pause)
            counted = message.again(after, attempt=message.attempt + 1)
            return await self._tell(run, lambda delivery: delivery.replace(counted))
        await asyncio.sleep(message.wait)
        try:
            await self._attempt(run, task, message.attempt)
        except asyncio.CancelledError:
            await self.give_back(run)
            raise
        return None

    async def give_back(self, run: Run) -> None:
        """Have another worker run a task that this one does not bring to an end."""
        if run.deliveries and not run.is_settled:
            logger.info("Task %s goes back.", run.message.id)
            run.is_settled = True
            try:
                async with asyncio.timeout(GIVING_BACK):
                    await run.deliveries.pop().replace(run.message)
                    await self._drop(run)
            except (EngineUnavailable, DeliveryLost, TimeoutError) as error:
                # Then its time runs out, and it comes to another worker as if this one had died.
                logger.warning("Task %s could not be given back: %r", run.message.id, error)

    async def _attempt(self, run: Run, task: Task[Any, Any, Any], attempt: int) -> None:
        message = run.message
        begun = monotonic()
        await self._write(task, message.id, Record(status=Status.RUNNING, attempt=attempt))
        error: Exception | None = None
        result: Any = None
        with traced(message, attempt) as span:
            try:
                result = await self._call(message, task, attempt)
            except Exception as raised:
                error = raised
            except (asyncio.CancelledError, SystemExit) as raised:
                if _is_cancelled():
                    raise
                error = RuntimeError(f"The task has raised {raised!r} by itself.")
                error.__cause__ = raised
            if error is not None:
                with suppress(Exception):  # It may not say what it is.
                    span.record_exception(error)
        status = await self._settle(run, task, attempt, result, error)
        seconds = monotonic() - begun
        ended = Ended(message.id, task.name, message.queue, attempt, status, seconds, error)
        self._report(ended, task.options.retries + 1)

    async def _call(self, message: Message, task: Task[Any, Any, Any], attempt: int) -> Any:
        """What the task returns, as JSON has it."""
        try:
            values = task.arguments.load(message.arguments)
        except (ValidationError, TypeError) as error:
            raise GiveUp(f"The arguments are not those of the task: {error}") from None
        context = TaskContext(
            id=message.id,
            name=task.name,
            queue=message.queue,
            attempt=attempt,
            attempts=task.options.retries + 1,
            sent_at=datetime.fromtimestamp(message.sent, UTC),
        )
        token = running.set(context)
        try:
            # Nothing stops a thread: giving it up would free a place that is not free.
            in_thread = task.arguments.caller.is_in_thread
            with anyio.fail_after(None if in_thread else task.options.timeout):
                result = await task.arguments.caller.call(values, self._app)
        finally:
            running.reset(token)
        try:
            return task.arguments.dump_result(result)
        except ValueError as error:
            raise GiveUp(f"What it has returned cannot be kept: {error}") from None

    async def _settle(
        self,
        run: Run,
        task: Task[Any, Any, Any],
        attempt: int,
        result: Any,
        error: Exception | None,
    ) -> Status:
        message = run.message
        if error is None:
            record = Record(status=Status.DONE, attempt=attempt, result=result)
            await self._conclude(run, task, record, lambda delivery: delivery.done())
            return Status.DONE
        failure = _failure(type(error).__name__, error)
        tries_again = isinstance(error, Retry) or (
            not isinstance(error, GiveUp) and task.options.retries_after(error)
        )
        if not tries_again or attempt > task.options.retries:
            await self._failed(run, task, attempt, failure)
            return Status.FAILED
        after = error.after if isinstance(error, Retry) else None
        if after is None:
            after = task.options.backoff.delay(attempt)
        again = message.again(after, attempt=attempt + 1, failure=failure)
        record = Record(status=Status.RETRYING, attempt=attempt, **failure)
        await self._conclude(run, task, record, lambda delivery: delivery.replace(again))
        return Status.RETRYING

    async def _failed(
        self, run: Run, task: Task[Any, Any, Any] | None, attempt: int, failure: dict[str, str]
    ) -> None:
        record = Record(status=Status.FAILED, attempt=attempt, **failure)
        bury = self._burying(run.message.again(0, attempt=attempt), failure)
        await self._conclude(run, task, record, bury)

    async def _unknown(self, run: Run) -> None:
        message = run.message
        if message.lost >= MOST_LOST:
            failure = {"kind": "UnknownTask", "message": f"No worker knows {message.task}."}
            return await self._failed(run, None, message.attempt, failure)
        logger.warning("Task %s is unknown here: %s.", message.id, message.task)
        again = message.again(min(LONGEST_LOST, 2.0**message.lost), lost=message.lost + 1)
        return await self._tell(run, lambda delivery: delivery.replace(again))

    def _burying(self, message: Message, failure: dict[str, str]) -> Tell:
        """Puts a message among the dead letters."""
        dead = message.again(0, failure=failure)

        async def bury(delivery: Delivery) -> None:
            if await delivery.bury(dead) and not self._has_warned:
                self._has_warned = True
                logger.warning(
                    "There are as many dead letters as are kept (most_dead=): the oldest go. This "
                    "is said once."
                )

        return bury

    async def _conclude(
        self, run: Run, task: Task[Any, Any, Any] | None, record: Record, tell: Tell
    ) -> None:
        """Keep what has come of an attempt, and tell the engine."""
        is_kept = await self._write(task, run.message.id, record)
        await self._tell(run, tell)
        if record.is_final and not is_kept:
            # Both may have been away, and the engine is back.
            if not await self._write(task, run.message.id, record):
                logger.error("What came of task %s is not kept.", run.message.id)
            await self._drop(run)

    async def _tell(self, run: Run, tell: Tell) -> None:
        """Tell the engine, and if it is away, tell it again."""
        deadline = monotonic() + TELLING
        pause = 0.05
        while not run.is_settled and run.deliveries:
            # It may give the task once more while it is told.
            delivery = run.deliveries[-1]
            try:
                await tell(delivery)
                run.is_settled = True
                run.deliveries.remove(delivery)
            except DeliveryLost:
                run.deliveries.remove(delivery)
            except EngineUnavailable as error:
                if monotonic() > deadline:
                    logger.error("Task %s may run again: %s", run.message.id, error)
                    break
                await asyncio.sleep(pause)
                pause = min(1.0, pause * 2)
        if not run.is_settled:
            # If it comes to this worker, it need not run again.
            self._remember(run, tell)
        await self._drop(run)

    async def _drop(self, run: Run) -> None:
        """Let go of what the engine has given of a task beside what it was told of.

        When this returns there is nothing left, also of what comes meanwhile.
        """
        while run.deliveries:
            delivery = run.deliveries.pop()
            with suppress(DeliveryLost, EngineUnavailable):
                await (delivery.done() if run.is_settled else delivery.release())

    def _remember(self, run: Run, tell: Tell) -> None:
        self._untold[run.key] = tell
        while len(self._untold) > MOST_UNTOLD:
            del self._untold[next(iter(self._untold))]

    async def _write(self, task: Task[Any, Any, Any] | None, id: str, record: Record) -> bool:
        """Keep what is known of a task. That it cannot be is no reason to run it again."""
        if self._results is not None and (task is None or task.options.keep_result):
            try:
                await self._results.write(id, record.model_dump_json().encode())
            except EngineUnavailable as error:
                logger.debug("What came of task %s is not kept: %s", id, error)
                return False
        return True

    def _report(self, ended: Ended, attempts: int) -> None:
        level = {Status.DONE: logging.INFO, Status.RETRYING: logging.WARNING}
        # What a task decides itself is no fault that would have to be found.
        is_decision = isinstance(ended.error, (Retry, GiveUp)) and ended.error.__cause__ is None
        logger.log(
            level.get(ended.status, logging.ERROR),
            "Task %s %s, attempt %d of %d in %.3f s: %s%s",
            *(ended.name, ended.id, ended.attempt, attempts, ended.seconds, ended.status.value),
            f", {type(ended.error).__name__}: {ended.error}" if is_decision else "",
            exc_info=None if is_decision else ended.error,
            extra={
                "task_id": ended.id,
                "task_name": ended.name,
                "task_queue": ended.queue,
                "task_attempt": ended.attempt,
                "task_status": ended.status.value,
                "task_seconds": ended.seconds,
            },
        )
        for observer in self._observers:
            try:
                observer(ended)
            except Exception:
                logger.exception("An observer of tasks has failed.")


def _is_cancelled() -> bool:
    """Whether someone ends this attempt from outside."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _failure(kind: str, error: Exception) -> dict[str, str]:
    """What is kept of an exception, in a form that always fits into a message."""
    try:
        text = str(error)
    except Exception:
        text = "It does not say what it is."
    # Names of files may hold what has no form in UTF-8.
    return {"kind": kind, "message": text[:1000].encode(errors="replace").decode()}


__all__ = ["Attempts", "Ended", "Key", "Run"]
