"""Decorators of endpoints: where they stand, and what they see."""

from __future__ import annotations

import sys

import pytest

from vivace import APIRouter, Vivace
from vivace.endpoint_decorators import check_order, name_of_endpoint, signature_of_endpoint


def elsewhere() -> None: ...


def test_a_decorator_above_that_of_the_route_is_refused() -> None:
    router = APIRouter()

    @router.get("/")
    async def read() -> None: ...

    with pytest.raises(TypeError, match=r"read is an endpoint already(.|\n)*@own\(\.\.\.\)"):
        check_order(read, sys._getframe(), "own")
    check_order(elsewhere, sys._getframe(), "own")


def test_also_above_that_of_a_route_of_the_app() -> None:
    app = Vivace()

    @app.get("/")
    async def read() -> None: ...

    with pytest.raises(TypeError, match="read is an endpoint already"):
        check_order(read, sys._getframe(), "own")


def test_an_endpoint_has_a_name_in_messages() -> None:
    assert name_of_endpoint(elsewhere) == "elsewhere"
    assert name_of_endpoint(7) == "7"


def test_a_signature_may_name_types_that_do_not_exist_yet() -> None:
    async def read(book: Missing) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    assert [*signature_of_endpoint(read).parameters] == ["book"]
