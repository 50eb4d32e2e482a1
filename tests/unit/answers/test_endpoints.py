"""What stands around an endpoint."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from vivace import Depends, HTTPException, Vivace
from vivace.answers.endpoints import Run, around, parameters_of, place_of
from vivace.testclient import TestClient


async def say(made: Any, arguments: dict[str, Any], run: Run) -> Any:
    if arguments.get("is_answered"):
        return "answered"
    return [made, await run()]


def make() -> str:
    return "made"


def test_it_gets_what_the_dependency_made_and_may_leave_out_the_endpoint() -> None:
    app = Vivace()

    async def read(is_answered: bool = False) -> Any:
        return threading.current_thread().name

    def read_in_thread(answered_by: str) -> Any:
        return answered_by + threading.current_thread().name

    app.get("/async")(around(read, Depends(make), say))
    app.get("/sync")(around(read_in_thread, Depends(make), say))
    with TestClient(app) as client:
        loop = client.get("/async").json()[1]
        assert client.get("/async").json() == ["made", loop]
        assert client.get("/async?is_answered=1").json() == "answered"
        made, thread = client.get("/sync?answered_by=x").json()
        assert (made, thread[0]) == ("made", "x")
        assert thread[1:] != loop


def test_the_dependencies_of_the_endpoint_come_first() -> None:
    app = Vivace()

    def refuse() -> None:
        raise HTTPException(403)

    async def read(is_answered: bool = True, guard: None = Depends(refuse)) -> None: ...

    app.get("/")(around(read, Depends(make), say))
    assert TestClient(app).get("/").status_code == 403


def test_called_by_itself_an_endpoint_is_what_it_was() -> None:
    async def read(number: int) -> int:
        return number + 1

    assert asyncio.run(around(read, Depends(make), say)(1)) == 2


def test_other_decorators_may_stand_below() -> None:
    async def read(number: int) -> Any:
        return number

    @functools.wraps(read)
    def passes_on(*args: Any, **kwargs: Any) -> Any:
        return read(*args, **kwargs)

    def makes(number: int) -> Any:
        return read(number)

    app = Vivace()
    app.get("/passes-on")(around(passes_on, Depends(make), say))
    app.get("/makes")(around(makes, Depends(make), say))
    for path in ("/passes-on", "/makes"):
        assert TestClient(app).get(f"{path}?number=7").json() == ["made", 7]


def test_what_yields_and_what_is_no_function_is_refused() -> None:
    async def stream() -> AsyncIterator[int]:
        yield 1

    def stream_in_thread() -> Iterator[int]:
        yield 1

    for endpoint in (stream, stream_in_thread):
        with pytest.raises(TypeError, match="yields its answer piece by piece"):
            around(endpoint, Depends(make), say)
    with pytest.raises(TypeError, match="is no function"):
        around(1, Depends(make), say)


def test_parameters_have_names() -> None:
    assert parameters_of(say) == ["made", "arguments", "run"]
    assert parameters_of(1) == []


def test_a_place_is_that_of_the_function_itself() -> None:
    async def read() -> None: ...

    assert place_of(around(read, Depends(make), say)) == place_of(read)
    assert place_of(read) != place_of(make)
