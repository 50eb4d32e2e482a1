from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar

import anyio
import pytest

from vivace.runtime.generators import CleanupStack, EarlyCleanupStack, enter
from vivace.runtime.threads import run_in_thread

pytestmark = pytest.mark.anyio

name: ContextVar[str] = ContextVar("name", default="nobody")


@asynccontextmanager
async def resource(log: list[str], label: str = "it") -> AsyncIterator[str]:
    try:
        yield label
    finally:
        # Clean-up that waits is cut short by a cancellation, unless it is kept out.
        await anyio.sleep(0.001)
        log.append(f"{label} closed")


@contextmanager
def blocking_resource(log: list[str], swallow: bool = False) -> Iterator[int]:
    try:
        yield threading.get_ident()
    except LookupError:
        log.append("error seen")
        if not swallow:
            raise
    finally:
        log.append(f"closed {threading.get_ident() != main}")


main = threading.get_ident()


async def test_clean_up_happens_though_the_request_is_cancelled() -> None:
    log: list[str] = []
    with anyio.CancelScope() as request:
        async with CleanupStack() as stack:
            await stack.enter_async_context(resource(log, "first"))
            await stack.enter_async_context(resource(log, "second"))
            request.cancel()
            await anyio.sleep_forever()
    assert request.cancelled_caught
    assert log == ["second closed", "first closed"]


async def test_a_cancellation_during_clean_up_comes_after_it() -> None:
    log: list[str] = []
    with anyio.CancelScope() as request:

        @asynccontextmanager
        async def cancelling() -> AsyncIterator[None]:
            yield
            request.cancel()
            await anyio.sleep(0.001)
            log.append("closed")

        async with CleanupStack() as stack:
            await stack.enter_async_context(cancelling())
        log.append("went on")
    assert log == ["closed"]
    assert request.cancelled_caught


async def test_what_the_endpoint_waits_for_can_be_cancelled() -> None:
    with anyio.CancelScope() as request:
        async with CleanupStack():
            request.cancel()
            await anyio.sleep_forever()
    assert request.cancelled_caught


async def test_dependencies_may_have_task_groups_and_scopes() -> None:
    log: list[str] = []

    @asynccontextmanager
    async def working() -> AsyncIterator[None]:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever)
            with anyio.fail_after(5):
                yield
            group.cancel_scope.cancel()
        log.append("working closed")

    async with CleanupStack() as stack:
        await stack.enter_async_context(resource(log, "outer"))
        async with EarlyCleanupStack(stack) as early:
            await early.enter_async_context(working())
        await stack.enter_async_context(working())
    assert log == ["working closed", "working closed", "outer closed"]


async def test_what_is_cleaned_up_early_is_shielded_too() -> None:
    log: list[str] = []
    with anyio.CancelScope() as request:
        async with CleanupStack() as stack:
            await stack.enter_async_context(resource(log, "late"))
            async with EarlyCleanupStack(stack) as early:
                await early.enter_async_context(resource(log, "early"))
                request.cancel()
            log.append("sent")
            await anyio.sleep_forever()
    assert log == ["early closed", "late closed"]


async def test_an_error_reaches_the_dependencies_inside_out() -> None:
    log: list[str] = []

    @asynccontextmanager
    async def watching(label: str) -> AsyncIterator[None]:
        try:
            yield
        except LookupError as error:
            log.append(f"{label} {error}")
            raise LookupError(label) from error

    with pytest.raises(LookupError, match="outer"):
        async with CleanupStack() as stack:
            await stack.enter_async_context(watching("outer"))
            async with EarlyCleanupStack(stack) as early:
                await early.enter_async_context(watching("inner"))
                raise LookupError("endpoint")
    assert log == ["inner endpoint", "outer inner"]


async def test_an_error_may_be_swallowed() -> None:
    @asynccontextmanager
    async def swallowing() -> AsyncIterator[None]:
        with suppress(LookupError):
            yield

    async with CleanupStack() as stack:
        await stack.enter_async_context(swallowing())
        raise LookupError
    async with CleanupStack() as stack, EarlyCleanupStack(stack) as early:
        await early.enter_async_context(swallowing())
        raise LookupError


async def test_an_error_in_clean_up_is_raised() -> None:
    log: list[str] = []

    @asynccontextmanager
    async def failing() -> AsyncIterator[None]:
        yield
        raise LookupError("too late")

    with pytest.raises(LookupError, match="too late"):
        async with CleanupStack() as stack:
            await stack.enter_async_context(resource(log))
            await stack.enter_async_context(failing())
    assert log == ["it closed"]


async def test_a_synchronous_one_is_entered_here_and_left_in_a_worker() -> None:
    log: list[str] = []
    async with CleanupStack() as stack:
        thread = await run_in_thread(lambda: enter(stack, blocking_resource(log)))
        assert thread != threading.get_ident()
        assert log == []
    assert log == ["closed True"]


@pytest.mark.parametrize("swallow", [True, False])
async def test_a_synchronous_one_sees_the_error(swallow: bool) -> None:
    log: list[str] = []
    error = LookupError()
    try:
        async with CleanupStack() as stack:
            await run_in_thread(lambda: enter(stack, blocking_resource(log, swallow)))
            raise error
    except LookupError as raised:
        assert raised is error
        assert not swallow
    assert log == ["error seen", "closed True"]


async def test_a_variable_may_be_reset_where_it_was_set() -> None:
    @contextmanager
    def naming() -> Iterator[None]:
        token = name.set("somebody")
        yield
        name.reset(token)

    name.set("somebody else")
    async with CleanupStack() as stack:
        await run_in_thread(lambda: enter(stack, naming()))
        assert name.get() == "somebody"
    assert name.get() == "somebody else"
