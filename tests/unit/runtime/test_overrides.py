from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import Message

from vivace import Vivace
from vivace.runtime.overrides import overrides_in, received_again, returning
from vivace.runtime.validation import ABSENT


def one() -> None: ...
def two() -> None: ...
def three() -> None: ...


def test_the_app_that_serves_has_them() -> None:
    app = Vivace()
    assert not overrides_in({"app": app})
    app.dependency_overrides[one] = two
    assert overrides_in({"app": app}) == {one: two}
    assert not overrides_in({"app": object()})
    assert not overrides_in({})


def test_what_has_been_called_returns_what_it_returned() -> None:
    value = object()
    found = returning([(one, value), (two, ABSENT)])
    assert found.keys() == {one}
    assert found[one]() is value


def test_what_returned_several_values_is_called_again() -> None:
    assert returning([(one, 1), (one, 1), (two, 2)]).keys() == {two}


def test_what_cannot_be_hashed_is_called_again() -> None:
    class Unhashable:
        __hash__ = None  # type: ignore[assignment]

        def __call__(self) -> None: ...

    pairs: list[tuple[Callable[..., Any], int]] = [(Unhashable(), 1), (three, 3)]
    assert returning(pairs).keys() == {three}


@pytest.mark.anyio
async def test_a_body_is_received_again_and_then_what_follows() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    again = received_again(b"body", receive)
    assert await again() == {"type": "http.request", "body": b"body", "more_body": False}
    assert (await again())["type"] == "http.disconnect"
    assert (await again())["type"] == "http.disconnect"
