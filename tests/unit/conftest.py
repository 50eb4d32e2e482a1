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
    """What comes of test modules is no garbage, and to look for some takes as long as they do."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()
