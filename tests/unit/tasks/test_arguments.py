from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from math import inf
from typing import Annotated, Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel, Field, ValidationError

from vivace import Depends, Header, Request
from vivace.tasks import TaskContext
from vivace.tasks.arguments import Arguments


class Book(BaseModel):
    isbn: str
    price: Decimal


@dataclass
class Point:
    x: float


def get_session() -> str:
    return "session"


async def work(
    book: Book,
    point: Point,
    at: datetime,
    raw: bytes,
    tags: set[int],
    id: UUID | None = None,
    session: str = Depends(get_session),
    count: Annotated[int, Field(ge=0)] = 1,
    *,
    context: TaskContext,
) -> list[Book]:
    return [book]


@given(st.binary(), st.floats(allow_nan=False), st.sets(st.integers()), st.datetimes())
def test_arguments_come_back_as_they_were(
    raw: bytes, x: float, tags: set[int], at: datetime
) -> None:
    arguments = Arguments(work)
    values = (Book(isbn="1", price=Decimal("9.90")), Point(1.5), at.replace(tzinfo=UTC), raw, tags)
    loaded = arguments.load(arguments.dump(values, {"id": UUID(int=7)}))
    names = ("book", "point", "at", "raw", "tags")
    assert loaded == {**dict(zip(names, values, strict=True)), "id": UUID(int=7)}

    async def scale(by: float) -> None: ...

    assert Arguments(scale).load(Arguments(scale).dump((x,), {})) == {"by": x}


def test_what_json_has_no_form_for_comes_back() -> None:
    async def take(raw: bytes, number: float) -> float: ...  # type: ignore[empty-body]

    arguments = Arguments(take)
    sent = arguments.dump((b"\xff", inf), {})
    assert arguments.load(sent) == {"raw": b"\xff", "number": inf}
    assert arguments.load_result(arguments.dump_result(-inf)) == -inf


def test_arguments_that_do_not_fit_are_refused() -> None:
    arguments = Arguments(work)
    with pytest.raises(TypeError, match=r"work: missing a required argument: 'book'"):
        arguments.dump((), {})
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'session'.*are not sent"):
        arguments.dump((1, 2, 3, 4, 5), {"session": "mine"})
    with pytest.raises(ValidationError, match="greater than or equal to 0") as refused:
        book = {"isbn": "1", "price": 1}
        arguments.dump((book, {"x": 1}, datetime.now(UTC), b"", []), {"count": -1})
    assert refused.value.title.endswith("work")
    assert [error["loc"] for error in refused.value.errors()] == [("count",)]
    with pytest.raises(ValidationError) as refused:
        arguments.load(
            {**arguments.dump((book, {"x": 1}, datetime.now(UTC), b"", []), {}), "book": {}}
        )
    assert refused.value.errors()[0]["loc"] == ("book", "isbn")
    with pytest.raises(TypeError, match="missing a required argument"):
        arguments.load({"other": 1})


class Plain:
    pass


async def takes_plain(value: Plain) -> None: ...
async def takes_function(value: Callable[[], int]) -> None: ...
async def takes_class(value: type[Plain]) -> None: ...
async def takes_header(value: Annotated[str, Header()]) -> None: ...
async def takes_request(value: Request) -> None: ...


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (takes_plain, "has no form in JSON"),
        (takes_function, "has no form in JSON"),
        (takes_class, "has no form in JSON"),
        (takes_header, "to come from a request"),
        (takes_request, "to come from a request"),
    ],
)
def test_a_parameter_that_cannot_be_sent_is_refused(function: Any, said: str) -> None:
    with pytest.raises(TypeError, match=rf"{function.__name__}, parameter 'value': .*{said}"):
        Arguments(function)


def test_a_parameter_without_a_type_is_refused() -> None:
    async def take(value) -> None: ...  # type: ignore[no-untyped-def]

    with pytest.raises(TypeError, match="parameter 'value': It has no type"):
        Arguments(take)


def test_a_result_that_cannot_be_kept_is_refused_unless_it_is_not() -> None:
    async def make() -> Plain:
        return Plain()

    with pytest.raises(TypeError, match=r"What it returns.*keep_result=False"):
        Arguments(make)
    arguments = Arguments(make, keep_result=False)
    assert arguments.dump_result(Plain()) is None and arguments.load_result(None) is None


def test_a_result_is_of_the_declared_type() -> None:
    arguments = Arguments(work)
    kept = arguments.dump_result([Book(isbn="1", price=Decimal(2))])
    assert kept == [{"isbn": "1", "price": "2"}]
    assert arguments.load_result(kept) == [Book(isbn="1", price=Decimal(2))]


def test_what_is_needed_has_no_default() -> None:
    async def free(a: int = 1, session: str = Depends(get_session)) -> None: ...

    assert Arguments(work).is_needed and not Arguments(free).is_needed


def test_a_result_that_no_store_takes_is_refused() -> None:
    def work() -> str:
        return ""

    with pytest.raises(ValueError, match="elsewhere, and return where it is"):
        Arguments(work).dump_result("x" * 1_000_000)
