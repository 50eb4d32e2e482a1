"""Functions that are called with their dependencies where there is no request.

What runs beside an app, such as tasks, can declare dependencies as endpoints do::

    caller = Caller(send_report, provided={Job: current_job})
    await caller.call({"month": 5}, app)

Signatures are read once, by :class:`Caller`. The values of scope ``app`` are those that the app's
requests have, and what the app overrides in a test is overridden here too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager, contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic.fields import FieldInfo

from vivace.analyse.annotations import signature_of
from vivace.analyse.blame import blaming, describe_call
from vivace.analyse.callables import special_calling
from vivace.analyse.calls import GENERATORS, complete
from vivace.analyse.endpoint import analyse_dependency
from vivace.analyse.flatten import flatten
from vivace.analyse.overrides import override_call
from vivace.analyse.parameters import check_resolved, declared, dependency_of, injected_kind
from vivace.analyse.plan import Calling, CallPlan, DependencyPlan, Injected, Scope, Step
from vivace.declare.dependencies import Depends
from vivace.runtime.app_scope import app_key
from vivace.runtime.generators import CleanupStack, EarlyCleanupStack, enter
from vivace.runtime.threads import USING, lane_of, run_in_thread
from vivace.runtime.validation import ABSENT
from vivace.security.scopes import SecurityScopes

if TYPE_CHECKING:
    from vivace.applications import Vivace


class Caller:
    """Calls one function with its dependencies.

    Args:
        function: ``async def`` or ``def``; the latter is called in a worker thread.
        provided: Dependencies by the type of the parameters that get their value, which then need
            no ``Depends``.

    Attributes:
        given: The parameters that are no dependencies, and that whoever calls gives.

    Raises:
        TypeError: A parameter needs a request, or cannot be passed by name, or the function yields.
            The message names the function and the parameter.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        provided: Mapping[type, Callable[..., Any]] | None = None,
    ) -> None:
        self.function = function
        given: list[inspect.Parameter] = []
        dependencies: list[DependencyPlan] = []
        for parameter in signature_of(function).parameters.values():
            with blaming(function, parameter.name):
                dependency = _dependency(parameter, provided or {})
                if dependency is None:
                    given.append(parameter)
                else:
                    dependencies.append(analyse_dependency(dependency, parameter.name))
        self.given = tuple(given)
        self._plan = CallPlan(function, _calling(function), dependencies=tuple(dependencies))
        complete(self._plan)
        self._steps = _steps(self._plan)

    @property
    def is_in_thread(self) -> bool:
        """Whether the function runs in a worker thread, where nothing can stop it."""
        return self._plan.calling is Calling.THREAD

    async def prepare(self, app: Vivace) -> None:
        """Make the values of scope ``app`` that the function needs, as at start-up."""
        for step in self._current(app):
            if step.scope is Scope.APP:
                await _app_value(step.plan, app)

    async def call(self, values: Mapping[str, Any], app: Vivace) -> Any:
        """What the function returns; its dependencies are cleaned up by then.

        Dependencies that yield see the exception that the function raises, as in a request.

        Args:
            values: Those of :attr:`given`, by name; those with defaults may be left out.
            app: Whose values of scope ``app``, and whose overrides, hold.

        Raises:
            Exception: What the function or a dependency raises.
            RuntimeError: A dependency has swallowed that.
        """
        steps = self._current(app)
        made: dict[int, Any] = {}
        result: Any = ABSENT
        async with CleanupStack() as outer, EarlyCleanupStack(outer) as early:
            for step in steps[:-1]:
                stack = early if step.scope is Scope.FUNCTION else outer
                arguments = {name: made[index] for name, index in step.arguments}
                made[step.index] = await _call(step, arguments, stack, app)
            arguments = {name: made[index] for name, index in steps[-1].arguments}
            call = partial(self.function, **values, **arguments)
            if self.is_in_thread:
                result = await run_in_thread(call, USING)
            else:
                result = await call()
        if result is ABSENT:
            raise RuntimeError(
                f"{describe_call(self.function)} has raised an exception that one of its "
                "dependencies has swallowed. Raise it again after the yield."
            )
        return result

    def _current(self, app: Vivace) -> tuple[Step, ...]:
        if not app.dependency_overrides:
            return self._steps
        plan = override_call(self._plan, app.dependency_overrides, frozenset())
        return _steps(plan)


