"""How the steps of a request are called: in place, awaited, or in as few threads as possible."""

import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import pytest
from tests.unit.compile.text import code_of, text_of

from vivace import (
    BackgroundTasks,
    Depends,
    Request,
    Response,
    Security,
    Vivace,
    WebSocket,
)
from vivace.requests import HTTPConnection
from vivace.routing import APIWebSocketRoute
from vivace.security import SecurityScopes
from vivace.testclient import TestClient


def block() -> str:
    time.sleep(0)
    return threading.current_thread().name


def block_too(first: Annotated[str, Depends(block)]) -> list[str]:
    return [first, block()]


def hold(values: Annotated[Any, Depends(block_too)]) -> Iterator[list[str]]:
    yield [*values, block()]


def in_place(q: str | None = None) -> str | None:
    return q


async def wait() -> str:
    return threading.current_thread().name


async def wait_and_hold() -> AsyncIterator[str]:
    yield threading.current_thread().name


def hops(text: str) -> int:
    """How often the way of a valid request goes to a worker thread."""
    head, _, after = text.partition("    if errors is not None:\n")
    body = after or head
    return sum("run_in_thread(" in line for line in body.splitlines() if "raise" not in line)


def test_a_chain_of_blocking_calls_takes_one_hop() -> None:
    def endpoint(values: Annotated[Any, Depends(hold)], q: Annotated[str, Depends(block)]) -> Any:
        return [*values, q, block()]

    text = text_of(endpoint)
    assert text.count("run_in_thread(") == 1
    assert "def in_thread():" in text
    app = Vivace()
    app.get("/")(endpoint)
    names = TestClient(app).get("/").json()
    assert len(names) == 5
    assert set(names) == {names[0]} != {threading.current_thread().name}


def test_a_single_blocking_call_needs_no_function_around_it() -> None:
    def endpoint() -> str:
        return block()

    assert "endpoint_0_value = await run_in_thread(lambda: check(call_endpoint()))" in code_of(
        endpoint
    )
    assert "def in_thread" not in text_of(endpoint)


def test_what_cannot_block_joins_a_hop_only_between_two_that_may() -> None:
    def between(
        first: Annotated[str, Depends(block)],
        q: Annotated[str | None, Depends(in_place)],
    ) -> Any:
        return block()

    async def at_the_end(
        first: Annotated[str, Depends(block)],
        q: Annotated[str | None, Depends(in_place)],
    ) -> None: ...

    assert "def in_thread" in text_of(between)
    code = code_of(at_the_end)
    assert "block_0_value = await run_in_thread(lambda: call_block())" in code
    assert "in_place_1_value = call_in_place(q=q_1)" in code


def test_an_asynchronous_call_parts_two_hops() -> None:
    async def endpoint(
        a: Annotated[str, Depends(block)],
        b: Annotated[str, Depends(wait)],
        c: Annotated[list[str], Depends(hold)],
    ) -> None: ...

    code = code_of(endpoint)
    assert "block_0_value = await run_in_thread(lambda: call_block())" in code
    assert "wait_1_value = await call_wait()" in code
    assert sum("await run_in_thread(" in line for line in code) == 2


def test_nothing_is_awaited_where_nothing_waits() -> None:
    def endpoint(q: Annotated[str | None, Depends(in_place)]) -> dict[str, Any]:
        return {"q": "q"}

    code = code_of(endpoint)
    assert "endpoint_1_value = call_endpoint(q=in_place_0_value)" in code
    awaited = [line for line in code if "await" in line]
    assert all("send" in line or "answer_error" in line for line in awaited)


def test_a_dependency_used_twice_is_called_once() -> None:
    def user(a: Annotated[str, Depends(block)]) -> str:
        return block()

    def endpoint(
        a: Annotated[str, Depends(block)],
        b: Annotated[str, Depends(user)],
        c: Annotated[str, Depends(block, use_cache=False)],
    ) -> None:
        block()

    text = text_of(endpoint)
    assert text.count("_v_call_block()") == 2
    assert "a=block_0_value, b=user_1_value, c=block_2_value" in text


