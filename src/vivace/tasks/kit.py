"""Tasks as a whole: what an app declares, and where they wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from time import monotonic
from typing import Any, ParamSpec, Protocol, TypeVar, Unpack, overload

from vivace import Vivace
from vivace.per_loop import PerLoop
from vivace.tasks.attempt import Attempts, Ended
from vivace.tasks.dead import DeadLetters
from vivace.tasks.engines.choice import check_installed, kind_of, make_engine, make_results
from vivace.tasks.engines.memory import MemoryEngine
from vivace.tasks.engines.protocol import Engine, EngineSettings
from vivace.tasks.errors import EngineUnavailable, QueueFull, ResultNotKept
from vivace.tasks.message import Message
from vivace.tasks.opened import Opened
from vivace.tasks.options import Options, TaskOptions, check_name
from vivace.tasks.results import MemoryResults, Record, ResultStore, Status
from vivace.tasks.schedule import Cron, Every, Schedule, Times
from vivace.tasks.task import Task
from vivace.tasks.testing import Testing, drain
from vivace.tasks.working import working

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C")

#: Seconds after which RabbitMQ takes a task away from a worker, unless it is told otherwise, less
#: what it may take to start and end it.
LONGEST_ON_RABBITMQ = 1700.0
#: Seconds for which RabbitMQ can keep a message: 49 days, as it counts milliseconds in 32 bits.
LONGEST_DEAD_ON_RABBITMQ = 49 * 24 * 3600.0


class Declare(Protocol):
    """Makes a task of a function."""

    @overload
    def __call__(
        self, function: Callable[P, Coroutine[Any, Any, R]], /
    ) -> Task[P, Coroutine[Any, Any, R], R]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> Task[P, R, R]: ...


class Tasks:
    """Functions that run outside of requests: in this process, or in workers.

    It may be made at import: connections are made in each process, for each event loop.

    Args:
        url: Where tasks wait: ``redis://``, ``amqp://`` or ``nats://``, with user and password if
            there are any. ``None`` has them wait, and run, in this process.
        name: What everything in the engine is called after: one for each app that shares it.
        queues: Names of queues beside those that tasks are declared with.
        results: Where results are kept, if not in the engine: an address of Redis or NATS.
        keep_results: Seconds for which they are kept.
        replicas: On how many nodes of a cluster tasks are kept. RabbitMQ has quorum queues for more
            than one, and NATS streams of so many replicas; with Redis this is up to Redis.
        lease: Seconds after which a task is given to another worker, if its own does not report
            any more. It does so all the time, however long a task takes.
        most_waiting: How many tasks may wait in one queue; then sending fails.
        most_dead: How many dead letters are kept; of more, the oldest go.
        keep_dead: Seconds for which dead letters are kept: 30 days.
        remember_keys: Seconds for which keys keep tasks from being sent twice.
        timeout: Seconds for which sending waits for an engine that does not answer.
        concurrency: How many tasks run at once in this process, where they run in it.
        grace: Seconds that they have when the app stops.
        observers: Are called with each attempt that has ended, in the event loop.

    Raises:
        ValueError: An address or a name is none.
        MissingPackage: The extra for the engine is not installed.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        name: str = "tasks",
        queues: Sequence[str] = (),
        results: str | None = None,
        keep_results: float = 3600.0,
        replicas: int = 1,
        lease: float = 30.0,
        most_waiting: int = 100_000,
        most_dead: int = 10_000,
        keep_dead: float = 30 * 24 * 3600.0,
        remember_keys: float = 120.0,
        timeout: float = 10.0,
        concurrency: int = 10,
        grace: float = 10.0,
        observers: Sequence[Callable[[Ended], None]] = (),
    ) -> None:
        for address in (url, results):
            if address is not None:
                check_installed(kind_of(address))
        if results is not None and kind_of(results) == "rabbitmq":
            raise ValueError("RabbitMQ keeps no results. Give results= Redis or NATS.")
        counts = (most_waiting, most_dead, concurrency, replicas)
        if min(keep_results, keep_dead, lease, remember_keys, timeout, *counts) <= 0:
            raise ValueError("Times and numbers of Tasks are positive.")
        self._is_rabbitmq = url is not None and kind_of(url) == "rabbitmq"
        if self._is_rabbitmq and keep_dead > LONGEST_DEAD_ON_RABBITMQ:
            raise ValueError(
                f"RabbitMQ keeps messages for {LONGEST_DEAD_ON_RABBITMQ:.0f} seconds at most. Give "
                "keep_dead= no more."
            )
        self.url = url
        self.name = check_name("name", name)
        self.lease = lease
        self.timeout = timeout
        self.concurrency = concurrency
        self.grace = grace
        #: All tasks, by name.
        self.registered: dict[str, Task[Any, Any, Any]] = {}
        self.schedules: list[Schedule] = []
        self.dead_letters = DeadLetters(self)
        self._results_url = results or url
        self._queues = dict.fromkeys(check_name("queue", q) for q in ("default", *queues))
        # An answer that does not come, as over a connection that has been cut, is asked for again.
        answer = timeout / 3
        self._settings = EngineSettings(
            name=name,
            queues=(),
            lease=lease,
            most_waiting=most_waiting,
            most_dead=most_dead,
            keep_dead=keep_dead,
            remember_keys=remember_keys,
            keep_results=keep_results,
            timeout=answer,
            replicas=replicas,
        )
        self._observers = tuple(observers)
        self._app: Vivace | None = None
        self._runs_in_app = False
        #: Whether this process is a worker, which runs tasks whatever the app says.
        self.is_worker = False
        #: What tests put in the place of the engine and of the results.
        self._testing: Testing | None = None
        self._memory: MemoryEngine | None = None
        self._memory_results = MemoryResults(keep_results)
        self._engines = PerLoop(lambda: Opened(make_engine(self.url, self.settings)), Opened.close)
        self._result_stores: PerLoop[ResultStore | None] = PerLoop(
            lambda: make_results(self._results_url, self.settings), _close_results
        )

    def __repr__(self) -> str:
        return f"<Tasks {self.name!r}, {'in process' if self.url is None else kind_of(self.url)}>"

    # Declaring.

    @overload
    def task(
        self, function: Callable[P, Coroutine[Any, Any, R]], /
    ) -> Task[P, Coroutine[Any, Any, R], R]: ...
    @overload
    def task(self, function: Callable[P, R], /) -> Task[P, R, R]: ...
    @overload
    def task(self, /, **options: Unpack[Options]) -> Declare: ...

    def task(
        self, function: Callable[..., Any] | None = None, /, **options: Unpack[Options]
    ) -> Any:
        """Make a task of a function, with or without options.

        Args:
            function: ``async def``, or ``def``, which runs in a worker thread.
            options: ``name`` in messages, by default module and function; ``queue``, by default
                ``"default"``; ``retries`` after the first attempt, 3; ``backoff``; ``retry_on``,
                classes of exceptions after which it is tried again, all by default; ``no_retry``,
                those of them after which it is not; ``timeout`` in seconds for each attempt, 600,
                for ``async def`` alone; ``keep_result``, true.

        Raises:
            TypeError: A parameter or the result cannot be sent, or needs a request.
            ValueError: There is a task of this name, or an option makes no sense.
        """
        if function is not None:
            return self._declare(function, options)
        return lambda function: self._declare(function, options)

    def _declare(self, function: Callable[..., Any], options: Options) -> Task[Any, Any, Any]:
        if not callable(function) or isinstance(function, Task):
            raise TypeError(f"{function!r} is no function. Put the decorator above one.")
        place = f"{function.__module__}.{function.__qualname__}"
        name = options.get("name", place)
        if name in self.registered:
            raise ValueError(
                f"{place}: There is a task {name!r} already. Give one of them another name=."
            )
        given: Any = {key: value for key, value in options.items() if key != "name"}
        try:
            checked = TaskOptions(**given)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{place}: {error}") from None
        task: Task[Any, Any, Any] = Task(self, function, name, checked)
        if "timeout" in options and task.arguments.caller.is_in_thread:
            raise TypeError(
                f"{place}: timeout= is for `async def`, as nothing stops a function in a thread. "
                "Leave it out, or make the function `async def`."
            )
        if self._is_rabbitmq and checked.timeout > LONGEST_ON_RABBITMQ:
            raise ValueError(
                f"{place}: RabbitMQ takes a task away from its worker after 30 minutes. Keep "
                f"timeout= within {LONGEST_ON_RABBITMQ:.0f} seconds, and have the task send others."
            )
        self._queues[checked.queue] = None
        self.registered[name] = task
        return task

    def cron(self, expression: str, *, timezone: str = "UTC") -> Callable[[C], C]:
        """Send a task by the clock: a decorator that stands above :meth:`task`.

        Args:
            expression: Minute, hour, day of the month, month and day of the week, as
                ``"*/5 * * * *"``.
            timezone: By whose clocks, as ``"Europe/Berlin"``.

        Raises:
            ValueError: This is no time, or no time zone.
            TypeError: What it stands above is no task, or needs arguments.
        """
        return self._scheduling(Cron(expression, timezone))

    def every(self, seconds: int) -> Callable[[C], C]:
        """Send a task every so many seconds: a decorator that stands above :meth:`task`.

        Raises:
            ValueError: That is less than one second.
            TypeError: What it stands above is no task, or needs arguments.
        """
        return self._scheduling(Every(seconds))

    def _scheduling(self, times: Times) -> Callable[[C], C]:
        def schedule(task: C) -> C:
            if not isinstance(task, Task):
                raise TypeError(
                    f"{task!r} is no task. Write the decorator above `@tasks.task`, not below."
                )
            if task.arguments.is_needed:
                raise TypeError(
                    f"{task.name} needs arguments, and the clock has none. Give them defaults."
                )
            self.schedules.append(Schedule(task, times))
            return task

        return schedule

    # The app.

    def install(self, app: Vivace, *, run: bool | None = None) -> None:
        """Give tasks the dependencies of ``app``, and run them beside it where that is asked for.

        Args:
            app: Whose overrides and values of scope ``app`` hold; of several, those of the one that
                has started last. ``vivace worker main:app`` finds
                these tasks by it.
            run: Whether tasks run, and are sent by the clock, in the processes that serve the app.
                By default they do where there is no engine, and so no workers.
        """
        self._app = app
        self._runs_in_app = self.url is None if run is None else run
        app.state.tasks = [*getattr(app.state, "tasks", ()), self]
        app.add_service(self._beside)

    @asynccontextmanager
    async def _beside(self, app: Vivace) -> AsyncIterator[None]:
        self._app = app
        try:
            # In workers and in tests someone else runs them.
            if self._runs_in_app and not self.is_worker and self._testing is None:
                async with working(self, concurrency=self.concurrency, grace=self.grace):
                    yield
            else:
                yield
        finally:
            await self.close()

    @property
    def app(self) -> Vivace:
        """The app whose dependencies tasks have; where there is none, one without anything."""
        if self._app is None:
            self._app = Vivace(openapi_url=None)
        return self._app

    @property
    def queues(self) -> tuple[str, ...]:
        """All queues that there are."""
        return tuple(self._queues)

    async def close(self) -> None:
        """Close the connections of this event loop; what is needed later is opened again."""
        await self._engines.close()
        await self._result_stores.close()

    # Tests.

    @contextmanager
    def testing(self, *, eager: bool = False) -> Iterator[Testing]:
        """Have tasks wait in memory, inside of ``with``, whatever the engine; nobody runs them.

        Args:
            eager: Whether they run where they are sent, at once, before ``send`` returns: all of
                their attempts, without waiting.
        """
        before = self._testing
        self._testing = Testing(self, eager=eager)
        try:
            yield self._testing
        finally:
            self._testing = before

    async def drain(self) -> None:
        """Run all that waits in this process, in this event loop: also what is not due yet.

        Raises:
            RuntimeError: Tasks wait in an engine, and not in this process.
        """
        if self._testing is not None:
            await self._testing.drain()
        elif self.url is None:
            await drain(self, self.memory)
        else:
            raise RuntimeError("Tasks wait in an engine. Use `with tasks.testing():` in tests.")

    # What the other modules of the package use.

    async def put(self, message: Message, *, key: str | None = None) -> None:
        """Have the engine keep ``message``, and ask again while it is away, as long as may be.

        Raises:
            EngineUnavailable: It does not answer in time.
            QueueFull: Too many wait.
            ValueError: Keys are not known.
        """
        deadline, pause = monotonic() + self.timeout, 0.05
        while True:
            try:
                engine = await self.opened()
                await engine.put(message, key=key)
                break
            except QueueFull:
                raise
            except EngineUnavailable:
                if monotonic() + pause > deadline:
                    raise
            await asyncio.sleep(pause)
            pause = min(1.0, pause * 2)
        if self._testing is not None:
            await self._testing.sent(message)

    async def opened(self) -> Engine:
        """The engine, for all but taking from it.

        Raises:
            EngineUnavailable: It cannot be reached.
        """
        if self._testing is not None:
            return self._testing.engine
        if self.url is None:
            return self.memory
        return await self._engines.get().get()

    @property
    def memory(self) -> MemoryEngine:
        """What keeps tasks where there is no engine: one for the process."""
        if self._memory is None:
            self._memory = MemoryEngine(self.settings)
        return self._memory

    def results(self) -> ResultStore | None:
        """Where results are kept; ``None`` for nowhere."""
        if self._testing is not None:
            return self._testing.results
        return self._memory_results if self._results_url is None else self._result_stores.get()

    def known_results(self) -> ResultStore:
        """The same.

        Raises:
            ResultNotKept: Nowhere.
        """
        results = self.results()
        if results is None:
            raise ResultNotKept(
                "RabbitMQ keeps no results. Name what does: "
                'Tasks("amqp://...", results="redis://...").'
            )
        return results

    async def forget_result(self, message: Message) -> None:
        """Have a task that is sent once more be known as one that waits."""
        task, results = self.registered.get(message.task), self.results()
        if results is not None and (task is None or task.options.keep_result):
            waits = Record(status=Status.PENDING)
            await results.write(message.id, waits.model_dump_json().encode())

    @property
    def settings(self) -> EngineSettings:
        """What engines are told."""
        return replace(self._settings, queues=self.queues)

    def make_attempts(self) -> Attempts:
        """What runs tasks in this event loop."""
        return Attempts(self.registered, self.app, self.results(), self._observers)


async def _close_results(results: ResultStore | None) -> None:
    if results is not None:
        await results.close()


__all__ = ["Declare", "Tasks"]
