from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import pytest
from pydantic import BaseModel
from starlette.requests import HTTPConnection, Request
from starlette.websockets import WebSocket

from vivace.analyse.calls import (
    Analyser,
    call_name,
    check_bodiless,
    check_connection,
    check_names,
    complete,
    is_complete,
    parameter_names,
)
from vivace.analyse.fields import InvalidField
from vivace.analyse.plan import Calling, CallPlan, Injected, Scope
from vivace.declare.functions import Body, Cookie, Depends, Header, Security
from vivace.exceptions import DependencyScopeError, VivaceError
from vivace.security import HTTPBearer


def plan_of(call: Callable[..., Any], *path_names: str) -> CallPlan:
    return Analyser().call_plan(call, frozenset(path_names))


class Item(BaseModel):
    name: str


class Paging:
    def __init__(self, limit: int = 10) -> None:
        self.limit = limit


def session() -> Iterator[str]:
    yield "session"


def by_id(id: int) -> int:
    return id


def test_a_signature_is_sorted_into_parameters_injected_ones_and_dependencies() -> None:
    def endpoint(
        item: Item,
        page: Annotated[Paging, Depends()],
        request: Request,
        seen: Annotated[str, Cookie()],
        agent: Annotated[str, Header()],
        q: str,
        id: int,
    ) -> None: ...

    plan = plan_of(endpoint, "id")
    # In the order in which errors are reported, whatever the order of the signature.
    assert [p.name for p in plan.parameters] == ["id", "q", "agent", "seen", "item"]
    assert plan.injected == (("request", Injected.REQUEST),)
    (dependency,) = plan.dependencies
    assert (dependency.name, dependency.plan.call) == ("page", Paging)
    assert parameter_names(plan) == {"id", "q", "agent", "seen", "item", "limit"}


def test_a_function_that_picks_from_what_a_class_stored_is_called_in_place() -> None:
    def endpoint(page: Annotated[Paging, Depends()]) -> int:
        return page.limit

    assert plan_of(endpoint).calling is Calling.INLINE


def test_a_dependency_is_read_once_for_all_paths_whose_names_it_does_not_use() -> None:
    analyser = Analyser()

    def read(call: Callable[..., Any], *path_names: str) -> CallPlan:
        return analyser.dependency_plan(Depends(call), frozenset(path_names)).plan

    assert read(Paging, "id") is read(Paging, "name")
    assert read(by_id, "id") is read(by_id, "id", "name")
    assert read(by_id, "id") is not read(by_id, "name")


def test_scopes_belong_to_the_use_and_not_to_the_remembered_plan() -> None:
    analyser = Analyser()
    guarded = analyser.dependency_plan(Security(by_id, scopes=["read"]), frozenset())
    plain = analyser.dependency_plan(Depends(by_id), frozenset())
    assert (guarded.plan.own_scopes, guarded.plan.uses_scopes) == (("read",), True)
    assert (plain.plan.own_scopes, plain.plan.uses_scopes) == ((), False)


def test_a_security_scheme_below_makes_scopes_matter_above() -> None:
    bearer = HTTPBearer()

    def endpoint(token: Any = Depends(bearer)) -> None: ...

    plan = plan_of(endpoint)
    assert plan.uses_scopes
    assert not plan.is_security_scheme
    assert plan.dependencies[0].plan.is_security_scheme


@pytest.mark.parametrize(
    ("declaration", "scope"),
    [
        (Depends(Paging), None),
        (Depends(session), Scope.REQUEST),
        (Depends(session, scope="function"), Scope.FUNCTION),
        (Depends(session, scope="app"), Scope.APP),
    ],
)
def test_what_yields_lives_as_long_as_the_request_unless_it_says_otherwise(
    declaration: Any, scope: Scope | None
) -> None:
    assert Analyser().dependency_plan(declaration, frozenset()).scope is scope


def test_a_dependency_that_depends_on_itself_is_refused() -> None:
    def first(it: int = 0) -> int:
        return it

    def second(it: int = Depends(first)) -> int:
        return it

    first.__defaults__ = (Depends(second),)
    with pytest.raises(VivaceError, match=r"first' depends on itself\. Take the parameter away"):
        plan_of(first)


def test_an_item_of_a_list_of_dependencies_has_to_be_a_declaration_of_a_callable() -> None:
    wrong: Any = session
    with pytest.raises(AssertionError, match="Write `Depends"):
        Analyser().dependency_plan(wrong, frozenset())
    with pytest.raises(AssertionError, match="must have a callable dependency"):
        Analyser().dependency_plan(Depends(), frozenset())


def with_args(*args: int) -> None: ...


def with_both(*args: int, **kwargs: int) -> None: ...


def with_kwargs(**kwargs: int) -> None: ...


def test_arguments_without_names_are_refused() -> None:
    with pytest.raises(TypeError, match=r"with_args: Arguments are passed by name"):
        plan_of(with_args)


@pytest.mark.parametrize(("call", "name"), [(with_both, "args"), (with_kwargs, "kwargs")])
def test_parameters_that_stand_for_any_others_are_refused(
    call: Callable[..., Any], name: str
) -> None:
    def endpoint(it: None = Depends(call)) -> None: ...

    for outer in (call, endpoint):
        with pytest.raises(TypeError, match=f"{call.__name__}, parameter '{name}': Values are"):
            check_names(plan_of(outer))
    check_names(plan_of(by_id))


