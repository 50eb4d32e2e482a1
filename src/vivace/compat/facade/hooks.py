"""The functions of `fastapi.routing` that tools which watch a program put their own in place of.

Vivace calls no such functions. Where one of them has been replaced when an endpoint is compiled,
the endpoint is compiled to be called by way of them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.requests import HTTPConnection

from vivace.analyse.plan import Calling, EndpointPlan, Injected
from vivace.runtime.overrides import Overrides
from vivace.runtime.threads import run_in_thread
from vivace.serve.handlers import Handlers

from .dependant import Dependant

#: The parameter by which an endpoint that is called by way of the hooks gets its connection.
_CONNECTION = "fastapi_connection"


@dataclass
class SolvedDependency:
    """The arguments of an endpoint, and what was wrong with them."""

    values: dict[str, Any]
    errors: list[Any] = field(default_factory=list)


async def solve_dependencies(
    *, request: HTTPConnection, dependant: Dependant, values: dict[str, Any], **options: Any
) -> SolvedDependency:
    """The arguments of an endpoint. They were read, and dependencies called, before this is."""
    return SolvedDependency(values)


async def run_endpoint_function(
    *, dependant: Dependant, values: dict[str, Any], is_coroutine: bool
) -> Any:
    """Call an endpoint, in a worker thread unless it is a coroutine function."""
    call: Any = dependant.call
    if is_coroutine:
        return await call(**values)
    return await run_in_thread(lambda: call(**values))


def get_websocket_app(dependant: Dependant, **options: Any) -> Callable[..., Any]:
    """Nothing calls this: tools compare it with what it was."""
    raise NotImplementedError("WebSocket routes are not made by fastapi.routing.get_websocket_app")


class HookedHandlers(Handlers):
    """Handlers of an endpoint that is called by way of the hooks, where there are any.

    `dependant` carries the callable that a tool may have put in place of the endpoint.
    """

    resumes = True
    dependant: Dependant | None = None

    def _plan(self, overrides: Overrides) -> EndpointPlan:
        plan = super()._plan(overrides)
        dependant = self.dependant or Dependant.of(plan.root)
        if _is_hooked() and plan.root.calling in (
            Calling.COROUTINE,
            Calling.INLINE,
            Calling.THREAD,
        ):
            return _called_through_hooks(plan, dependant)
        if dependant.call is not plan.root.call and dependant.call is not None:
            calling = Calling.THREAD if plan.root.calling is Calling.INLINE else plan.root.calling
            return _with_root(plan, call=dependant.call, calling=calling)
        return plan


def _is_hooked() -> bool:
    from . import routing

    return (
        routing.solve_dependencies is not solve_dependencies
        or routing.run_endpoint_function is not run_endpoint_function
    )


def _called_through_hooks(plan: EndpointPlan, dependant: Dependant) -> EndpointPlan:
    from . import routing

    is_coroutine = plan.root.calling is Calling.COROUTINE
    endpoint: Any = dependant.call

    @functools.wraps(endpoint)
    async def call(**values: Any) -> Any:
        connection: HTTPConnection = values.pop(_CONNECTION)
        solved = await routing.solve_dependencies(
            request=connection, dependant=dependant, values=values
        )
        if connection.scope["type"] == "websocket":
            return await endpoint(**solved.values)
        return await routing.run_endpoint_function(
            dependant=dependant, values=solved.values, is_coroutine=is_coroutine
        )

    injected = (*plan.root.injected, (_CONNECTION, Injected.CONNECTION))
    return _with_root(plan, call=call, calling=Calling.COROUTINE, injected=injected)


def _with_root(plan: EndpointPlan, **changes: Any) -> EndpointPlan:
    root = replace(plan.root, **changes)
    last = replace(plan.steps[-1], plan=root)
    return replace(plan, root=root, steps=(*plan.steps[:-1], last))
