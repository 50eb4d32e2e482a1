from __future__ import annotations

import atexit
import gc
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling, Scheduling

# A machine that is busy with something else fails no test. Examples are others in each run, so that
# many runs try many; who has changed what they are made of tries more at once.
settings.register_profile("vivace", deadline=None, max_examples=50)
settings.register_profile("thorough", deadline=None, max_examples=1000)
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


# What is still open when the interpreter ends is closed in silence, as without `freeze`.
atexit.register(gc.unfreeze)


@pytest.fixture(scope="module", autouse=True)
def no_garbage_of_other_modules() -> Iterator[None]:
    """Whatever lives on after a module is looked through once, and not in each collection."""
    yield
    gc.collect()
    gc.freeze()


class ByModule(LoadGroupScheduling):  # type: ignore[misc]  # xdist has no type information
    """Unit tests go to a worker by the module, so that what it sets up is set up once.

    Where each is handed out alone, a worker waits for the next after every one.
    """

    def _split_scope(self, nodeid: str) -> str:
        group: str = super()._split_scope(nodeid)
        alone = group == nodeid and nodeid.startswith("tests/unit/")
        return nodeid.partition("::")[0] if alone else group


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    return ByModule(config, log) if config.getoption("dist") == "loadgroup" else None