def _dependency(
    parameter: inspect.Parameter, provided: Mapping[type, Callable[..., Any]]
) -> Depends | None:
    """The dependency that a parameter declares; ``None`` where it is to be given."""
    if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
        raise TypeError("Values are passed by the names of parameters. Name those that are wanted.")
    declaration = declared(parameter)
    check_resolved(declaration.annotation)
    dependency = dependency_of(declaration)
    if dependency is not None:
        return dependency
    kind = declaration.type
    if isinstance(kind, type) and kind in provided:
        return Depends(provided[kind])
    marker = declaration.marker
    if marker is not None or injected_kind(declaration) is not None:
        wanted = type(marker).__name__ if marker is not None else getattr(kind, "__name__", kind)
        raise TypeError(
            f"It is to come from a request ({wanted}), and there is none. Have the value given "
            "by whoever calls: declare the parameter with its type alone."
        )
    return None


def _calling(function: Callable[..., Any]) -> Calling:
    calling = special_calling(function) or Calling.THREAD
    if calling in GENERATORS:
        raise TypeError(
            f"{describe_call(function)} yields, and nobody takes what it does. Have it return."
        )
    return calling


def _steps(plan: CallPlan) -> tuple[Step, ...]:
    """The calls of ``plan``, without those that values of scope ``app`` are made by.

    Raises:
        TypeError: One needs a request.
    """
    steps = flatten(plan)
    needed = {steps[-1].index}
    for step in reversed(steps):
        if step.index in needed and step.scope is not Scope.APP:
            needed.update(step.needs)
    kept = tuple(step for step in steps if step.index in needed)
    for step in kept[:-1]:
        _refuse_request(step.plan)
    return kept


def _refuse_request(plan: CallPlan) -> None:
    asked = [parameter.name for parameter in plan.parameters]
    asked += [name for name, kind in plan.injected if kind is not Injected.SECURITY_SCOPES]
    for name in asked:
        if not _has_default(plan.call, name):
            with blaming(plan.call, name):
                raise TypeError(
                    "It is to come from a request, and there is none where this dependency is "
                    "used. Give the parameter a default, or depend on something else."
                )


def _has_default(call: Callable[..., Any], name: str) -> bool:
    """Whether Python itself fills the parameter."""
    default = signature_of(call).parameters[name].default
    return default is not inspect.Parameter.empty and not isinstance(default, FieldInfo)


async def _call(step: Step, arguments: dict[str, Any], stack: Any, app: Vivace) -> Any:
    if step.scope is Scope.APP:
        return await _app_value(step.plan, app)
    for name, kind in step.plan.injected:
        if kind is Injected.SECURITY_SCOPES:
            arguments[name] = SecurityScopes(scopes=list(step.scopes))
    limit = step.declaration.concurrency if step.declaration is not None else None
    semaphore: Any = nullcontext() if limit is None else limit.get_semaphore()
    call = partial(step.plan.call, **arguments)
    if step.plan.calling in GENERATORS:
        # What yields counts until it is cleaned up.
        await stack.enter_async_context(semaphore)
        if step.plan.calling is Calling.ASYNC_GENERATOR:
            return await stack.enter_async_context(asynccontextmanager(call)())
        entered = partial(enter, stack, contextmanager(call)())
        return await run_in_thread(entered, lane_of(step.plan.call))
    async with semaphore:
        match step.plan.calling:
            case Calling.COROUTINE:
                return await call()
            case Calling.THREAD:
                return await run_in_thread(call, USING)
            case _:
                return call()


async def _app_value(plan: CallPlan, app: Vivace) -> Any:
    value = app.app_scope.values.get(app_key(plan), ABSENT)
    return await app.app_scope.make(plan) if value is ABSENT else value


__all__ = ["Caller"]