def test_what_holds_a_resource_is_entered_in_a_lane_of_its_own_and_used_in_another() -> None:
    async def endpoint(
        a: Annotated[str, Depends(wait_and_hold)],
        b: Annotated[str, Depends(hold)],
        c: Annotated[str, Depends(wait)],
        d: Annotated[str, Depends(block, use_cache=False)],
    ) -> None: ...

    code = code_of(endpoint)
    assert any(line.endswith("await run_in_thread(in_thread, lane)") for line in code)
    assert "block_5_value = await run_in_thread(lambda: call_block(), USING)" in code


def test_what_a_dependency_is_given_besides_data() -> None:
    def ask(
        request: Request,
        connection: HTTPConnection,
        response: Response,
        tasks: BackgroundTasks,
        scopes: SecurityScopes,
    ) -> None: ...

    async def endpoint(a: Annotated[Any, Security(ask, scopes=["me", "it's"])]) -> None: ...

    text = text_of(endpoint)
    assert "request=request, connection=request, response=parameters, tasks=background" in text
    assert """_v_SecurityScopes(scopes=['me', "it's"])""" in text


def test_a_websocket_is_the_connection_of_its_dependencies() -> None:
    def ask(connection: HTTPConnection) -> None: ...

    async def endpoint(websocket: WebSocket, a: Annotated[Any, Depends(ask)]) -> None: ...

    text = APIWebSocketRoute("/", endpoint).source()
    assert "connection=websocket" in text
    assert "websocket=websocket" in text


def test_a_limit_stands_around_its_call() -> None:
    async def endpoint(
        a: Annotated[str, Depends(block, max_concurrency=1)],
        b: Annotated[str, Depends(wait_and_hold, max_concurrency=2)],
    ) -> None: ...

    code = code_of(endpoint)
    entered = "async with limit_0.get_semaphore():"
    assert code[code.index(entered) + 1].startswith("block_0_value = await run_in_thread(")
    held = "await request_stack.enter_async_context(limit_1.get_semaphore())"
    assert code[code.index(held) + 1].startswith("wait_and_hold_1_value = await request_stack")


def test_a_limited_call_shares_no_hop() -> None:
    def endpoint(
        a: Annotated[str, Depends(block)],
        b: Annotated[list[str], Depends(block_too, max_concurrency=1)],
    ) -> None:
        block()

    assert text_of(endpoint).count("_v_run_in_thread(") == 3


def test_a_dependency_of_the_app_is_looked_up() -> None:
    async def endpoint(a: Annotated[str, Depends(block, scope="app")]) -> None: ...

    code = code_of(endpoint)
    assert "block_0_value = app_scope.values.get(key_0, ABSENT)" in code
    assert "block_0_value = await app_scope.make(plan_0)" in code
    assert not any("run_in_thread" in line for line in code)


def test_what_is_below_a_dependency_of_the_app_is_not_called() -> None:
    def inner() -> str:
        return block()

    def outer(a: Annotated[str, Depends(inner, scope="app")]) -> str:
        return block()

    async def endpoint(a: Annotated[str, Depends(outer, scope="app")]) -> None: ...

    assert "inner" not in text_of(endpoint)


class Callee:
    def __call__(self) -> str:
        return block()


@pytest.mark.parametrize("dependency", [Callee(), lambda: "x", Callee().__call__])
def test_dependencies_may_have_no_proper_name(dependency: Any) -> None:
    async def endpoint(a: Annotated[str, Depends(dependency)]) -> str:
        return a

    app = Vivace()
    app.get("/")(endpoint)
    assert TestClient(app).get("/").status_code == 200


def test_parameters_may_be_named_like_the_handler_s_own_variables() -> None:
    names = ["scope", "receive", "send", "response", "content", "errors", "raw", "name"]
    names += ["query", "headers", "body", "payload", "parameters", "background", "request_stack"]
    names += ["error", "found", "in_thread", "app_scope", "form", "fields", "call_endpoint"]
    namespace: dict[str, Any] = {"Depends": Depends}
    parameters = ", ".join(f"{name}: str" for name in names)
    values = ", ".join(names)
    exec(f"async def dependency({parameters}):\n    return [{values}]", namespace)
    exec(
        f"async def endpoint({parameters}, dep=Depends(dependency)):\n    return [[{values}], dep]",
        namespace,
    )
    app = Vivace()
    app.get("/")(namespace["endpoint"])
    reply = TestClient(app).get("/", params={name: name for name in names})
    assert reply.json() == [names, names]
