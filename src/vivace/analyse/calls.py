"""A callable and the tree of dependencies below it, read from signatures."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

from vivace.analyse.annotations import signature_of
from vivace.analyse.blame import blaming, describe_call
from vivace.analyse.callables import calling_of
from vivace.analyse.parameters import (
    Declared,
    declared,
    dependency_of,
    injected_kind,
    request_parameter,
)
from vivace.analyse.plan import (
    Calling,
    CallPlan,
    DependencyPlan,
    Injected,
    Parameter,
    Scope,
    Source,
)
from vivace.declare.dependencies import Depends, Security, check_dependency
from vivace.exceptions import DependencyScopeError, VivaceError
from vivace.security.base import SecurityScheme

GENERATORS = (Calling.GENERATOR, Calling.ASYNC_GENERATOR)
OPEN_ENDED = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


#: How many signatures are remembered: more than an app has, and fewer than would be a leak.
REMEMBERED = 4096


class Analyser:
    """Reads signatures, each one once.

    ``path_names`` are the names in braces in the route's path. A dependency that has none of
    them as a parameter has the same plan for every path, and so is read once for all routes.
    """

    def __init__(self) -> None:
        self._names: dict[int, frozenset[str]] = {}
        self._plans: dict[tuple[int, frozenset[str]], CallPlan] = {}

    def call_plan(
        self,
        call: Callable[..., Any],
        path_names: frozenset[str],
        above: tuple[Callable[..., Any], ...] = (),
    ) -> CallPlan:
        """The plan of ``call``.

        Args:
            above: The dependencies that are being read, each of which depends on the next.

        Raises:
            AssertionError, TypeError, InvalidField, DependencyScopeError: The signature is wrong.
        """
        if any(call is outer for outer in above):
            raise VivaceError(
                f"The dependency {describe_call(call)!r} depends on itself. Take the parameter "
                "away, or name another dependency."
            )
        return _read(call, path_names, self, (*above, call))

    def dependency_plan(
        self,
        declaration: Depends,
        path_names: frozenset[str],
        name: str | None = None,
        above: tuple[Callable[..., Any], ...] = (),
    ) -> DependencyPlan:
        """The plan of one use of a dependency."""
        check_dependency(declaration)
        call: Any = declaration.dependency
        plan = self._remembered(call, path_names, above)
        scopes = tuple(declaration.scopes or ()) if isinstance(declaration, Security) else ()
        if scopes:
            plan = replace(plan, own_scopes=scopes, uses_scopes=True)
        dependency = DependencyPlan(
            name=name,
            plan=plan,
            scope=_scope_of(declaration, plan),
            use_cache=declaration.use_cache,
            declaration=declaration,
        )
        check_scopes(dependency)
        return dependency

    def _remembered(
        self,
        call: Callable[..., Any],
        path_names: frozenset[str],
        above: tuple[Callable[..., Any], ...],
    ) -> CallPlan:
        names = self._names.get(id(call))
        if names is not None:
            found = self._plans.get((id(call), path_names & names))
            if found is not None:
                return found
        plan = self.call_plan(call, path_names, above)
        if not is_complete(plan):
            return plan
        if len(self._plans) >= REMEMBERED:
            self._names.clear()
            self._plans.clear()
        # The plan keeps the callable, so that its id stays its own.
        self._names[id(call)] = parameter_names(plan)
        self._plans[id(call), path_names & self._names[id(call)]] = plan
        return plan


def parameter_names(plan: CallPlan) -> frozenset[str]:
    """The names of all parameters that are filled from a request, dependencies' included."""
    own = (parameter.name for parameter in plan.parameters)
    below = (name for d in plan.dependencies for name in parameter_names(d.plan))
    return frozenset([*own, *below])


def _scope_of(declaration: Depends, plan: CallPlan) -> Scope | None:
    if declaration.scope is not None:
        return Scope(declaration.scope)
    return Scope.REQUEST if plan.calling in GENERATORS else None


def is_complete(plan: CallPlan) -> bool:
    """False where the type of a parameter names what did not exist yet when it was read."""
    return all(
        field.is_complete
        for parameter in plan.parameters
        for field in (parameter.field, *(parameter.members or ()))
    ) and all(is_complete(dependency.plan) for dependency in plan.dependencies)


def complete(plan: CallPlan) -> None:
    """Read the types of all parameters to their ends.

    Raises:
        InvalidField: One names what does not exist. The message says whose it is.
    """
    for parameter in plan.parameters:
        with blaming(plan.call, parameter.name):
            parameter.field.complete()
    for dependency in plan.dependencies:
        with blaming(plan.call, dependency.name):
            complete(dependency.plan)


def _read(
    call: Callable[..., Any],
    path_names: frozenset[str],
    analyser: Analyser,
    above: tuple[Callable[..., Any], ...],
) -> CallPlan:
    parameters: list[Parameter] = []
    injected: list[tuple[str, Injected]] = []
    dependencies: list[DependencyPlan] = []
    with blaming(call):
        signature = _signature(call)
        _check_kinds(signature)
    for parameter in signature:
        with blaming(call, parameter.name):
            declaration = declared(parameter)
            name = declaration.name
            dependency = dependency_of(declaration)
            if dependency is not None:
                dependencies.append(analyser.dependency_plan(dependency, path_names, name, above))
            elif (kind := injected_kind(declaration)) is not None:
                injected.append((name, kind))
            else:
                parameters.append(request_parameter(declaration, path_names))
    is_scheme = isinstance(call, SecurityScheme)
    return CallPlan(
        call=call,
        calling=calling_of(call, parameters, _instances(dependencies)),
        parameters=tuple(_in_source_order(parameters)),
        injected=tuple(injected),
        dependencies=tuple(dependencies),
        is_security_scheme=is_scheme,
        uses_scopes=is_scheme or _uses_scopes(injected, dependencies),
        open_ended=next((p.name for p in signature if p.kind in OPEN_ENDED), None),
    )


