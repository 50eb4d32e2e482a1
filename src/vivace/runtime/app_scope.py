"""Dependencies of scope ``app``: made once for all requests, closed when the app shuts down."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import anyio

from vivace.analyse.flatten import cache_key, flatten
from vivace.analyse.plan import Calling, CallPlan, Scope, Step
from vivace.runtime.generators import enter
from vivace.runtime.threads import run_in_thread


def app_key(plan: CallPlan) -> Hashable:
    """What identifies the value of an app-scoped dependency."""
    return cache_key(plan.call, (), Scope.APP)


class AppScope:
    """The values of an app's own dependencies."""

    def __init__(self) -> None:
        self.values: dict[Hashable, Any] = {}
        self._stack = AsyncExitStack()
        self._lock: anyio.Lock | None = None

    async def make(self, plan: CallPlan) -> Any:
        """The value of ``plan``, made now if no one has needed it before."""
        if self._lock is None:
            self._lock = anyio.Lock()
        async with self._lock:
            for step in flatten(plan):
                key = app_key(step.plan)
                if key not in self.values:
                    self.values[key] = await self._call(step, plan)
        return self.values[app_key(plan)]

    async def _call(self, step: Step, root: CallPlan) -> Any:
        steps = flatten(root)
        arguments = {
            name: self.values[app_key(steps[index].plan)] for name, index in step.arguments
        }
        call = partial(step.plan.call, **arguments)
        match step.plan.calling:
            case Calling.COROUTINE:
                return await call()
            case Calling.ASYNC_GENERATOR:
                return await self._stack.enter_async_context(asynccontextmanager(call)())
            case Calling.GENERATOR:
                manager = contextmanager(call)()
                return await run_in_thread(partial(enter, self._stack, manager))
            case Calling.THREAD:
                return await run_in_thread(call)
            case _:
                return call()

    async def close(self) -> None:
        """Clean up, last made first; the next request would make them anew."""
        stack = self._stack
        self.forget()
        await stack.aclose()

    def forget(self) -> None:
        """Begin anew: what was made before belongs to another run, maybe of another event loop."""
        self.values.clear()
        self._lock = None
        self._stack = AsyncExitStack()
