"""The names that telemetry goes by: one prefix for spans, attributes, scope keys and variables.

The prefix is the framework's own name, unless a program written for another framework runs on
this one: then its dashboards, processors and environment expect that framework's name.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_PACKAGE = "vivace"


@dataclass(frozen=True)
class _Names:
    prefix: str
    title: str
    #: Asked for in every request, hence not put together there.
    scope_key: str


_names = _Names(_PACKAGE, "Vivace", f"{_PACKAGE}.telemetry")


def use(prefix: str, title: str) -> None:
    """Go by another name from here on.

    To be called before the first application is made: applications remember their names.

    Args:
        prefix: Begins every name, such as ``vivace`` in ``vivace.endpoint``.
        title: The framework's name in messages that people read.
    """
    global _names
    _names = _Names(prefix, title, f"{prefix}.telemetry")


def prefix() -> str:
    """The prefix in use; also the name of the instrumentation scope and of the logger."""
    return _names.prefix


def title() -> str:
    """The framework's name in messages that people read."""
    return _names.title


def scope_key() -> str:
    """The key in an ASGI scope under which a request's telemetry stands."""
    return _names.scope_key


def variable(name: str) -> str:
    """The environment variable of the framework's own for ``name``."""
    return f"{_names.prefix.upper()}_{name}"


def type_name(cls: type) -> str:
    """The qualified name of a class, as ``error.type`` and ``exception.type`` carry it.

    A built-in class has no module in its name. A class of the framework's is named after the
    prefix in use rather than the package that it stands in.
    """
    module = cls.__module__
    if module == "builtins":
        return cls.__qualname__
    package, dot, rest = module.partition(".")
    if package == _PACKAGE:
        module = f"{_names.prefix}{dot}{rest}"
    return f"{module}.{cls.__qualname__}"


def callable_name(call: Callable[..., Any]) -> str:
    """The qualified name of a callable, as ``code.function.name`` carries it.

    Of a partial, that of the function in it; of any other instance, that of its class.
    """
    while isinstance(call, functools.partial):
        call = call.func
    if not hasattr(call, "__qualname__"):
        call = type(call)
    return f"{call.__module__}.{call.__qualname__}"
