from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from vivace.exceptions import HTTPException
from vivace.telemetry import naming


@pytest.fixture
def other_name() -> Iterator[None]:
    naming.use("allegro", "Allegro")
    yield
    naming.use("vivace", "Vivace")


def function() -> None: ...


class Instance:
    def __call__(self) -> None: ...

    def method(self) -> None: ...


def test_names_begin_with_the_package() -> None:
    assert naming.prefix() == "vivace"
    assert naming.title() == "Vivace"
    assert naming.scope_key() == "vivace.telemetry"
    assert naming.variable("OTEL_AUTO_CONFIGURE") == "VIVACE_OTEL_AUTO_CONFIGURE"


@pytest.mark.usefixtures("other_name")
def test_names_begin_with_another_prefix() -> None:
    assert naming.scope_key() == "allegro.telemetry"
    assert naming.variable("OTEL_AUTO_CONFIGURE") == "ALLEGRO_OTEL_AUTO_CONFIGURE"
    assert naming.type_name(HTTPException) == "allegro.exceptions.HTTPException"


@pytest.mark.parametrize(
    ("cls", "name"),
    [
        (ValueError, "ValueError"),
        (HTTPException, "vivace.exceptions.HTTPException"),
        (functools.partial, "functools.partial"),
        (type("Inner", (), {"__module__": "vivacious"}), "vivacious.Inner"),
    ],
)
def test_type_name(cls: type, name: str) -> None:
    assert naming.type_name(cls) == name


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (function, "function"),
        (functools.partial(functools.partial(function)), "function"),
        (Instance(), "Instance"),
        (Instance().method, "Instance.method"),
    ],
)
def test_callable_name(call: Callable[..., Any], name: str) -> None:
    assert naming.callable_name(call) == f"{__name__}.{name}"
