"""The plan of an endpoint, put together from its signature, its dependencies and its response."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from vivace import Body, Depends, Form, Header, Security
from vivace.analyse.endpoint import analyse_call, endpoint_plan, with_dependencies
from vivace.analyse.plan import BodyKind, Calling, EndpointPlan, ResponsePlan, Source
from vivace.analyse.response import response_field
from vivace.security import APIKeyHeader, SecurityScopes

NO_PATH: frozenset[str] = frozenset()
key = APIKeyHeader(name="x-key")


class Item(BaseModel):
    name: str


def first(q: int) -> int:
    return q


def second(q: int, token: Annotated[str, Header()]) -> str:
    return token


def scoped(scopes: SecurityScopes) -> Any:
    return scopes.scopes


def guarded(value: Annotated[str, Depends(key)]) -> str:
    return value


async def read(id: int, low: Annotated[int, Depends(first)]) -> Any:
    return low


async def create(item: Item, low: Annotated[int, Depends(first)]) -> Any:
    return item


async def submit(name: Annotated[str, Form()]) -> Any:
    return name


def echo(item: Item) -> Any:
    return item


def echo_text(q: str) -> Any:
    return q


def plan_of(
    call: Callable[..., Any], path_names: frozenset[str] = NO_PATH, model: Any = None
) -> EndpointPlan:
    field = response_field("Response", model) if model is not None else None
    return endpoint_plan(analyse_call(call, path_names), ResponsePlan(field=field))


def calls(plan: EndpointPlan) -> list[Any]:
    return [step.plan.call for step in plan.steps]


def test_the_endpoint_is_called_after_what_it_depends_on() -> None:
    plan = plan_of(read)
    assert calls(plan) == [first, read]
    assert plan.steps[-1].plan is plan.root
    assert plan.steps[-1].arguments == (("low", 0),)


@pytest.mark.parametrize(
    ("path_names", "source"), [(frozenset({"id"}), Source.PATH), (NO_PATH, Source.QUERY)]
)
def test_a_name_of_the_path_is_taken_from_there(path_names: frozenset[str], source: Source) -> None:
    found = {p.name: p.source for p in plan_of(read, path_names).parameters}
    assert found == {"q": Source.QUERY, "id": source}


def test_the_parameters_of_the_body_stand_apart() -> None:
    plan = plan_of(create)
    assert [parameter.name for parameter in plan.parameters] == ["q"]
    assert plan.body is not None
    assert [parameter.name for parameter in plan.body.parameters] == ["item"]
    assert plan.body.kind is BodyKind.JSON


def test_a_form_is_a_body() -> None:
    plan = plan_of(submit)
    assert plan.parameters == ()
    assert plan.body is not None
    assert plan.body.kind is BodyKind.FORM


def test_without_parameters_of_a_body_there_is_none() -> None:
    assert plan_of(read).body is None


def test_a_dependency_that_is_used_twice_is_read_once() -> None:
    async def twice(
        one: Annotated[int, Depends(first)], two: Annotated[int, Depends(first)]
    ) -> None: ...

    plan = plan_of(twice)
    assert calls(plan) == [first, twice]
    assert [parameter.name for parameter in plan.parameters] == ["q"]


def test_the_response_is_passed_on() -> None:
    response = ResponsePlan(exclude_none=True)
    assert endpoint_plan(analyse_call(read, NO_PATH), response).response is response


def test_dependencies_of_a_router_come_first_and_give_no_argument() -> None:
    root = with_dependencies(
        analyse_call(read, NO_PATH), [Depends(second), Depends(first)], NO_PATH
    )
    plan = endpoint_plan(root, ResponsePlan())
    assert calls(plan) == [second, first, read]
    assert plan.steps[-1].arguments == (("low", 1),)
    assert plan.steps[-1].needs == (0, 1, 1)


def test_no_dependencies_leave_the_plan_as_it_is() -> None:
    root = analyse_call(read, NO_PATH)
    assert with_dependencies(root, [], NO_PATH) is root


def test_dependencies_of_a_router_take_from_the_path() -> None:
    root = with_dependencies(analyse_call(submit, NO_PATH), [Depends(first)], frozenset({"q"}))
    (parameter,) = endpoint_plan(root, ResponsePlan()).parameters
    assert parameter.source is Source.PATH


def test_dependencies_of_a_router_may_use_the_scopes() -> None:
    root = analyse_call(read, NO_PATH)
    assert not root.uses_scopes
    assert not with_dependencies(root, [Depends(first)], NO_PATH).uses_scopes
    assert with_dependencies(root, [Depends(scoped)], NO_PATH).uses_scopes


def test_the_security_schemes_are_found_wherever_they_stand() -> None:
    async def endpoint(
        value: Annotated[str, Security(guarded, scopes=["read"])],
    ) -> None: ...

    (use,) = plan_of(endpoint).security
    assert (use.scheme, use.scopes) == (key, ("read",))
    root = with_dependencies(analyse_call(submit, NO_PATH), [Depends(key)], NO_PATH)
    (use,) = endpoint_plan(root, ResponsePlan()).security
    assert (use.scheme, use.scopes) == (key, ())
    assert plan_of(submit).security == ()


@pytest.mark.parametrize(
    ("call", "model", "calling"),
    [
        (echo, None, Calling.INLINE),
        (echo_text, None, Calling.INLINE),
        (echo_text, str, Calling.INLINE),
        (echo_text, int, Calling.INLINE),
        # Of a model that is given, validation reads attributes, which may be anything.
        (echo, Item, Calling.THREAD),
        (read, Item, Calling.COROUTINE),
    ],
)
def test_an_endpoint_stays_in_place_only_where_its_response_does(
    call: Any, model: Any, calling: Calling
) -> None:
    assert plan_of(call, model=model).root.calling is calling


def test_a_body_is_required_where_one_of_its_parameters_is() -> None:
    async def optional(item: Item | None = None, n: Annotated[int, Body()] = 1) -> None: ...

    bodies = [plan_of(call).body for call in (create, optional)]
    assert [body and body.required for body in bodies] == [True, False]
