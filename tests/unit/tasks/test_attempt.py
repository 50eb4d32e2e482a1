from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any

import pytest

from vivace import Depends, Vivace
from vivace.tasks import Backoff, Ended, EngineUnavailable, Retry, Status, TaskContext, Tasks
from vivace.tasks.attempt import MOST_CRASHES, MOST_LOST, Attempts, Run
from vivace.tasks.context import current_task
from vivace.tasks.errors import DeliveryLost
from vivace.tasks.message import MAX_SIZE, Message
from vivace.tasks.results import MemoryResults, Record

from .conftest import until

pytestmark = pytest.mark.anyio


class Given:
    """A delivery that notes what it is told."""

    def __init__(self, message: Message | bytes, *, is_again: bool = False) -> None:
        self.body = message if isinstance(message, bytes) else message.encode()
        self.is_again = is_again
        self.told: list[tuple[str, Message | None]] = []
        #: What it raises instead, one after the other.
        self.errors: list[Exception] = []

    async def _note(self, what: str, message: Message | None = None) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.told.append((what, message))

    async def renew(self) -> None:
        await self._note("renew")

    async def done(self) -> None:
        await self._note("done")

    async def replace(self, message: Message) -> None:
        await self._note("replace", message)

    async def bury(self, message: Message) -> bool:
        await self._note("bury", message)
        return True

    async def release(self) -> None:
        await self._note("release")

    @property
    def only(self) -> tuple[str, Message]:
        [(what, message)] = self.told
        return what, message or Message("", "")


class Bench:
    """What runs tasks, with a few of them."""

    def __init__(self) -> None:
        self.tasks = Tasks()
        self.results = MemoryResults(60)
        self.ended: list[Ended] = []
        self.attempts = Attempts(
            self.tasks.registered, Vivace(), self.results, (self.ended.append,)
        )

    async def work(self, given: Given) -> Run:
        run = Run(given)
        await self.attempts.work(run)
        return run

    async def record(self, id: str = "1") -> Record:
        found = await self.results.read(id)
        assert found is not None
        return Record.model_validate_json(found)


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_what_has_run_is_done_and_its_result_is_kept(bench: Bench) -> None:
    @bench.tasks.task(name="work")
    async def work(context: TaskContext = Depends(current_task)) -> str:
        return f"{context.id} {context.attempt}/{context.attempts}"

    given = Given(Message("1", "work", attempt=2))
    await bench.work(given)
    assert given.told == [("done", None)]
    assert await bench.record() == Record(status=Status.DONE, attempt=2, result="1 2/4")
    [ended] = bench.ended
    assert (ended.status, ended.attempt, ended.error) == (Status.DONE, 2, None)


async def test_what_fails_waits_for_its_next_attempt(bench: Bench) -> None:
    @bench.tasks.task(name="work", retries=1, backoff=Backoff(10, jitter=0))
    async def work() -> None:
        raise ValueError("wrong")

    given = Given(Message("1", "work"))
    await bench.work(given)
    what, again = given.only
    assert (what, again.attempt) == ("replace", 2) and 9 < again.wait <= 10
    assert (await bench.record()).status is Status.RETRYING
    last = Given(again.again(0))
    await bench.work(last)
    what, dead = last.only
    assert (what, dead.failure) == ("bury", {"kind": "ValueError", "message": "wrong"})
    assert (await bench.record()).status is Status.FAILED


@pytest.mark.parametrize("raised", [asyncio.CancelledError(), SystemExit(2)])
async def test_what_ends_itself_has_failed(bench: Bench, raised: BaseException) -> None:
    @bench.tasks.task(name="work", retries=1, backoff=Backoff(10))
    async def work() -> None:
        raise raised

    given = Given(Message("1", "work"))
    await bench.work(given)
    what, again = given.only
    assert (what, again.attempt) == ("replace", 2) and again.wait > 0
    assert again.failure == {
        "kind": "RuntimeError",
        "message": f"The task has raised {raised!r} by itself.",
    }


