"""Errors in a declaration that say whose they are: the function, and its parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from vivace.exceptions import VivaceError


@contextmanager
def blaming(call: Callable[..., Any], parameter: str | None = None) -> Iterator[None]:
    """Put the name of ``call``, and of its parameter, before the message of an error in here."""
    try:
        yield
    except (AssertionError, TypeError, ValueError, VivaceError) as error:
        if [type(argument) for argument in error.args] == [str]:
            error.args = (f"{_place(call, parameter)}: {error.args[0]}",)
        raise
    except Exception as error:
        error.add_note(f"In {_place(call, parameter)}.")
        raise


def _place(call: Callable[..., Any], parameter: str | None) -> str:
    name = describe_call(call)
    return name if parameter is None else f"{name}, parameter {parameter!r}"


def describe_call(call: Callable[..., Any]) -> str:
    """How an error message names a function."""
    module = getattr(call, "__module__", None)
    name = getattr(call, "__qualname__", None) or type(call).__qualname__
    return f"{module}.{name}" if module else name
