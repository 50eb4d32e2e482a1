from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import anyio
import pytest

from vivace import Depends
from vivace.analyse.calls import Analyser
from vivace.analyse.plan import CallPlan
from vivace.runtime.app_scope import AppScope, app_key

pytestmark = pytest.mark.anyio

log: list[str] = []


@pytest.fixture(autouse=True)
def clean_log() -> None:
    log.clear()


async def settings() -> str:
    log.append("settings")
    return "settings"


def pool(it: Annotated[str, Depends(settings, scope="app")]) -> Iterator[str]:
    log.append(f"pool of {it} {threading.current_thread() is threading.main_thread()}")
    try:
        yield "pool"
    finally:
        log.append("pool closed")


async def cache(it: Annotated[str, Depends(pool, scope="app")]) -> AsyncIterator[str]:
    log.append(f"cache of {it}")
    yield "cache"
    log.append("cache closed")


class Client:
    def __init__(self, it: Annotated[str, Depends(cache, scope="app")]) -> None:
        self.it = it


def plan_of(call: Any) -> CallPlan:
    use = Analyser().dependency_plan(Depends(call, scope="app"), frozenset())
    return use.plan


async def test_a_value_is_made_once_with_all_it_needs_and_closed_in_reverse() -> None:
    scope = AppScope()
    first = await scope.make(plan_of(Client))
    assert first.it == "cache"
    assert await scope.make(plan_of(Client)) is first
    assert await scope.make(plan_of(pool)) == "pool"
    assert log == ["settings", "pool of settings False", "cache of pool"]
    await scope.close()
    assert log[3:] == ["cache closed", "pool closed"]


async def test_those_who_ask_at_once_share_it() -> None:
    scope, found = AppScope(), []

    async def ask() -> None:
        found.append(await scope.make(plan_of(Client)))

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(ask)
    assert len({id(value) for value in found}) == 1
    await scope.close()


async def test_after_it_is_closed_it_makes_values_anew() -> None:
    scope = AppScope()
    plan = plan_of(Client)
    first = await scope.make(plan)
    await scope.close()
    assert scope.values == {}
    second = await scope.make(plan)
    assert second is not first
    await scope.close()


async def test_what_failed_is_tried_again() -> None:
    attempts: list[int] = []

    async def unreliable() -> int:
        attempts.append(1)
        if len(attempts) == 1:
            raise LookupError
        return len(attempts)

    scope = AppScope()
    with pytest.raises(LookupError):
        await scope.make(plan_of(unreliable))
    assert await scope.make(plan_of(unreliable)) == 2


async def test_an_error_at_the_end_keeps_nothing_else_open() -> None:
    async def failing(it: Annotated[str, Depends(pool, scope="app")]) -> AsyncIterator[None]:
        yield
        raise LookupError("end")

    scope = AppScope()
    await scope.make(plan_of(failing))
    with pytest.raises(LookupError, match="end"):
        await scope.close()
    assert log[-1] == "pool closed"
    await scope.close()


def test_a_value_is_known_by_what_makes_it() -> None:
    assert app_key(plan_of(pool)) == app_key(plan_of(pool))
    assert app_key(plan_of(pool)) != app_key(plan_of(cache))