async def test_an_exit_in_a_thread_is_a_failure(bench: Bench) -> None:
    @bench.tasks.task(name="work", retries=0)
    def work() -> None:
        sys.exit("no")

    given = Given(Message("1", "work"))
    await bench.work(given)
    assert given.only[0] == "bury"


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (OSError("no file \udc80"), "no file ?"),
        (Unspeakable(), "It does not say what it is."),
    ],
)
async def test_whatever_an_exception_says_can_be_kept(
    bench: Bench, raised: Exception, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    # Reports of tests cannot hold it.
    caplog.set_level(logging.CRITICAL, "vivace.tasks")

    @bench.tasks.task(name="work", retries=0)
    async def work() -> None:
        raise raised

    given = Given(Message("1", "work"))
    await bench.work(given)
    what, dead = given.only
    assert (what, dead.failure["message"]) == ("bury", said)
    assert Message.decode(dead.encode()) == dead
    assert (await bench.record()).message == said


async def test_a_task_that_is_as_large_as_may_be_can_fail(bench: Bench) -> None:
    @bench.tasks.task(name="work", retries=0)
    async def work(text: str) -> None:
        raise ValueError("long " * 1000)

    message = Message("1", "work", {"text": "x" * (MAX_SIZE - 300)})
    message.check_size()
    given = Given(message)
    await bench.work(given)
    what, dead = given.only
    assert what == "bury"
    assert MAX_SIZE < len(dead.encode()) < MAX_SIZE + 10_000


async def test_a_task_says_when_it_is_tried_again(bench: Bench) -> None:
    @bench.tasks.task(name="work", retry_on=(KeyError,))
    async def work() -> None:
        raise Retry("later", after=100)

    given = Given(Message("1", "work"))
    await bench.work(given)
    assert 99 < given.only[1].wait <= 100


async def test_what_takes_too_long_is_cut_off(bench: Bench) -> None:
    @bench.tasks.task(name="work", timeout=0.01)
    async def work() -> None:
        await asyncio.sleep(60)

    given = Given(Message("1", "work"))
    await bench.work(given)
    assert given.only[1].failure["kind"] == "TimeoutError"


@pytest.mark.parametrize("arguments", [{}, {"number": "x"}, {"number": 1, "other": 2}])
async def test_arguments_of_another_version_are_not_tried_again(
    bench: Bench, arguments: dict[str, Any]
) -> None:
    @bench.tasks.task(name="work")
    async def work(number: int) -> None: ...

    given = Given(Message("1", "work", arguments))
    await bench.work(given)
    what, dead = given.only
    assert what == "bury" and "not those of the task" in dead.failure["message"]


async def test_a_result_of_another_type_is_not_tried_again(bench: Bench) -> None:
    @bench.tasks.task(name="work")
    async def work() -> dict[str, int]:
        return {"a": object()}  # type: ignore[dict-item]  # as it says

    given = Given(Message("1", "work"))
    await bench.work(given)
    what, dead = given.only
    assert what == "bury" and "cannot be kept" in dead.failure["message"]


async def test_what_ends_its_workers_counts_and_is_given_up(bench: Bench) -> None:
    @bench.tasks.task(name="work", retries=0)
    async def work() -> None:
        raise AssertionError

    given = Given(Message("1", "work"), is_again=True)
    await bench.work(given)
    assert given.only == ("replace", Message("1", "work", attempt=2))
    given = Given(Message("1", "work", attempt=2), is_again=True)
    await bench.work(given)
    what, again = given.only
    assert (what, again.attempt) == ("replace", 3) and again.wait > 0.5
    given = Given(Message("1", "work", attempt=MOST_CRASHES + 2))
    await bench.work(given)
    assert given.only[1].failure["kind"] == "WorkerLost"


async def test_an_unknown_task_goes_to_others_for_a_while(bench: Bench) -> None:
    message = Message("1", "unknown")
    for lost in range(MOST_LOST):
        given = Given(message)
        await bench.work(given)
        what, message = given.only
        assert (what, message.lost, message.attempt) == ("replace", lost + 1, 1)
        assert 0 < message.wait <= 60
        message = message.again(0)
    given = Given(message)
    await bench.work(given)
    assert given.only[1].failure["kind"] == "UnknownTask"
    # Whoever waits for it is told.
    assert (await bench.record()).status is Status.FAILED


async def test_what_is_no_message_is_a_dead_letter(bench: Bench) -> None:
    given = Given(b"\xffrubbish")
    await bench.work(given)
    what, dead = given.only
    assert (what, dead.failure["kind"]) == ("bury", "Unreadable")
    assert "rubbish" in dead.arguments["body"]


async def test_what_comes_early_goes_back(bench: Bench) -> None:
    message = Message("1", "unknown").again(60)
    given = Given(message)
    await bench.work(given)
    assert given.only == ("replace", message)


async def test_an_engine_that_is_away_is_told_later(bench: Bench) -> None:
    @bench.tasks.task(name="work")
    async def work() -> None: ...

    given = Given(Message("1", "work"))
    given.errors = [EngineUnavailable("away"), EngineUnavailable("away")]
    await bench.work(given)
    assert given.told == [("done", None)]


async def test_what_cannot_be_told_in_time_is_let_go_of_and_told_when_it_comes_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[int] = []

    @bench.tasks.task(name="work")
    async def work() -> None:
        runs.append(1)

    monkeypatch.setattr("vivace.tasks.attempt.TELLING", 0.0)
    given = Given(Message("1", "work"))
    given.errors = [EngineUnavailable("full")]
    await bench.work(given)
    again = Given(Message("1", "work"), is_again=True)
    await bench.work(again)
    assert given.told == [("release", None)]
    assert runs == [1] and again.told == [("done", None)]


async def test_it_is_said_once_that_dead_letters_go(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    @bench.tasks.task(name="work", retries=0)
    async def work() -> None:
        raise ValueError

    for id in ("1", "2"):
        await bench.work(Given(Message(id, "work")))
    assert caplog.text.count("the oldest go") == 1


async def test_what_is_given_again_after_it_was_run_is_not_run_again(bench: Bench) -> None:
    runs: list[int] = []

    @bench.tasks.task(name="work")
    async def work() -> None:
        runs.append(1)

    given = Given(Message("1", "work"))
    given.errors = [DeliveryLost()]
    await bench.work(given)
    again = Given(Message("1", "work"), is_again=True)
    await bench.work(again)
    assert runs == [1] and again.told == [("done", None)]


async def test_what_is_cancelled_goes_back_as_it_was(bench: Bench) -> None:
    @bench.tasks.task(name="work")
    async def work() -> None:
        await asyncio.sleep(60)

    given = Given(Message("1", "work"))
    running = asyncio.create_task(bench.work(given))
    await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert given.only == ("replace", Message("1", "work"))


async def test_the_engine_is_told_that_a_task_is_at_work(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    given = Given(Message("1", "work"))
    given.errors = [EngineUnavailable("away"), DeliveryLost()]
    beating = asyncio.create_task(bench.attempts.keep_alive(Run(given), 0.001))
    await until(lambda: len(given.told) == 3)
    beating.cancel()
    assert "may run elsewhere too" in caplog.text


async def test_results_that_cannot_be_kept_are_no_reason_to_run_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(*_: Any) -> None:
        raise EngineUnavailable("away")

    @bench.tasks.task(name="work")
    async def work() -> None: ...

    monkeypatch.setattr(bench.results, "write", away)
    given = Given(Message("1", "work"))
    await bench.work(given)
    assert given.told == [("done", None)] and "is not kept" in caplog.text


async def test_a_result_that_could_not_be_kept_is_kept_when_the_engine_was_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, seen = bench.results.write, []

    async def away(id: str, record: bytes) -> None:
        seen.append(record)
        # The first record says that it runs.
        if len(seen) == 2:
            raise EngineUnavailable("away")
        await write(id, record)

    @bench.tasks.task(name="work")
    async def work() -> int:
        return 3

    monkeypatch.setattr(bench.results, "write", away)
    await bench.work(Given(Message("1", "work")))
    assert (await bench.record()).result == 3


async def test_an_observer_that_fails_is_no_reason_to_run_again(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(_: Ended) -> None:
        raise ValueError

    @bench.tasks.task(name="work")
    async def work() -> None: ...

    caplog.set_level(logging.INFO)
    attempts = Attempts(bench.tasks.registered, Vivace(), None, (failing,))
    given = Given(Message("1", "work"))
    await attempts.work(Run(given))
    assert given.told == [("done", None)] and "An observer of tasks has failed" in caplog.text
    [record] = [record for record in caplog.records if hasattr(record, "task_id")]
    assert (record.task_id, record.__dict__["task_status"]) == ("1", "done")


async def test_all_that_the_engine_has_given_of_a_task_is_settled(bench: Bench) -> None:
    @bench.tasks.task(name="work")
    async def work() -> None: ...

    run = Run(Given(Message("1", "work")))
    copies = [Given(Message("1", "work")), Given(Message("1", "work"))]
    copies[0].errors = [DeliveryLost()]
    run.deliveries.extend(copies)
    await bench.attempts.work(run)
    assert [copy.told for copy in copies] == [[], [("done", None)]]


class Repeated(Given):
    """A delivery with another one behind it, which comes when this one is told of its task."""

    def __init__(self, message: Message, error: Exception | None = None) -> None:
        super().__init__(message)
        self.run: Run | None = None
        self.next = Given(message, is_again=True)
        self.errors = [] if error is None else [error]

    async def done(self) -> None:
        if self.run is not None:
            self.run.deliveries.append(self.next)
        await super().done()


@pytest.mark.parametrize("error", [None, DeliveryLost()])
async def test_what_comes_while_the_engine_is_told_is_settled_too(
    bench: Bench, error: Exception | None
) -> None:
    @bench.tasks.task(name="work")
    async def work() -> None: ...

    given = Repeated(Message("1", "work"), error)
    given.run = Run(given)
    await bench.attempts.work(given.run)
    assert given.next.told == [("done", None)] and not given.run.deliveries


async def test_what_a_task_decides_is_logged_with_its_reason_alone(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    @bench.tasks.task(name="work")
    async def work() -> None:
        raise Retry("The other side is busy")

    await bench.work(Given(Message("1", "work")))
    assert "retrying, Retry: The other side is busy" in caplog.text
    assert "Traceback" not in caplog.text
