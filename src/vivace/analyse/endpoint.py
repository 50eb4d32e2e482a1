"""An endpoint's plan, put together from what the other modules of this stage find out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from vivace.analyse.body import body_plan
from vivace.analyse.calls import Analyser
from vivace.analyse.flatten import flatten, parameters_of, security_of
from vivace.analyse.inplace import returned_kind
from vivace.analyse.plan import (
    Calling,
    CallPlan,
    DependencyPlan,
    EndpointPlan,
    ResponsePlan,
    Source,
)
from vivace.analyse.value_kinds import Kind, validates_in_place
from vivace.declare.dependencies import Depends

#: Signatures do not change, so that one memory serves every app of the process.
_analyser = Analyser()


def analyse_call(call: Callable[..., Any], path_names: frozenset[str]) -> CallPlan:
    """Read the signature of ``call`` and of every dependency below it."""
    return _analyser.call_plan(call, path_names)


def analyse_dependency(declaration: Depends, name: str) -> DependencyPlan:
    """Read a dependency that fills the parameter ``name`` of what is called without a request."""
    return _analyser.dependency_plan(declaration, frozenset(), name)


def with_dependencies(
    root: CallPlan, dependencies: Sequence[Depends], path_names: frozenset[str]
) -> CallPlan:
    """``root`` with dependencies put before its own, as routers and decorators declare them."""
    if not dependencies:
        return root
    extra = tuple(_analyser.dependency_plan(d, path_names) for d in dependencies)
    inner = (*extra, *root.dependencies)
    return replace(
        root,
        dependencies=inner,
        uses_scopes=root.uses_scopes or any(d.plan.uses_scopes for d in extra),
    )


def endpoint_plan(root: CallPlan, response: ResponsePlan) -> EndpointPlan:
    """The plan of the endpoint whose call tree is ``root``."""
    if root.calling is Calling.INLINE and not _answers_in_place(root, response):
        root = replace(root, calling=Calling.THREAD)
    steps = flatten(root)
    parameters = tuple(parameters_of(steps))
    return EndpointPlan(
        root=root,
        steps=steps,
        parameters=tuple(p for p in parameters if p.source is not Source.BODY),
        body=body_plan(p for p in parameters if p.source is Source.BODY),
        response=response,
        security=security_of(root),
    )


def _answers_in_place(root: CallPlan, response: ResponsePlan) -> bool:
    """True where what an endpoint returns, and not only itself, leaves the event loop alone.

    Validation reads the attributes of objects that it does not know, which may load them.
    """
    if response.field is None:
        return True
    kind = returned_kind(root.call, root.parameters)
    is_known = kind is Kind.DATA or (kind is not None and kind.is_plain)
    return is_known and validates_in_place(response.field)
