"""Submodules that programs use as attributes of a package, without importing them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType


def importing(package: str) -> Callable[[str], ModuleType]:
    """What a package answers by when it is asked for an attribute that it lacks: a submodule."""

    def get(name: str) -> ModuleType:
        module = f"{package}.{name}"
        try:
            return import_module(module)
        except ModuleNotFoundError as error:
            # A module that asks for an extra which is not installed says so itself.
            if error.name != module:
                raise
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from None

    return get


__all__ = ["importing"]
