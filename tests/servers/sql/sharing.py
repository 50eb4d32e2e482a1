"""The unit tests that are the same for every kind of database."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any


def shared_tests(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """The tests of a module that ask for a ``url``, by name."""
    return {
        name: one
        for name, one in vars(module).items()
        if name.startswith("test_") and "url" in inspect.signature(one).parameters
    }
