"""Functions are called with their dependencies where there is no request."""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Annotated, Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from vivace import Depends, Header, Query, Request, Security, Vivace
from vivace.analyse.fields import InvalidField
from vivace.calling import Caller
from vivace.security import SecurityScopes
from vivace.testclient import TestClient


class Job:
    pass


def call(function: Any, app: Vivace | None = None, /, **values: Any) -> Any:
    caller = Caller(function, provided={Job: current_job})
    return anyio.run(caller.call, values, app or Vivace())


async def current_job() -> str:
    return "the job"


events: list[str] = []


@pytest.fixture(autouse=True)
def _no_events() -> None:
    events.clear()


async def opened() -> AsyncIterator[str]:
    events.append("open")
    try:
        yield "session"
    except ValueError as error:
        events.append(f"saw {error}")
        raise
    finally:
        events.append("close")


def in_thread() -> Iterator[str]:
    yield threading.current_thread().name
    events.append("left")


Session = Annotated[str, Depends(opened)]


def test_dependencies_are_called_and_cleaned_up() -> None:
    def name_of(session: Session) -> str:
        return f"name from {session}"

    async def work(to: str, session: Session, name: Annotated[str, Depends(name_of)]) -> Any:
        events.append("work")
        return to, session, name

    assert call(work, to="ada") == ("ada", "session", "name from session")
    assert events == ["open", "work", "close"]


def test_dependencies_see_the_exception_of_the_function() -> None:
    async def work(session: Session) -> None:
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        call(work)
    assert events == ["open", "saw wrong", "close"]


def test_an_exception_that_a_dependency_swallows_is_an_error() -> None:
    async def swallowing() -> AsyncIterator[None]:
        with suppress(ValueError):
            yield

    async def work(_: Annotated[None, Depends(swallowing)]) -> None:
        raise ValueError("wrong")

    with pytest.raises(RuntimeError, match=r"work has raised .* swallowed"):
        call(work)


def test_a_plain_function_and_plain_dependencies_run_in_threads() -> None:
    def work(thread: Annotated[str, Depends(in_thread)]) -> tuple[str, str]:
        return thread, threading.current_thread().name

    main = threading.current_thread().name
    assert main not in call(work)
    assert events == ["left"]


def test_values_of_scope_function_are_cleaned_up_first() -> None:
    async def early() -> AsyncIterator[None]:
        yield
        events.append("early")

    async def work(
        _: Annotated[None, Depends(early, scope="function")], session: Session
    ) -> None: ...

    call(work)
    assert events == ["open", "early", "close"]


def test_what_is_provided_needs_no_declaration() -> None:
    async def work(job: Job) -> Any:
        return job

    assert call(work) == "the job"


def test_given_parameters_are_those_that_are_no_dependencies() -> None:
    async def work(to: str, job: Job, session: Session, copies: int = 1) -> None: ...

    assert [p.name for p in Caller(work, provided={Job: current_job}).given] == ["to", "copies"]


def test_overrides_of_the_app_hold() -> None:
    async def work(session: Session) -> str:
        return session

    app = Vivace()
    app.dependency_overrides[opened] = lambda: "replaced"
    assert call(work, app) == "replaced"
    assert events == []


def test_values_of_scope_app_are_those_of_the_app() -> None:
    async def pool() -> AsyncIterator[object]:
        events.append("open")
        yield object()
        events.append("close")

    app = Vivace()
    Pool = Annotated[object, Depends(pool, scope="app")]

    async def work(pool: Pool) -> int:
        return id(pool)

    @app.get("/")
    async def read(pool: Pool) -> list[int]:
        return [id(pool), await Caller(work).call({}, app)]

    with TestClient(app) as client:
        first, second = client.get("/").json()
        assert first == second
    assert events == ["open", "close"]


def test_scopes_of_security_are_passed_on() -> None:
    def scopes(scopes: SecurityScopes) -> list[str]:
        return scopes.scopes

    async def work(found: Annotated[list[str], Security(scopes, scopes=["mail"])]) -> list[str]:
        return found

    assert call(work) == ["mail"]


def test_a_limit_on_calls_at_once_holds() -> None:
    most, now = 0, 0

    async def limited() -> AsyncIterator[None]:
        nonlocal most, now
        now += 1
        most = max(most, now)
        yield
        now -= 1

    async def work(_: Annotated[None, Depends(limited, max_concurrency=1)]) -> None:
        await checkpoint()

    async def several() -> None:
        caller = Caller(work)
        app = Vivace()
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(caller.call, {}, app)

    anyio.run(several)
    assert most == 1


async def of_query(q: Annotated[str, Query()]) -> str:
    return q


async def of_request(request: Request) -> Request:
    return request


async def needs_query(q: Annotated[str, Depends(of_query)]) -> None: ...
async def needs_request(r: Annotated[Request, Depends(of_request)]) -> None: ...
async def wants_header(x: Annotated[str, Header()]) -> None: ...
async def wants_request(request: Request) -> None: ...
async def takes_any(**values: Any) -> None: ...
async def yields() -> AsyncIterator[None]:
    yield


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (needs_query, r"of_query, parameter 'q': It is to come from a request"),
        (needs_request, r"of_request, parameter 'request': It is to come from a request"),
        (wants_header, r"wants_header, parameter 'x': It is to come from a request \(Header\)"),
        (wants_request, r"parameter 'request': It is to come from a request \(Request\)"),
        (takes_any, r"takes_any, parameter 'values': Values are passed by the names"),
        (yields, r"yields yields, and nobody takes"),
    ],
)
def test_what_cannot_be_called_without_a_request_is_refused(function: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Caller(function)


async def names_nothing(value: "Nothing") -> None: ...  # type: ignore[name-defined]  # noqa: F821


def test_an_annotation_that_names_nothing_is_refused() -> None:
    with pytest.raises(InvalidField, match=r"names_nothing, parameter 'value': .*'Nothing'"):
        Caller(names_nothing)


def test_a_dependency_with_a_default_keeps_it() -> None:
    def page_size(size: int = 10) -> int:
        return size

    async def work(size: Annotated[int, Depends(page_size)]) -> int:
        return size

    assert call(work) == 10
