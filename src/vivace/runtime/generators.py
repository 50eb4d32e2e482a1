"""Dependencies that yield: entered before the endpoint, cleaned up after it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack
from contextvars import copy_context
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from anyio import CancelScope
from anyio.lowlevel import checkpoint_if_cancelled

from vivace.runtime.threads import USING, adopt, run_in_thread

T = TypeVar("T")


class CleanupStack(AsyncExitStack):
    """An exit stack whose clean-up happens though the request is cancelled.

    The cancel scope that keeps the cancellation out is entered before any dependency is, and so
    lies around the scopes and task groups that they open; it shields only while there is
    clean-up. Everything happens in the task of the request.
    """

    #: Whether clean-up may have waited while a cancellation was kept out.
    has_waited = False

    async def enter_async_context(self, cm: AbstractAsyncContextManager[T]) -> T:
        self.has_waited = True
        return await super().enter_async_context(cm)

    async def __aenter__(self) -> Self:
        self.guard = CancelScope()
        self.guard.__enter__()
        return await super().__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> bool:
        self.guard.shield = True
        try:
            suppressed = await super().__aexit__(kind, error, traceback)
        except BaseException as raised:
            self.guard.__exit__(type(raised), raised, raised.__traceback__)
            raise
        if suppressed:
            kind = error = traceback = None
        self.guard.__exit__(kind, error, traceback)
        if self.has_waited and kind is None:
            await checkpoint_if_cancelled()
        return bool(suppressed)


class EarlyCleanupStack(AsyncExitStack):
    """What is cleaned up before the response is sent, inside of what is cleaned up after it.

    It has no scope of its own: the two kinds of dependencies may be entered in any order, and
    scopes have to be left in the order in which they nest.
    """

    def __init__(self, outer: CleanupStack) -> None:
        super().__init__()
        self._outer = outer

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> bool:
        self._outer.guard.shield = True
        try:
            suppressed = bool(await super().__aexit__(kind, error, traceback))
        finally:
            self._outer.guard.shield = False
        if self._outer.has_waited and (suppressed or kind is None):
            await checkpoint_if_cancelled()
        return suppressed

    async def enter_async_context(self, cm: AbstractAsyncContextManager[T]) -> T:
        self._outer.has_waited = True
        return await super().enter_async_context(cm)


def enter(stack: AsyncExitStack, manager: AbstractContextManager[Any]) -> Any:
    """Enter ``manager``, in the thread that this is called in, and have ``stack`` leave it."""
    # It is left in the context in which it was entered: a variable can be reset only there.
    context = copy_context()
    value = context.run(manager.__enter__)
    adopt(context)

    def leave_in_context(*error: Any) -> bool | None:
        context.run(adopt, copy_context())
        try:
            return context.run(manager.__exit__, *error)
        finally:
            adopt(context)

    async def leave(
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return await run_in_thread(partial(leave_in_context, kind, error, traceback), USING)

    stack.push_async_exit(leave)
    return value