def test_a_callable_whose_signature_cannot_be_read_is_named() -> None:
    with pytest.raises(TypeError, match=r"builtins\.dict: Its parameters cannot be read"):
        plan_of(dict)


def request_only(it: Request) -> None: ...


def websocket_only(it: WebSocket) -> None: ...


def request_or_none(it: Request = None) -> None: ...  # type: ignore[assignment]


def either(it: HTTPConnection) -> None: ...


def body(it: Annotated[int, Body()]) -> None: ...


@pytest.mark.parametrize(
    ("call", "websocket", "message"),
    [
        (request_only, True, "There is no request here. Take an `HTTPConnection`"),
        (websocket_only, False, "There is no websocket here. Take an `HTTPConnection`"),
    ],
)
def test_what_the_kind_of_connection_does_not_have_is_refused_at_any_depth(
    call: Callable[..., Any], websocket: bool, message: str
) -> None:
    def endpoint(inner: None = Depends(call)) -> None: ...

    for outer in (call, endpoint):
        with pytest.raises(TypeError, match=f"{call.__name__}, parameter 'it': {message}"):
            check_connection(plan_of(outer), websocket=websocket)
        check_connection(plan_of(outer), websocket=not websocket)


def test_what_only_a_request_has_is_refused_at_any_depth() -> None:
    def endpoint(inner: None = Depends(body)) -> None: ...

    for outer in (body, endpoint):
        with pytest.raises(TypeError, match="body, parameter 'it': A WebSocket has no body"):
            check_bodiless(plan_of(outer))
    check_bodiless(plan_of(either))


@pytest.mark.parametrize("call", [request_or_none, either, by_id])
@pytest.mark.parametrize("websocket", [True, False])
def test_what_serves_both_kinds_of_connections_is_taken(
    call: Callable[..., Any], websocket: bool
) -> None:
    check_connection(plan_of(call), websocket=websocket)


def test_a_type_that_is_defined_later_is_read_when_the_plan_is_completed() -> None:
    class Tree(BaseModel):
        leaf: Leaf

    def endpoint(tree: Annotated[Tree, Body()]) -> None: ...

    endpoint.__annotations__["tree"] = Annotated[Tree, Body()]
    plan = plan_of(endpoint)
    assert not is_complete(plan)
    with pytest.raises(InvalidField, match=r"endpoint, parameter 'tree': .*Leaf"):
        complete(plan)

    class Leaf(BaseModel):
        size: int

    Tree.model_rebuild(_types_namespace={"Leaf": Leaf})
    complete(plan)
    assert is_complete(plan)


def test_a_plan_is_remembered_only_once_its_types_are_complete() -> None:
    class Tree(BaseModel):
        leaf: Leaf

    def grow(tree: Any = Body()) -> None: ...

    grow.__annotations__["tree"] = Tree
    analyser = Analyser()

    def read() -> CallPlan:
        return analyser.dependency_plan(Depends(grow), frozenset()).plan

    assert read() is not read()

    class Leaf(BaseModel):
        size: int

    Tree.model_rebuild(_types_namespace={"Leaf": Leaf})
    assert read() is read()


def per_request(it: Annotated[str, Depends(session, scope="function")]) -> Iterator[str]:
    yield it


def settings() -> str:
    return "settings"


def takes_settings(it: Annotated[str, Depends(settings)]) -> str:
    return it


def takes_query(q: int) -> int:
    return q


def takes_request(request: Request) -> str:
    return request.url.path


def takes_session(it: Annotated[str, Depends(session)]) -> str:
    return it


@pytest.mark.parametrize(
    ("call", "scope", "message"),
    [
        (per_request, "request", 'scope of "request", it cannot depend .* scope "function"'),
        (takes_session, "app", 'Declare "session" with `scope="app"` too'),
        (takes_settings, "app", 'scope of "app", it cannot depend .* scope "function"'),
        (takes_query, "app", "cannot have the parameter 'q' that a request fills"),
        (takes_request, "app", "cannot have the parameter 'request' that a request fills"),
    ],
)
def test_a_dependency_may_not_outlive_what_it_is_made_from(
    call: Callable[..., Any], scope: Any, message: str
) -> None:
    with pytest.raises(DependencyScopeError, match=message):
        Analyser().dependency_plan(Depends(call, scope=scope), frozenset())


def test_a_dependency_may_live_as_long_as_what_it_is_made_from() -> None:
    def inside(it: Annotated[str, Depends(session, scope="app")]) -> str:
        return it

    assert Analyser().dependency_plan(Depends(inside, scope="app"), frozenset()).name is None
    use = Analyser().dependency_plan(Depends(per_request, scope="function"), frozenset(), "it")
    assert (use.name, use.scope) == ("it", Scope.FUNCTION)


def test_an_object_is_called_by_the_name_of_its_class() -> None:
    assert call_name(session) == "session"
    assert call_name(Paging) == "Paging"
    assert call_name(HTTPBearer()) == "HTTPBearer"
