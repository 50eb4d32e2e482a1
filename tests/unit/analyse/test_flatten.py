from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import pytest

from vivace.analyse.calls import Analyser
from vivace.analyse.flatten import cache_key, flatten, parameters_of, security_of
from vivace.analyse.plan import CallPlan, Scope, Step
from vivace.declare.functions import Depends, Security
from vivace.security import OAuth2PasswordBearer, SecurityScopes

bearer = OAuth2PasswordBearer(tokenUrl="token")


def plan_of(call: Callable[..., Any]) -> CallPlan:
    return Analyser().call_plan(call, frozenset())


def steps_of(call: Callable[..., Any]) -> tuple[Step, ...]:
    return flatten(plan_of(call))


def calls_of(call: Callable[..., Any]) -> list[Any]:
    return [step.plan.call for step in steps_of(call)]


def settings(size: int = 1) -> int:
    return size


def left(it: Annotated[int, Depends(settings)], a: int = 0) -> int:
    return it


def right(it: Annotated[int, Depends(settings)], b: int = 0) -> int:
    return it


def diamond(
    x: Annotated[int, Depends(left)], y: Annotated[int, Depends(right)], c: int
) -> None: ...


def test_a_call_without_dependencies_is_one_step() -> None:
    (step,) = steps_of(settings)
    assert (step.index, step.plan.call) == (0, settings)
    assert (step.arguments, step.needs, step.scopes) == ((), (), ())
    assert step.declaration is None


def test_a_shared_dependency_is_one_step_that_comes_before_all_who_use_it() -> None:
    steps = steps_of(diamond)
    assert [step.plan.call for step in steps] == [settings, left, right, diamond]
    assert [step.index for step in steps] == [0, 1, 2, 3]
    assert [step.arguments for step in steps] == [
        (),
        (("it", 0),),
        (("it", 0),),
        (("x", 1), ("y", 2)),
    ]
    assert [step.needs for step in steps] == [(), (0,), (0,), (1, 2)]


def test_a_dependency_that_may_not_be_cached_is_a_step_of_each_use() -> None:
    def fresh(
        a: Annotated[int, Depends(settings)],
        b: Annotated[int, Depends(settings, use_cache=False)],
        c: Annotated[int, Depends(settings)],
    ) -> None: ...

    steps = steps_of(fresh)
    assert [step.plan.call for step in steps] == [settings, settings, fresh]
    assert [step.use_cache for step in steps] == [True, False, False]
    assert steps[-1].arguments == (("a", 0), ("b", 1), ("c", 0))


def test_uses_with_different_lifetimes_are_different_steps() -> None:
    def both(
        a: Annotated[int, Depends(settings, scope="function")],
        b: Annotated[int, Depends(settings, scope="request")],
    ) -> None: ...

    assert [step.scope for step in steps_of(both)] == [Scope.FUNCTION, Scope.REQUEST, None]


def test_a_dependency_without_a_parameter_is_needed_and_passed_to_none() -> None:
    plan = plan_of(settings)
    use = Analyser().dependency_plan(Depends(right), frozenset())
    *_, last = flatten(CallPlan(plan.call, plan.calling, plan.parameters, dependencies=(use,)))
    assert (last.needs, last.arguments) == ((1,), ())


def test_each_step_keeps_the_declaration_it_came_from() -> None:
    limited = Depends(settings, max_concurrency=2)

    def endpoint(it: int = limited) -> None: ...

    first, last = steps_of(endpoint)
    assert first.declaration is limited
    assert last.declaration is None


def user(needed: SecurityScopes, token: Annotated[str, Depends(bearer)]) -> str:
    return token


def reader(it: Annotated[str, Security(user, scopes=["read"])]) -> str:
    return it


def guarded(
    a: Annotated[str, Security(reader, scopes=["all", "read"])],
    b: Annotated[str, Security(user, scopes=["write"])],
    c: Annotated[int, Depends(settings)],
) -> None: ...


def test_scopes_reach_what_is_below_from_the_outside_in_each_one_once() -> None:
    reached = [(step.plan.call, step.scopes) for step in steps_of(guarded)]
    assert reached == [
        (bearer, ("all", "read")),
        (user, ("all", "read")),
        (reader, ("all", "read")),
        (bearer, ("write",)),
        (user, ("write",)),
        (settings, ()),
        (guarded, ()),
    ]


def test_scopes_do_not_part_what_does_not_look_at_them() -> None:
    def checked(it: Annotated[int, Depends(settings)]) -> int:
        return it

    def endpoint(
        a: int = Security(checked, scopes=["read"]),
        b: int = Depends(settings),
    ) -> None: ...

    assert calls_of(endpoint) == [settings, checked, endpoint]


def test_the_security_of_a_call_is_its_schemes_with_the_scopes_asked_of_them() -> None:
    uses = security_of(plan_of(guarded))
    assert [(use.scheme, use.scopes) for use in uses] == [
        (bearer, ("all", "read")),
        (bearer, ("write",)),
    ]
    assert security_of(plan_of(diamond)) == ()


def test_each_parameter_is_read_once_in_the_order_of_the_calls() -> None:
    steps = steps_of(diamond)
    assert [p.name for p in parameters_of(steps)] == ["size", "a", "b", "c"]

    def fresh(
        a: Annotated[int, Depends(settings)],
        b: Annotated[int, Depends(settings, use_cache=False)],
    ) -> None: ...

    assert [p.name for p in parameters_of(steps_of(fresh))] == ["size"]


class Unhashable:
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unhashable)

    def __call__(self) -> int:
        return 1


def test_a_key_is_of_the_call_its_lifetime_and_its_scopes_in_any_order() -> None:
    key = cache_key(settings, ("a", "b"), None)
    assert key == cache_key(settings, ("b", "a"), None)
    others = [
        cache_key(left, ("a", "b"), None),
        cache_key(settings, ("a",), None),
        cache_key(settings, ("a", "b"), Scope.REQUEST),
    ]
    assert key not in others


@pytest.mark.parametrize("same", [True, False])
def test_what_cannot_be_hashed_is_the_same_call_only_where_it_is_the_same_object(
    same: bool,
) -> None:
    first = Unhashable()
    second = first if same else Unhashable()

    def endpoint(a: int = Depends(first), b: int = Depends(second)) -> None: ...

    assert len(steps_of(endpoint)) == (2 if same else 3)
