"""Paths as they are declared, compiled to what requests are compared with."""

from __future__ import annotations

import re
from re import Pattern
from typing import Any

from starlette.convertors import CONVERTOR_TYPES, Convertor
from starlette.routing import PARAM_REGEX, compile_path

#: What the URL of a callback takes from the request (OpenAPI 3.1, Callback Object, key expression).
_RUNTIME_EXPRESSION = re.compile(r"\{\$[^}]*\}")


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


def check_path(path: object) -> None:
    """Check that a decorator was called with a path, and not with the function.

    Raises:
        TypeError: It was not.
    """
    if not isinstance(path, str):
        raise TypeError(
            f"A path is a text, and this is {path!r}. A decorator is called with it, as in "
            "`@app.get('/items')`."
        )


def check_start(path: str) -> None:
    """Check that requests can have ``path``.

    Raises:
        AssertionError: It does not start with a slash.
    """
    assert path.startswith("/"), f"A path must start with '/': write {'/' + path!r}, not {path!r}"


def check_braces(path: str) -> None:
    """Check that all braces in ``path`` are around parameters.

    Raises:
        AssertionError: What is in some is no name, so that they would be taken as they are.
    """
    rest = _RUNTIME_EXPRESSION.sub("", PARAM_REGEX.sub("", path))
    assert "{" not in rest and "}" not in rest, (
        f"Not all braces in the path {path!r} are around a parameter. Write '{{name}}' or "
        "'{name:path}', with letters, digits and underscores in the name."
    )
