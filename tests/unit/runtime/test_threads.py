from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from contextvars import ContextVar

import anyio
import anyio.to_thread
import pytest

from vivace import Depends, Vivace
from vivace.runtime.threads import USING, Lane, lane_of, run_in_thread
from vivace.testclient import TestClient

pytestmark = pytest.mark.anyio

name: ContextVar[str] = ContextVar("name", default="nobody")
other: ContextVar[str] = ContextVar("other")


async def test_it_returns_what_the_call_returns_from_another_thread() -> None:
    assert await run_in_thread(threading.get_ident) != threading.get_ident()
    assert await run_in_thread(lambda: [1]) == [1]


async def test_it_raises_what_the_call_raises() -> None:
    error = LookupError()

    def fail() -> None:
        raise error

    with pytest.raises(LookupError) as raised:
        await run_in_thread(fail)
    assert raised.value is error


async def test_variables_pass_in_both_directions() -> None:
    name.set("before")

    def change() -> str:
        seen = name.get()
        name.set("inside")
        other.set("new")
        return seen

    assert await run_in_thread(change) == "before"
    assert name.get() == "inside"
    assert other.get() == "new"


async def test_variables_pass_where_the_call_fails_too() -> None:
    def fail() -> None:
        name.set("failed")
        raise LookupError

    with pytest.raises(LookupError):
        await run_in_thread(fail)
    assert name.get() == "failed"


async def test_a_variable_that_was_reset_is_reset_outside() -> None:
    name.set("before")

    def change_and_reset() -> None:
        token = name.set("inside")
        name.reset(token)

    await run_in_thread(change_and_reset)
    assert name.get() == "before"


async def test_calls_at_once_do_not_see_each_other_s_variables() -> None:
    seen: dict[int, str] = {}
    barrier = threading.Barrier(5)

    async def call(number: int) -> None:
        def change() -> None:
            name.set(str(number))
            barrier.wait(5)
            seen[number] = name.get()

        await run_in_thread(change)
        assert name.get() == str(number)

    async with anyio.create_task_group() as group:
        for number in range(5):
            group.start_soon(call, number)
    assert seen == {number: str(number) for number in range(5)}
    assert name.get() == "nobody"


async def test_a_cancelled_call_runs_to_its_end() -> None:
    log: list[str] = []
    started = threading.Event()
    goes_on = threading.Event()

    def work() -> None:
        started.set()
        goes_on.wait(5)
        log.append("done")

    async with anyio.create_task_group() as group:
        group.start_soon(run_in_thread, work)
        await anyio.to_thread.run_sync(started.wait, 5)
        group.cancel_scope.cancel()
        goes_on.set()
    assert log == ["done"]


async def test_every_lane_has_threads_of_its_own() -> None:
    first, second = Lane(), Lane()
    assert first.limiter() is first.limiter()
    assert first.limiter() is not second.limiter()
    assert USING.limiter() is not first.limiter()
    size = anyio.to_thread.current_default_thread_limiter().total_tokens
    assert first.limiter().total_tokens == size


async def test_who_waits_in_one_lane_keeps_no_one_waiting_in_another() -> None:
    full, free = Lane(), Lane()
    full.limiter().total_tokens = 1
    release = threading.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(run_in_thread, lambda: release.wait(5), full)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(run_in_thread, lambda: None, full)
        await anyio.wait_all_tasks_blocked()
        assert full.limiter().statistics().tasks_waiting == 1
        with anyio.fail_after(5):
            assert await run_in_thread(lambda: "through", free) == "through"
            assert await run_in_thread(lambda: "through") == "through"
        release.set()


def test_lanes_belong_to_the_loop() -> None:
    lane = Lane()
    limiters = []

    async def look() -> None:
        limiters.append(lane.limiter())

    for _ in range(2):
        anyio.run(look)
    assert limiters[0] is not limiters[1]


def test_a_dependency_has_one_lane() -> None:
    def first() -> None: ...
    def second() -> None: ...

    assert lane_of(first) is lane_of(first)
    assert lane_of(first) is not lane_of(second)


class Resource:
    """Lends itself; its instances cannot be hashed."""

    __hash__ = None  # type: ignore[assignment]

    def __call__(self) -> Iterator[int]:
        yield 1

    def borrow(self) -> Iterator[int]:
        yield 1


def test_a_method_has_one_lane_however_often_it_is_taken_from_its_instance() -> None:
    first, second = Resource(), Resource()
    assert lane_of(first.borrow) is not lane_of(second.borrow)
    lane = lane_of(first.borrow)
    assert lane_of(first.borrow) is lane
    assert lane_of(first) is not lane


def test_a_lane_lives_as_long_as_it_is_used_and_keeps_its_callable_as_long() -> None:
    resource = Resource()
    gone = weakref.ref(resource)
    lanes = [lane_of(resource), lane_of(resource.borrow)]
    del resource
    gc.collect()
    assert gone() is not None
    lanes.clear()
    gc.collect()
    assert gone() is None


def test_dependencies_that_tests_replaced_others_by_do_not_pile_up() -> None:
    replacements: weakref.WeakSet[Callable[..., object]] = weakref.WeakSet()
    _replace_often(replacements)
    gc.collect()
    assert not replacements


def _replace_often(replacements: weakref.WeakSet[Callable[..., object]]) -> None:
    def connect() -> Iterator[int]:
        yield 0

    def replacement(number: int) -> Callable[[], Iterator[int]]:
        def connect_to() -> Iterator[int]:
            # As tests do that look at their app in what they replace.
            assert app.dependency_overrides
            yield number

        return connect_to

    app = Vivace()

    @app.get("/")
    async def read(connection: int = Depends(connect)) -> int:
        return connection

    with TestClient(app) as client:
        before = _limiters()
        for number in range(100):
            override = replacement(number)
            replacements.add(override)
            app.dependency_overrides[connect] = override
            assert client.get("/").json() == number
        # A route keeps a few handlers.
        assert _limiters() < before + 20
        assert len(replacements) < 20


def _limiters() -> int:
    gc.collect()
    # By their types: what other tests have left may not like to be asked for a class.
    return sum(issubclass(type(thing), anyio.CapacityLimiter) for thing in gc.get_objects())
