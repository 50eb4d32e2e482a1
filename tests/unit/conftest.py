from __future__ import annotations

import gc
from collections.abc import Generator

import pytest
from hypothesis import settings

# A machine that is busy with something else fails no test.
settings.register_profile("vivace", deadline=None)
settings.load_profile("vivace")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nothing that comes of test modules is garbage, and looking for it takes as long as they do."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()
