"""What a function may do in place with an instance that a dependency has made of a class."""

from typing import Annotated, Any

import pytest

from vivace import Depends, Vivace
from vivace.analyse.endpoint import analyse_call
from vivace.analyse.plan import Calling
from vivace.testclient import TestClient


class Page:
    kind = "page"

    def __init__(self, skip: int = 0) -> None:
        self.skip = skip

    def next(self) -> int:
        return self.skip + 1


class Slotted:
    __slots__ = ("skip",)

    def __init__(self, skip: int = 0) -> None:
        self.skip = skip


class Computed(Page):
    @property
    def doubled(self) -> int:
        return self.skip * 2


class Guessing(Page):
    def __getattr__(self, name: str) -> Any:
        return name


class Watching(Page):
    def __getattribute__(self, name: str) -> Any:
        return object.__getattribute__(self, name)


def reads(page: Annotated[Page, Depends()]) -> Any:
    return {"skip": page.skip, "kind": page.kind}


def reads_slot(page: Annotated[Slotted, Depends()]) -> Any:
    return page.skip


def reads_stored(page: Annotated[Computed, Depends(Page)]) -> Any:
    return page.skip


def computes(page: Annotated[Computed, Depends()]) -> Any:
    return page.doubled


def guesses(page: Annotated[Guessing, Depends()]) -> Any:
    return page.skip


def watches(page: Annotated[Watching, Depends()]) -> Any:
    return page.skip


def calls(page: Annotated[Page, Depends()]) -> Any:
    return page.next()


def binds_method(page: Annotated[Page, Depends()]) -> Any:
    return page.next


def leaves(page: Annotated[Page, Depends()]) -> Any:
    return page.__class__


def make_page() -> Page:
    return Guessing()


def reads_what_a_function_made(page: Annotated[Page, Depends(make_page)]) -> Any:
    return page.skip


def reads_another(
    page: Annotated[Page, Depends()], other: Annotated[Any, Depends(make_page)]
) -> Any:
    page = other
    return page.skip


def adds(page: Annotated[Page, Depends()]) -> Any:
    return page.skip + 1


@pytest.mark.parametrize("function", [reads, reads_slot, reads_stored])
def test_looking_up_what_was_stored_is_harmless(function: Any) -> None:
    assert analyse_call(function, frozenset()).calling is Calling.INLINE


@pytest.mark.parametrize(
    "function",
    [
        computes,
        guesses,
        watches,
        calls,
        binds_method,
        leaves,
        reads_what_a_function_made,
        reads_another,
        adds,
    ],
)
def test_anything_else_may_block(function: Any) -> None:
    assert analyse_call(function, frozenset()).calling is Calling.THREAD


def test_an_override_of_the_class_ends_what_was_known() -> None:
    app = Vivace()

    @app.get("/")
    async def read(found: Annotated[dict[str, Any], Depends(reads)]) -> Any:
        return found

    client = TestClient(app)
    assert client.get("/?skip=3").json() == {"skip": 3, "kind": "page"}
    app.dependency_overrides[Page] = lambda: Computed(7)
    assert client.get("/").json() == {"skip": 7, "kind": "page"}
    route: Any = app.routes[-1]
    compiled = [handler.plan for handler in route._handlers._compiled.values()]
    assert [plan.steps[1].plan.calling for plan in compiled] == [Calling.INLINE, Calling.THREAD]
