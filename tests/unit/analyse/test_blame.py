from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from vivace.analyse.blame import blaming, describe_call
from vivace.exceptions import DependencyScopeError, VivaceError


def endpoint(item: int) -> None: ...


class Service:
    def __call__(self) -> None: ...

    def method(self) -> None: ...


PLACE = f"{__name__}.endpoint"


@pytest.mark.parametrize(
    "kind", [AssertionError, TypeError, ValueError, VivaceError, DependencyScopeError]
)
def test_the_message_of_a_wrong_declaration_begins_with_the_function(
    kind: type[Exception],
) -> None:
    with pytest.raises(kind) as caught, blaming(endpoint):
        raise kind("It is wrong.")
    assert type(caught.value) is kind
    assert str(caught.value) == f"{PLACE}: It is wrong."


def test_the_parameter_is_named_too() -> None:
    with pytest.raises(TypeError) as caught, blaming(endpoint, "item"):
        raise TypeError("It is wrong.")
    assert str(caught.value) == f"{PLACE}, parameter 'item': It is wrong."


def test_the_outer_place_stands_before_the_inner_one() -> None:
    with pytest.raises(TypeError) as caught, blaming(endpoint, "item"), blaming(Service()):
        raise TypeError("It is wrong.")
    assert str(caught.value) == (f"{PLACE}, parameter 'item': {__name__}.Service: It is wrong.")


@pytest.mark.parametrize("arguments", [(), ("two", "parts"), (1,)])
def test_an_error_whose_arguments_are_no_message_keeps_them(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError) as caught, blaming(endpoint):
        raise ValueError(*arguments)
    assert caught.value.args == arguments


def test_any_other_error_gets_a_note_and_keeps_its_message() -> None:
    with pytest.raises(KeyError) as caught, blaming(endpoint, "item"):
        raise KeyError("name")
    assert caught.value.args == ("name",)
    assert caught.value.__notes__ == [f"In {PLACE}, parameter 'item'."]


def test_a_validation_error_of_pydantic_is_handed_on_as_it_is() -> None:
    class Item(BaseModel):
        name: str

    with pytest.raises(ValidationError, match="name\n") as caught, blaming(endpoint):
        Item.model_validate({})
    assert caught.value.error_count() == 1


def test_what_stops_the_program_passes_untouched() -> None:
    with pytest.raises(KeyboardInterrupt) as caught, blaming(endpoint):
        raise KeyboardInterrupt("stop")
    assert caught.value.args == ("stop",)
    assert not hasattr(caught.value, "__notes__")


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (endpoint, PLACE),
        (Service, f"{__name__}.Service"),
        (Service(), f"{__name__}.Service"),
        (Service().method, f"{__name__}.Service.method"),
        (functools.partial(endpoint, 1), "functools.partial"),
        (len, "builtins.len"),
        ([].append, "list.append"),
    ],
)
def test_a_call_is_described_by_its_module_and_its_qualified_name(
    call: Callable[..., Any], name: str
) -> None:
    assert describe_call(call) == name
