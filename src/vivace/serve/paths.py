"""Paths as they are declared, compiled to what requests are compared with."""

from __future__ import annotations

from re import Pattern
from typing import Any

from starlette.convertors import CONVERTOR_TYPES, Convertor
from starlette.routing import compile_path


def compile_declared(path: str) -> tuple[Pattern[str], str, dict[str, Convertor[Any]]]:
    """The pattern of ``path``, the path without convertors, and the convertors of its parameters.

    Raises:
        AssertionError: There is no such convertor.
        ValueError: Two parameters have the same name.
    """
    try:
        return compile_path(path)
    except AssertionError as error:
        known = ", ".join(CONVERTOR_TYPES)
        raise AssertionError(f"{error} in the path {path!r}. Take one of: {known}.") from None
    except ValueError as error:
        raise ValueError(f"{error}. Give each parameter a name of its own.") from None
