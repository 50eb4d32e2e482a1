"""A plan with other functions in the place of some of its dependencies."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

import pytest

from vivace import Body, Depends, Security
from vivace.analyse.endpoint import analyse_call, endpoint_plan
from vivace.analyse.overrides import override
from vivace.analyse.plan import Calling, EndpointPlan, ResponsePlan, Scope, Source
from vivace.security import SecurityScopes

NO_PATH: frozenset[str] = frozenset()


def lowest(q: int) -> int:
    return q


def middle(low: Annotated[int, Depends(lowest)]) -> int:
    return low


def held() -> Iterator[int]:
    yield 1


async def held_async() -> AsyncIterator[int]:
    yield 1


def reads_body(payload: Annotated[int, Body()]) -> int:
    return payload


def reads_id(id: int) -> int:
    return id


def reads_scopes(scopes: SecurityScopes) -> Any:
    return scopes.scopes


class Unhashable:
    __hash__ = None  # type: ignore[assignment]

    def __call__(self, r: int) -> int:
        return r


unhashable = Unhashable()


async def endpoint(value: Annotated[int, Depends(middle)]) -> Any:
    return value


def in_place(value: Annotated[int, Depends(middle)]) -> Any:
    return value


async def with_unhashable(
    value: Annotated[int, Depends(unhashable)], low: Annotated[int, Depends(lowest)]
) -> Any:
    return value


async def secured(value: Annotated[Any, Security(lowest, scopes=["read"])]) -> Any:
    return value


async def early(value: Annotated[int, Depends(held, scope="function")]) -> Any:
    return value


def plan_of(call: Callable[..., Any], path_names: frozenset[str] = NO_PATH) -> EndpointPlan:
    return endpoint_plan(analyse_call(call, path_names), ResponsePlan())


def calls(plan: EndpointPlan) -> list[Any]:
    return [step.plan.call for step in plan.steps]


def test_no_override_changes_nothing() -> None:
    plan = plan_of(endpoint)
    same = override(plan, {}, NO_PATH)
    assert calls(same) == calls(plan) == [lowest, middle, endpoint]
    assert same.parameters == plan.parameters
    assert same.response is plan.response


def test_what_a_replaced_dependency_needed_is_not_called() -> None:
    plan = plan_of(endpoint)
    replaced = override(plan, {middle: reads_body}, NO_PATH)
    assert calls(replaced) == [reads_body, endpoint]
    assert replaced.parameters == ()
    assert replaced.body is not None
    assert [parameter.name for parameter in replaced.body.parameters] == ["payload"]
    assert calls(plan) == [lowest, middle, endpoint]


def test_a_dependency_deep_below_is_replaced() -> None:
    replaced = override(plan_of(endpoint), {lowest: held_async}, NO_PATH)
    assert calls(replaced) == [held_async, middle, endpoint]


def test_what_a_replacement_depends_on_is_replaced_too() -> None:
    def other(low: Annotated[int, Depends(lowest)]) -> int:
        return low

    replaced = override(plan_of(endpoint), {middle: other, lowest: reads_body}, NO_PATH)
    assert calls(replaced) == [reads_body, other, endpoint]


def test_the_endpoint_itself_is_no_dependency() -> None:
    plan = plan_of(endpoint)
    assert calls(override(plan, {endpoint: held}, NO_PATH)) == calls(plan)


def test_a_replacement_may_take_from_the_path_of_the_route() -> None:
    def source_of_id(path_names: frozenset[str]) -> Source:
        (parameter,) = override(plan_of(endpoint), {middle: reads_id}, path_names).parameters
        return parameter.source

    assert source_of_id(frozenset({"id"})) is Source.PATH
    assert source_of_id(NO_PATH) is Source.QUERY


def test_a_dependency_that_cannot_be_hashed_stays() -> None:
    replaced = override(plan_of(with_unhashable), {lowest: reads_body}, NO_PATH)
    assert calls(replaced) == [unhashable, reads_body, with_unhashable]


def test_what_may_be_done_in_place_is_known_of_the_original_values_alone() -> None:
    plan = plan_of(in_place)
    assert plan.root.calling is Calling.INLINE
    assert override(plan, {}, NO_PATH).root.calling is Calling.INLINE
    assert override(plan, {middle: reads_body}, NO_PATH).root.calling is Calling.THREAD


@pytest.mark.parametrize("replacement", [held, held_async])
def test_a_generator_in_the_place_of_a_function_lasts_for_the_request(replacement: Any) -> None:
    replaced = override(plan_of(endpoint), {middle: replacement}, NO_PATH)
    assert [step.scope for step in replaced.steps] == [Scope.REQUEST, None]


def test_a_declared_scope_is_kept() -> None:
    replaced = override(plan_of(early), {held: held_async}, NO_PATH)
    assert [step.scope for step in replaced.steps] == [Scope.FUNCTION, None]


def test_security_scopes_reach_a_replacement() -> None:
    replaced = override(plan_of(secured), {lowest: reads_scopes}, NO_PATH)
    assert calls(replaced) == [reads_scopes, secured]
    assert replaced.steps[0].scopes == ("read",)


def test_a_replacement_that_asks_for_scopes_is_told_apart_by_them() -> None:
    plan = plan_of(endpoint)
    assert not plan.root.uses_scopes
    replaced = override(plan, {lowest: reads_scopes}, NO_PATH)
    assert [step.plan.uses_scopes for step in replaced.steps] == [True, True, True]
