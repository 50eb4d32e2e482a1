"""The unit tests that are the same for every kind of database."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any


def shared(module: ModuleType, fixture: str | None = None) -> dict[str, Callable[..., Any]]:
    """The tests of a module that ask for a ``url``, or for a fixture that makes tables in one.

    The fixture is among them, so that they find it.
    """
    tests = {
        name: one
        for name, one in vars(module).items()
        if name.startswith("test_")
        and not {"url", fixture}.isdisjoint(inspect.signature(one).parameters)
    }
    return tests if fixture is None else {**tests, fixture: getattr(module, fixture)}
