"""Text that notices when dependencies are replaced while a request is being served.

Only code that is not known to be harmless can do so: between steps that are, nothing is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.requests import Request

from vivace.analyse.plan import Calling, Scope, Step
from vivace.compile.options import Resume, Target
from vivace.compile.source import Source
from vivace.runtime.overrides import overrides_in, received_again
from vivace.runtime.validation import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable


class ResumeEmitter:
    """Writes where one handler leaves the rest of a request to another.

    Args:
        request: The variable that holds the request; ``None`` where there is none.
        body: The variable that holds the body; ``None`` where it has not been received.
        value_of: The variable of what a step has returned.
    """

    def __init__(
        self,
        source: Source,
        resume: Resume | None,
        *,
        target: Target,
        request: str | None,
        body: str | None,
        value_of: Callable[[Step], str],
    ) -> None:
        self._source = source
        # A socket may have been accepted by then: another handler could not start with it.
        self._resume = None if target is Target.WEBSOCKET else resume
        self._target = target
        self._request = request
        self._body = body
        self._value_of = value_of

    def after(self, called: Sequence[Step], group: Sequence[Step], later: Sequence[Step]) -> None:
        """Leave to another handler what comes after ``group``, the last ones of ``called``."""
        if self._resume is None:
            return
        if self.may_stop(group):
            absent = self._source.bind("ABSENT", ABSENT)
            with self._source.block(f"if {self._value_of(group[-1])} is {absent}:"):
                self._leave(called)
        if any(map(_is_unknown, group)) and any(map(_is_replaceable, later)):
            with self._source.block(f"if {self._changed()}:"):
                self._leave(called)

    def may_stop(self, group: Sequence[Step]) -> bool:
        """Whether the steps of a thread may end before the last one."""
        return any(self._stops_before(group, index) for index in range(1, len(group)))

    def between(self, group: Sequence[Step], index: int) -> None:
        """End a function that makes the steps of ``group`` before the one at ``index``."""
        if self._stops_before(group, index):
            values = [self._value_of(step) for step in group[:index]]
            values += [self._source.bind("ABSENT", ABSENT)] * (len(group) - index)
            with self._source.block(f"if {self._changed()}:"):
                self._source.line(f"return {', '.join(values)}")

    def _stops_before(self, group: Sequence[Step], index: int) -> bool:
        return (
            self._resume is not None
            and any(map(_is_unknown, group[:index]))
            and any(map(_is_replaceable, group[index:]))
        )

    def _changed(self) -> str:
        assert self._resume is not None
        overrides = f"{self._source.bind('overrides_in', overrides_in)}(scope)"
        if not self._resume.overrides:
            return overrides
        return f"{overrides} != {self._source.bind('overrides', self._resume.overrides)}"

    def _leave(self, called: Sequence[Step]) -> None:
        assert self._resume is not None
        resume = self._source.bind("resume", self._resume.function)
        made = ", ".join(
            f"({self._source.bind(f'made_{step.index}', _declared(step))}, {self._value_of(step)})"
            for step in called
            if _is_replaceable(step)
        )
        arguments = [f"[{made}]", self._request or self._new_request()]
        if self._target is Target.ASGI:
            arguments.append("send")
        self._source.line(f"return await {resume}({', '.join(arguments)})")

    def _new_request(self) -> str:
        receive = "receive"
        if self._body is not None:
            again = self._source.bind("received_again", received_again)
            receive = f"{again}({self._body}, receive)"
        return f"{self._source.bind('Request', Request)}(scope, {receive}, send)"


def _is_unknown(step: Step) -> bool:
    return step.plan.calling is not Calling.INLINE


def _is_replaceable(step: Step) -> bool:
    """True for a dependency, not for the endpoint; those of the app's own were made before."""
    return step.declaration is not None and step.scope is not Scope.APP


def _declared(step: Step) -> object:
    """What a replacement of ``step`` is looked up by: it may be one itself."""
    assert step.declaration is not None
    return step.declaration.dependency or step.plan.call
