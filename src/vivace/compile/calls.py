"""Text that calls dependencies and the endpoint, each the way it has to be called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from vivace.analyse.plan import Calling, Injected, Parameter, Scope, Step
from vivace.compile.body import holds_contents
from vivace.compile.resume import ResumeEmitter
from vivace.compile.source import Source, identifier, local
from vivace.runtime.app_scope import app_key
from vivace.runtime.forms import unread
from vivace.runtime.generators import enter
from vivace.runtime.threads import USING, lane_of, run_in_thread
from vivace.runtime.validation import ABSENT
from vivace.security.scopes import SecurityScopes

IN_THREAD = (Calling.THREAD, Calling.GENERATOR)
GENERATORS = (Calling.GENERATOR, Calling.ASYNC_GENERATOR)

INJECTED_VARIABLES = {
    Injected.REQUEST: "request",
    Injected.WEBSOCKET: "websocket",
    Injected.CONNECTION: "request",
    Injected.RESPONSE: "parameters",
    Injected.BACKGROUND_TASKS: "background",
}


def value_of(step: Step) -> str:
    """The variable that holds what ``step`` returned."""
    call = step.plan.call
    name = getattr(call, "__name__", None) or type(call).__name__
    # It ends in a letter, whereas the variable of a parameter ends in a number.
    return f"{identifier(name)}_{step.index}_value"


def stack_of(step: Step) -> str:
    return "function_stack" if step.scope is Scope.FUNCTION else "request_stack"


def hop(source: Source, call: str, lane: str | None) -> str:
    """The expression that calls a function in a worker thread; both are given as expressions."""
    run = source.bind("run_in_thread", run_in_thread)
    return f"await {run}({call})" if lane is None else f"await {run}({call}, {lane})"


class CallEmitter:
    """Writes the calls of one handler."""

    def __init__(
        self, source: Source, steps: Sequence[Step], resume: ResumeEmitter, *, websocket: bool
    ) -> None:
        self.source = source
        self.resume = resume
        self.steps = {step.index: step for step in steps}
        self.connection = "websocket" if websocket else "request"
        #: What there is none of: its parameters keep their defaults.
        self.foreign = Injected.REQUEST if websocket else Injected.WEBSOCKET
        #: Whether what has been called holds something that is to be cleaned up.
        self.holds = False
        #: What a step returns in a worker thread passes through a function there, by its index.
        self.checks: dict[int, str] = {}

    def emit(self, steps: Sequence[Step]) -> None:
        """Call ``steps`` in order; those that need a thread and stand together share one."""
        called = 0
        for group in _groups(steps):
            if len(group) > 1:
                self._hop(group)
            else:
                self.emit_one(group[0])
            called += len(group)
            self.resume.after(steps[:called], group, steps[called:])

    def emit_one(self, step: Step) -> None:
        """Call a single step."""
        if step.scope is Scope.APP:
            self._app_scoped(step)
        elif _limit(step) is not None:
            self._limited(step)
        elif step.plan.calling in IN_THREAD:
            self._hop([step])
        else:
            self.source.line(f"{value_of(step)} = {self._awaited(step)}")

    def _awaited(self, step: Step) -> str:
        """The expression that calls a step which needs no thread."""
        match step.plan.calling:
            case Calling.COROUTINE:
                return f"await {self.expression(step)}"
            case Calling.ASYNC_GENERATOR:
                self.holds = True
                return f"await {stack_of(step)}.enter_async_context({self.expression(step)})"
            case _:
                return self.expression(step)

    def _hop(self, group: Sequence[Step]) -> None:
        """Call a group of steps in one worker thread."""
        lane = self._lane(group)
        if len(group) == 1:
            call = f"lambda: {self._in_thread(group[0])}"
            self.source.line(f"{value_of(group[0])} = {hop(self.source, call, lane)}")
            return
        values = ", ".join(value_of(step) for step in group)
        with self.source.block("def in_thread():"):
            for index, step in enumerate(group):
                self.resume.between(group, index)
                self.source.line(f"{value_of(step)} = {self._in_thread(step)}")
            self.source.line(f"return {values}")
        self.source.line(f"{values} = {hop(self.source, 'in_thread', lane)}")

    def _in_thread(self, step: Step) -> str:
        if step.plan.calling is not Calling.GENERATOR:
            check = self.checks.get(step.index)
            call = self.expression(step)
            return call if check is None else f"{check}({call})"
        self.holds = True
        enter_name = self.source.bind("enter", enter)
        return f"{enter_name}({stack_of(step)}, {self.expression(step)})"

    def _lane(self, group: Sequence[Step]) -> str | None:
        """The expression of the lane in which ``group`` is called."""
        for step in group:
            # So few wait for one that is limited that they cannot take every thread.
            if step.plan.calling is Calling.GENERATOR and _limit(step) is None:
                return self.source.bind("lane", lane_of(step.plan.call))
        return self.lane()

    def lane(self) -> str | None:
        """The expression of the lane for what follows the steps called so far."""
        return self.source.bind("USING", USING) if self.holds else None

    def _limited(self, step: Step) -> None:
        """Call a step whose declaration says how many may run at once."""
        limit = self.source.bind(f"limit_{step.index}", _limit(step))
        if step.plan.calling in GENERATORS:
            # A dependency that yields counts until it is cleaned up.
            self.source.line(f"await {stack_of(step)}.enter_async_context({limit}.get_semaphore())")
            self._unlimited(step)
            return
        with self.source.block(f"async with {limit}.get_semaphore():"):
            self._unlimited(step)

    def _unlimited(self, step: Step) -> None:
        if step.plan.calling in IN_THREAD:
            self._hop([step])
        else:
            self.source.line(f"{value_of(step)} = {self._awaited(step)}")

    def _app_scoped(self, step: Step) -> None:
        key = self.source.bind(f"key_{step.index}", app_key(step.plan))
        absent = self.source.bind("ABSENT", ABSENT)
        plan = self.source.bind(f"plan_{step.index}", step.plan)
        variable = value_of(step)
        self.source.line('app_scope = scope["app"].app_scope')
        self.source.line(f"{variable} = app_scope.values.get({key}, {absent})")
        with self.source.block(f"if {variable} is {absent}:"):
            self.source.line(f"{variable} = await app_scope.make({plan})")

    def expression(self, step: Step) -> str:
        """The expression ``call(name=value, ...)``."""
        call: Any = step.plan.call
        name = getattr(call, "__name__", None) or type(call).__name__
        if step.scope is not None and step.plan.calling is Calling.GENERATOR:
            call = contextmanager(call)
        elif step.scope is not None and step.plan.calling is Calling.ASYNC_GENERATOR:
            call = asynccontextmanager(call)
        arguments = ", ".join(f"{name}={value}" for name, value in self.arguments(step))
        return f"{self.source.bind(f'call_{name}', call)}({arguments})"

    def arguments(self, step: Step) -> Iterator[tuple[str, str]]:
        """The name of each argument of ``step``, and the expression of its value."""
        for parameter in step.plan.parameters:
            yield parameter.name, self._argument(step, parameter)
        for name, index in step.arguments:
            yield name, value_of(self.steps[index])
        for name, kind in step.plan.injected:
            if kind is self.foreign:
                continue
            if kind is Injected.SECURITY_SCOPES:
                scopes = self.source.bind("SecurityScopes", SecurityScopes)
                yield name, f"{scopes}(scopes={list(step.scopes)!r})"
            elif kind is Injected.CONNECTION:
                yield name, self.connection
            else:
                yield name, INJECTED_VARIABLES[kind]

    def _argument(self, step: Step, parameter: Parameter) -> str:
        """The expression of what a parameter of ``step`` has been given by the client."""
        variable = local(parameter.name, step.index)
        if step.needs and holds_contents(parameter.field):
            names = parameter.field.validation_names
            return f"{self.source.bind('unread', unread)}(form, {names!r}, {variable})"
        return variable


def _limit(step: Step) -> Any:
    return step.declaration.concurrency if step.declaration is not None else None


def _groups(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """``steps`` cut into runs that one worker thread can make in one go."""
    group: list[Step] = []
    for step in steps:
        shareable = (
            (step.plan.calling in IN_THREAD or (group and step.plan.calling is Calling.INLINE))
            and step.scope is not Scope.APP
            and _limit(step) is None
        )
        if shareable:
            group.append(step)
            continue
        yield from _trimmed(group)
        group = []
        yield [step]
    yield from _trimmed(group)


def _trimmed(group: list[Step]) -> Iterator[list[Step]]:
    """``group`` without the steps at its end that need no thread."""
    tail: list[Step] = []
    while group and group[-1].plan.calling is Calling.INLINE:
        tail.insert(0, group.pop())
    if group:
        yield group
    for step in tail:
        yield [step]
