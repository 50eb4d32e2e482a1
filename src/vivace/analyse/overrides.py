"""A plan with some of its dependencies replaced, as tests do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from vivace.analyse.endpoint import analyse_call, endpoint_plan
from vivace.analyse.plan import Calling, CallPlan, DependencyPlan, EndpointPlan, Scope

Overrides = Mapping[Callable[..., Any], Callable[..., Any]]


def override(plan: EndpointPlan, overrides: Overrides, path_names: frozenset[str]) -> EndpointPlan:
    """``plan`` with every dependency that is a key of ``overrides`` replaced by its value."""
    return endpoint_plan(override_call(plan.root, overrides, path_names), plan.response)


def override_call(plan: CallPlan, overrides: Overrides, path_names: frozenset[str]) -> CallPlan:
    """The same for a call and the tree below it."""
    dependencies = tuple(_replaced_use(d, overrides, path_names) for d in plan.dependencies)
    calling = plan.calling
    if calling is Calling.INLINE and _calls(dependencies) != _calls(plan.dependencies):
        # What was known of the values that it gets is not known of those of the replacements.
        calling = Calling.THREAD
    return replace(
        plan,
        calling=calling,
        dependencies=dependencies,
        uses_scopes=plan.uses_scopes or any(d.plan.uses_scopes for d in dependencies),
    )


def _calls(dependencies: tuple[DependencyPlan, ...]) -> list[Callable[..., Any]]:
    return [use.plan.call for use in dependencies]


def _replaced_use(
    use: DependencyPlan, overrides: Overrides, path_names: frozenset[str]
) -> DependencyPlan:
    call = use.plan.call
    try:
        replacement = overrides.get(call)
    except TypeError:  # It cannot be hashed, and so is no key.
        replacement = None
    if replacement is None:
        return replace(use, plan=override_call(use.plan, overrides, path_names))
    plan = replace(analyse_call(replacement, path_names), own_scopes=use.plan.own_scopes)
    scope = use.scope
    if scope is None and plan.calling in (Calling.GENERATOR, Calling.ASYNC_GENERATOR):
        scope = Scope.REQUEST
    return replace(use, plan=override_call(plan, overrides, path_names), scope=scope)