def _instances(dependencies: Iterable[DependencyPlan]) -> dict[str, type]:
    """The parameters that get an instance of a class which does nothing but store."""
    return {
        dependency.name: dependency.plan.call
        for dependency in dependencies
        if dependency.name is not None
        and dependency.plan.calling is Calling.INLINE
        and isinstance(dependency.plan.call, type)
    }


def _signature(call: Callable[..., Any]) -> Collection[inspect.Parameter]:
    try:
        return signature_of(call).parameters.values()
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"Its parameters cannot be read: {error}. Put a function around it that has the "
            "parameters that it is to be called with."
        ) from error


def _check_kinds(parameters: Collection[inspect.Parameter]) -> None:
    kinds = {parameter.kind for parameter in parameters}
    if inspect.Parameter.VAR_POSITIONAL in kinds and inspect.Parameter.VAR_KEYWORD not in kinds:
        raise TypeError(
            "Arguments are passed by name, which `*args` does not take. Name the parameters, or put"
            " `functools.wraps` around a function that stands for another."
        )


def check_names(root: CallPlan) -> None:
    """Refuse parameters that stand for any others: nothing in a request has their names.

    Raises:
        TypeError: It names the function and the parameter.
    """
    if root.open_ended is not None:
        with blaming(root.call, root.open_ended):
            raise TypeError(
                "Values are found by the names of parameters. Name those that are wanted, or "
                "put `functools.wraps` around a function that stands for another."
            )
    for dependency in root.dependencies:
        check_names(dependency.plan)


def check_connection(root: CallPlan, *, websocket: bool) -> None:
    """Refuse parameters for a request where there is a WebSocket, and the other way round.

    A dependency that serves both has defaults for them.

    Raises:
        TypeError: It names the function and the parameter.
    """
    foreign = Injected.REQUEST if websocket else Injected.WEBSOCKET
    for name, kind in root.injected:
        if kind is foreign and inspect.signature(root.call).parameters[name].default is _NONE:
            with blaming(root.call, name):
                raise TypeError(
                    f"There is no {foreign.value} here. Take an `HTTPConnection`, which both kinds "
                    "of connections are, or give it the default `None`."
                )
    for dependency in root.dependencies:
        check_connection(dependency.plan, websocket=websocket)


def check_bodiless(root: CallPlan) -> None:
    """Refuse parameters of a body: the handshake of a WebSocket is a GET (RFC 6455, section 4.1).

    Raises:
        TypeError: It names the function and the parameter.
    """
    for parameter in root.of(Source.BODY):
        with blaming(root.call, parameter.name):
            raise TypeError(
                "A WebSocket has no body. Take the value from the query or a header, or "
                "receive it in a message."
            )
    for dependency in root.dependencies:
        check_bodiless(dependency.plan)


_NONE = inspect.Parameter.empty


def _in_source_order(parameters: Iterable[Parameter]) -> list[Parameter]:
    """Path, query, header, cookie, body: the order in which errors are reported."""
    order = ["path", "query", "header", "cookie", "body"]
    return sorted(parameters, key=lambda p: order.index(p.source.value))


def _uses_scopes(
    injected: Iterable[tuple[str, Injected]], dependencies: Iterable[DependencyPlan]
) -> bool:
    return any(kind is Injected.SECURITY_SCOPES for _, kind in injected) or any(
        d.plan.uses_scopes for d in dependencies
    )


#: How long values live, shortest first: none may use one that lives shorter.
_LIFETIMES = {Scope.FUNCTION: 0, Scope.REQUEST: 1, Scope.APP: 2}


def check_scopes(dependency: DependencyPlan) -> None:
    """Refuse a dependency that outlives what it is made from.

    Raises:
        DependencyScopeError: It names both.
    """
    plan = dependency.plan
    if (dependency.scope in (Scope.REQUEST, Scope.APP) and plan.calling in GENERATORS) or (
        dependency.scope is Scope.APP
    ):
        for inner in plan.dependencies:
            _check_inner(dependency, inner)
    if dependency.scope is Scope.APP and (plan.parameters or plan.injected):
        names = [p.name for p in plan.parameters] + [name for name, _ in plan.injected]
        raise DependencyScopeError(
            f'The dependency "{call_name(plan.call)}" has a scope of "app": it is made before '
            f"any request, so it cannot have the parameter {names[0]!r} that a request fills. Take "
            "the parameter away, or the scope."
        )


def call_name(call: Callable[..., Any]) -> str:
    return getattr(call, "__name__", None) or type(call).__name__


def _check_inner(outer: DependencyPlan, inner: DependencyPlan) -> None:
    assert outer.scope is not None
    scope = inner.scope
    if outer.scope is Scope.APP and scope is not Scope.APP:
        scope = scope or Scope.FUNCTION
    if scope is not None and _LIFETIMES[scope] < _LIFETIMES[outer.scope]:
        raise DependencyScopeError(
            f'The dependency "{call_name(outer.plan.call)}" has a scope of '
            f'"{outer.scope.value}", it cannot depend on dependencies with scope "{scope.value}". '
            f'Declare "{call_name(inner.plan.call)}" with `scope="{outer.scope.value}"` too.'
        )


__all__ = ["Analyser", "Declared", "check_scopes", "complete", "is_complete"]
