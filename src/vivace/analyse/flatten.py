"""The tree of dependencies laid out as a list of calls, each one as often as it is made."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from vivace.analyse.plan import CallPlan, DependencyPlan, Parameter, Scope, SecurityUse, Step
from vivace.declare.dependencies import Depends


def flatten(root: CallPlan) -> tuple[Step, ...]:
    """The calls of ``root`` in the order in which they are made; ``root`` itself is last.

    A dependency that is used again and may be cached is one step that several others name.
    """
    layout = _Layout()
    layout.add(root, scope=None, use_cache=False, declaration=None, scopes=())
    return tuple(layout.steps)


class _Layout:
    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._made: dict[Hashable, int] = {}

    def add(
        self,
        plan: CallPlan,
        *,
        scope: Scope | None,
        use_cache: bool,
        declaration: Depends | None,
        scopes: tuple[str, ...],
    ) -> int:
        arguments: list[tuple[str, int]] = []
        needs: list[int] = []
        for dependency in plan.dependencies:
            index = self._dependency(dependency, scopes)
            needs.append(index)
            if dependency.name is not None:
                arguments.append((dependency.name, index))
        step = Step(
            index=len(self.steps),
            plan=plan,
            scope=scope,
            use_cache=use_cache,
            declaration=declaration,
            scopes=scopes,
            arguments=tuple(arguments),
            needs=tuple(needs),
        )
        self.steps.append(step)
        return step.index

    def _dependency(self, dependency: DependencyPlan, outer_scopes: tuple[str, ...]) -> int:
        plan = dependency.plan
        scopes = tuple(dict.fromkeys((*outer_scopes, *plan.own_scopes)))
        key = cache_key(plan.call, scopes if plan.uses_scopes else (), dependency.scope)
        if dependency.use_cache and key in self._made:
            return self._made[key]
        index = self.add(
            plan,
            scope=dependency.scope,
            use_cache=dependency.use_cache,
            declaration=dependency.declaration,
            scopes=scopes,
        )
        self._made.setdefault(key, index)
        return index


def cache_key(call: Any, scopes: tuple[str, ...], scope: Scope | None) -> Hashable:
    """Two uses of a dependency with equal keys share one value in a request."""
    try:
        hash(call)
        identity: Hashable = call
    except TypeError:
        identity = id(call)
    return (identity, tuple(sorted(scopes)), scope)


def parameters_of(steps: tuple[Step, ...]) -> Iterator[Parameter]:
    """Every parameter once, in the order in which they are read."""
    seen: set[int] = set()
    for step in steps:
        for parameter in step.plan.parameters:
            if id(parameter) not in seen:
                seen.add(id(parameter))
                yield parameter


def security_of(root: CallPlan) -> tuple[SecurityUse, ...]:
    """The security schemes that ``root`` asks for, in the order of the tree."""
    return tuple(_security_below(root, ()))


def _security_below(plan: CallPlan, scopes: tuple[str, ...]) -> Iterator[SecurityUse]:
    for dependency in plan.dependencies:
        inner = tuple(dict.fromkeys((*scopes, *dependency.plan.own_scopes)))
        if dependency.plan.is_security_scheme:
            yield SecurityUse(dependency.plan.call, inner)
        yield from _security_below(dependency.plan, inner)
