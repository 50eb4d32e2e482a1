"""Under the alias, overrides that are set while a request is being served count at once."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

import pytest

from vivace import APIRouter, BackgroundTasks, Depends, Form, Request, Response, Vivace
from vivace.routing import APIRoute
from vivace.serve.handlers import Handlers
from vivace.testclient import TestClient

log: list[str] = []
overrides: dict[Callable[..., Any], Callable[..., Any]] = {}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Handlers, "resumes", True)
    log.clear()
    overrides.clear()


def hold() -> Iterator[int]:
    log.append("hold")
    yield 1
    log.append("held")


async def original(size: int = 1) -> str:
    log.append("original")
    return f"original {size}"


def blocking_original() -> str:
    log.append("blocking original")
    time.sleep(0)
    return "blocking original"


async def replacement(request: Request, size: int = 2) -> AsyncIterator[str]:
    log.append("replacement")
    yield f"replacement {size} of {request.url.path}"
    log.append("replaced")


def blocking_replacement() -> str:
    log.append("blocking replacement")
    return "blocking replacement"


async def replace() -> None:
    log.append("replace")
    overrides[original] = replacement


def replace_blocking() -> None:
    log.append("replace")
    overrides[blocking_original] = blocking_replacement


async def replace_itself() -> str:
    log.append("replace itself")
    overrides[replace_itself] = replacement
    return "made"


class Wrapping(APIRoute):
    def get_route_handler(self) -> Callable[..., Any]:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            response: Response = await handler(request)
            response.headers["x-wrapped"] = "yes"
            return response

        return handle


Held = Annotated[int, Depends(hold)]
Replacing = Annotated[None, Depends(replace)]
ReplacingBlocking = Annotated[None, Depends(replace_blocking)]
Original = Annotated[str, Depends(original)]
BlockingOriginal = Annotated[str, Depends(blocking_original)]

router = APIRouter()
wrapping = APIRouter(route_class=Wrapping, prefix="/wrapped")


@router.post("/body")
@wrapping.post("/body")
async def with_body(held: Held, _: Replacing, value: Original, body: list[int]) -> list[Any]:
    return [held, value, body]


@router.post("/request")
async def with_request(
    held: Held, _: Replacing, value: Original, body: list[int], request: Request
) -> list[Any]:
    return [held, value, body]


@router.post("/form")
@wrapping.post("/form")
async def with_form(_: Replacing, value: Original, text: Annotated[str, Form()]) -> list[Any]:
    return [value, text]


@router.get("/plain")
async def plain(_: Replacing, value: Original, tasks: BackgroundTasks, answer: Response) -> str:
    tasks.add_task(log.append, "in background")
    answer.headers["x-answer"] = "yes"
    return value


@router.get("/blocking")
def blocking(held: Held, _: ReplacingBlocking, value: BlockingOriginal) -> list[Any]:
    return [held, value]


@router.get("/mixed")
async def mixed(
    held: Held, _: ReplacingBlocking, __: Replacing, value: BlockingOriginal, other: Original
) -> list[Any]:
    return [held, value, other]


@router.get("/stream")
async def stream(_: Replacing, value: Original) -> AsyncIterator[str]:
    yield value


@router.get("/itself")
async def itself(
    made: Annotated[str, Depends(replace_itself)], again: Annotated[str, Depends(replace_itself)]
) -> list[str]:
    return [made, again]


def client() -> TestClient:
    app = Vivace()
    app.dependency_overrides = overrides
    app.include_router(router)
    app.include_router(wrapping)
    return TestClient(app)


REPLACED = ["replace", "replacement", "replaced"]
HELD = ["hold", *REPLACED, "held"]


@pytest.mark.parametrize("path", ["/body", "/request", "/wrapped/body"])
def test_the_body_is_there_still(path: str) -> None:
    answer = client().post(path, json=[1, 2])
    assert answer.json() == [1, f"replacement 2 of {path}", [1, 2]]
    assert log == HELD
    assert ("x-wrapped" in answer.headers) == path.startswith("/wrapped")


@pytest.mark.parametrize("path", ["/form", "/wrapped/form"])
def test_the_form_is_there_still(path: str) -> None:
    answer = client().post(path, data={"text": "a"})
    assert answer.json() == [f"replacement 2 of {path}", "a"]
    assert log == REPLACED


def test_what_has_been_injected_still_works() -> None:
    answer = client().get("/plain")
    assert answer.json() == "replacement 2 of /plain"
    assert answer.headers["x-answer"] == "yes"
    assert log == ["replace", "replacement", "in background", "replaced"]


def test_steps_that_share_a_thread_are_cut_apart() -> None:
    assert client().get("/blocking").json() == [1, "blocking replacement"]
    assert log == ["hold", "replace", "blocking replacement", "held"]


def test_it_may_happen_more_than_once() -> None:
    assert client().get("/mixed").json() == [1, "blocking replacement", "replacement 2 of /mixed"]
    expected = ["hold", "replace", "replace", "blocking replacement", "replacement", "replaced"]
    assert log == [*expected, "held"]


def test_streams_begin_afterwards() -> None:
    assert client().get("/stream").text.strip() == '"replacement 2 of /stream"'
    assert log == REPLACED


def test_what_has_been_made_stays() -> None:
    assert client().get("/itself").json() == ["made", "made"]


def test_the_replacement_validates_its_own_parameters() -> None:
    answer = client().get("/plain?size=a")
    # The parameters of the original are read before anything can have replaced it.
    assert answer.status_code == 422
    assert log == ["replace"]


def test_the_next_request_is_served_like_any_that_is_overridden() -> None:
    same = client()
    assert same.get("/blocking").json() == same.get("/blocking").json()
    overrides.clear()
    assert same.get("/plain").json() == "replacement 2 of /plain"


class Page:
    def __init__(self, size: int = 1) -> None:
        self.size = size


def size_of(page: Annotated[Page, Depends()]) -> int:
    return page.size


async def last(value: Annotated[int, Depends(size_of)]) -> int:
    return value


def test_nothing_is_written_where_nothing_could_be_replaced() -> None:
    app = Vivace()

    @app.get("/")
    def get(value: Annotated[int, Depends(last)]) -> int:
        return value

    route = app.routes[-1]
    assert isinstance(route, APIRoute)
    assert "resume" not in route.source()
    assert TestClient(app).get("/?size=3").json() == 3


def test_it_is_the_next_request_for_which_they_count_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Handlers, "resumes", False)
    same = client()
    assert same.get("/plain").json() == "original 1"
    assert same.get("/plain").json() == "replacement 2 of /plain"
